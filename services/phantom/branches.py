"""Branches of the aorta, and the veins beside them. The left renal vein crosses between two arteries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.phantom.implicit import spline, tube
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.phantom.aorta import Aorta
    from services.phantom.frame import Frame
    from services.phantom.implicit import Vector
    from services.phantom.scene import Scene
    from services.phantom.tissues import Tissues

BEHIND_THE_WALL_MM = 46.0
"""The mesenteric vessels keep this far behind the front wall: bowel lies before them."""


class Branch(NamedTuple):
    """A vessel of one calibre."""

    course: list[Vector]
    radius: float
    kind: Structure = Structure.BRANCH_ARTERIES


def paint_branches(scene: Scene, frame: Frame, aorta: Aorta, tissues: Tissues) -> None:
    """Coeliac trunk, mesenteric and renal arteries; renal, superior mesenteric and portal veins."""
    renal = frame.levels["L1"] - 14.0 + float(scene.plan.rng("branches").uniform(-4, 4))
    for branch in (*_coeliac(frame, aorta), *_mesenteric(frame, aorta, renal), *_renal(frame, aorta, renal)):
        path = spline(branch.course, 4)
        part = scene.along(path, branch.radius + 2)
        if part is None:
            continue
        distance = tube(part.points, path, np.full(len(path), branch.radius), reach=4)
        part.fill(distance - 1.0, tissues.inner_fat, None)
        vein = tissues.portal if branch.radius > 5 else tissues.renal_cava
        is_vein = branch.kind is Structure.OTHER_VEINS
        part.fill(distance, vein if is_vein else tissues.arterial - 12, branch.kind)


def _coeliac(frame: Frame, aorta: Aorta) -> Iterator[Branch]:
    """Forward, then to the spleen along the pancreas, and to the liver."""
    level, a = frame.levels["L1"] + 18, frame.across
    y, x, r = aorta.at(level)
    trunk: list[Vector] = [(level, y - r + 2, x), (level - 2, y - r - 14, x)]
    to_the_spleen: list[Vector] = [
        (level - 6, y - r - 18, x + 12), (level + 2, y - r - 4, x + 34 * a), (level + 8, y - r + 16, x + 62 * a),
    ]  # fmt: skip
    to_the_liver: list[Vector] = [(level + 2, y - r - 22, x - 16), (level + 4, y - r - 24, x - 36 * a)]
    yield Branch(trunk + to_the_spleen, 3.0)
    yield Branch(trunk + to_the_liver, 2.6)


def _mesenteric(frame: Frame, aorta: Aorta, renal: float) -> Iterator[Branch]:
    """The superior ones run down before the aorta, the vein right of the artery; the inferior one to the left."""
    top, a = frame.levels["L1"], frame.across
    y, x, r = aorta.at(top)
    ry, rx, rr = aorta.at(renal)
    down: list[Vector] = [(renal - 14, ry - rr - 15, rx - 2)]
    for level, before, aside in ((50.0, 26.0, 2.0), (15.0, 26.0, -8.0), (-20.0, 34.0, -22.0)):
        front = aorta.at(max(level, aorta.bifurcation))
        before_the_sac = min(front[0] - front[2] - before, ry - rr - 18)
        down.append((level, max(before_the_sac, frame.front(level) + BEHIND_THE_WALL_MM), aside))
    yield Branch([(top, y - r + 2, x), (top - 8, y - r - 9, x - 1), *down], 3.4)
    beside: list[Vector] = [(z, front_y, aside - 12.0) for z, front_y, aside in down]
    portal: list[Vector] = [(top + 12, y - r - 26, -46 * a), (top - 2, y - r - 18, -20.0)]
    yield Branch(portal + beside, 5.4, Structure.OTHER_VEINS)
    iy, ix, ir = aorta.at(38.0)
    inferior: list[Vector] = [
        (38.0, iy - ir * 0.8, ix + ir * 0.6), (28.0, iy - ir * 0.9 - 3, ix + ir * 0.7 + 5), (-20.0, iy - 4, ix + 26),
    ]  # fmt: skip
    yield Branch(inferior, 1.7)


def _renal(frame: Frame, aorta: Aorta, level: float) -> Iterator[Branch]:
    """Arteries to both kidneys; the left vein before the aorta, under the superior mesenteric artery."""
    y, x, r = aorta.at(level)
    back = float(frame.spine_y(np.array(84.0)))
    for side in (-1.0, 1.0):
        hilum = (84.0 * frame.stretch - 9 * (side < 0), back + 4, side * (48 + 3 * frame.across))
        start = (level, y - r * 0.1, x + side * r * 0.9)
        yield Branch([start, (level - 2, y + r * 0.7, x + side * (r + 12)), hilum], 2.7)
        front = (hilum[0] + 3, hilum[1] - 7, hilum[2])
        crossing: list[Vector] = [
            (level - 2, y - r * 0.2, x + r + 10), (level - 1, y - r - 4.5, x + 3), (level - 2, y - r + 4, x - r - 8),
        ]  # fmt: skip
        course = [front, *crossing, (level - 3, y + 1, -20.0)] if side > 0 else [front, (level - 4, y + 2, -24.0)]
        yield Branch(course, 4.2, Structure.OTHER_VEINS)
