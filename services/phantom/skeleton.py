"""Vertebrae with discs, arches and canal; ribs; the iliac wings. Cortex brighter than what it holds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import (
    FAR,
    Points,
    Waves,
    box,
    capsule,
    ellipsoid,
    smooth_intersection,
    smooth_union,
    spline,
    tube,
)
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats
    from services.phantom.scene import Part, Scene
    from services.phantom.tissues import Tissues

RIB_HEIGHT = 0.6
"""A rib is flat: as thick as high times this."""
METAL_HU = 7000.0
DISC_MM = 9.5
"""Height of a lumbar disc; 8 to 12 in adults."""


def paint_skeleton(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    """All bones of the trunk, the spine last."""
    rng = scene.plan.rng("skeleton")
    _ribs(scene, frame, tissues)
    _iliac_wings(scene, frame, tissues, rng)
    _column(scene, frame, tissues, rng)
    for name, level in frame.levels.items():
        if name == "S1":
            continue
        _arch(scene, frame, tissues, level, lumbar=name.startswith("L"))
    _canal(scene, frame, tissues)


def _bone(
    part: Part, distance: Floats, inside: Floats | float, tissues: Tissues, shell: float, kind: Structure
) -> None:
    """Cortex, and `shell` mm under its surface what it holds."""
    part.fill(distance, tissues.cortical_bone, kind)
    part.fill(distance + shell, inside, None)


def _column(scene: Scene, frame: Frame, tissues: Tissues, rng: np.random.Generator) -> None:
    """Bodies and discs in one go: how far a point lies from the nearest endplate is a table along the spine."""
    part = scene.part((-1e4, -40.0, -45.0), (1e4, 130.0, 45.0))
    if part is None:
        return
    z, y, x = part.points
    level = z[:, 0, 0].astype(float)
    middle, slope = frame.spine_y(level), frame.spine_slope(level)
    across = x - frame.spine_x(level).astype(np.float32)[:, None, None]
    deep = y - middle.astype(np.float32)[:, None, None]
    along = z + slope.astype(np.float32)[:, None, None] * deep * np.float32(0.8)
    fine = np.arange(-180.0, 300.0, 0.25)
    ends, waist = _endplates(frame, fine)
    where = np.clip(np.rint((along - np.float32(fine[0])) * 4), 0, len(fine) - 1).astype(np.int32)
    taper = np.interp(level, [-90, -40, 20, 140, 230], [1.02, 1.08, 1.0, 0.82, 0.72]).astype(np.float32)[:, None, None]
    width, depth = 25.0 * frame.across**0.4, 17.2 * frame.deep**0.4
    ring = np.sqrt((across / width) ** 2 + (np.where(deep > 0, deep * np.float32(1.12), deep) / depth) ** 2)
    ripple = 0.5 * Waves.turbulence(rng, 16)(part.points)
    side = (ring / taper - 1) * np.float32(18) + ripple
    trabeculae = scene.plan.person.bone + 26 * Waves.turbulence(rng, 5.5, octaves=2)(part.points)
    trabeculae += 40 * np.clip(1 + ends[where] / 5, 0, 1)
    part.fill(side - 1.0, tissues.disc + 4 * ripple, Structure.OTHER_SOFT_TISSUE)
    _bone(
        part, smooth_intersection(side + waist[where], ends[where], 2.0), trabeculae, tissues, 1.3, Structure.VERTEBRA
    )


def _endplates(frame: Frame, fine: np.ndarray) -> tuple[Floats, Floats]:
    """At each position along the spine: distance beyond the nearest endplate, and how far the waist is drawn in."""
    levels = np.sort(np.array(list(frame.levels.values())))
    levels = np.concatenate([[levels[0] - 32], levels, [levels[-1] + 27]])
    nearest = np.argmin(np.abs(fine[:, None] - levels), axis=1)
    pitch = np.gradient(levels)[nearest]
    disc = DISC_MM * np.clip(pitch / 36, 0.45, 1.1)
    away = np.abs(fine - levels[nearest])
    ends = away - (pitch - disc) / 2
    waist = 2.4 * np.clip(1 - (2 * away / (pitch - disc)) ** 2, 0, 1)
    return ends.astype(np.float32), waist.astype(np.float32)


def _arch(scene: Scene, frame: Frame, tissues: Tissues, level: float, *, lumbar: bool) -> None:
    """Pedicles, laminae, articular, transverse and spinous processes of one vertebra."""
    y, x = float(frame.spine_y(np.array(level))), float(frame.spine_x(np.array(level)))
    part = scene.part((level - 45, y, x - 52), (level + 28, y + 75, x + 52))
    if part is None:
        return
    size = 1.0 if lumbar else 0.82
    reach = 37.0 if lumbar else 30.0
    bone = box(
        part.points, (level - 9, y + 52 * size, x), (10 if lumbar else 6, (15 if lumbar else 12) * size, 3.4), 3.0
    )
    for side in (-1.0, 1.0):
        out = side * 15.5 * size
        root = (level + 5, y + 13 * size, x + out)
        joint = (level + 1, y + 28 * size, x + side * 18 * size)
        arch = (level - 6, y + 39 * size, x)
        lower = (level - 19, y + 32 * size, x + side * 16 * size)
        pieces = (
            capsule(part.points, root, joint, 5.0 * size),
            capsule(part.points, joint, arch, 4.6 * size, 4.0 * size),
            capsule(part.points, joint, lower, 6.5 * size, 5.0 * size),
            capsule(
                part.points,
                (level + 3, y + 24 * size, x + side * 18 * size),
                (level + (2 if lumbar else 8), y + (28 if lumbar else 40) * size, x + side * reach),
                4.6,
                3.2,
            ),
        )
        for piece in pieces:
            bone = smooth_union(bone, piece, 4.0)
    _bone(part, bone, tissues.marrow + 60, tissues, 1.3, Structure.VERTEBRA)


def _canal(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    """Epidural fat around the thecal sac."""
    levels = np.arange(-110.0, 280.0, 15.0)
    path = np.stack([levels, frame.spine_y(levels) + 25.0 * frame.deep**0.4, frame.spine_x(levels)], axis=1)
    part = scene.along(path, 12)
    if part is None:
        return
    squeezed = Points(part.points.z, part.points.y, part.points.x * np.float32(0.8))
    path[:, 2] *= 0.8
    part.fill(tube(squeezed, path, np.full(len(path), 8.6)), tissues.inner_fat + 25, Structure.OTHER_SOFT_TISSUE)
    part.fill(tube(squeezed, path, np.full(len(path), 6.9)), tissues.cerebrospinal, Structure.OTHER_SOFT_TISSUE)


def _ribs(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    """From the spine around the chest wall and down to the front; cut across they are bright rings."""
    for number, start in enumerate((110.0, 139.0, 168.0, 197.0, 226.0, 255.0, 283.0)):
        level = start * frame.stretch
        front = (0.55, 0.72, 0.95, 1.25, 1.45, 1.6, 1.65)[number]
        turn = np.linspace(np.pi * 0.87, np.pi * 0.87 - front * 1.25, 22)
        fall = (38, 62, 88, 104, 112, 112, 108)[number] * np.linspace(0, 1, 22) ** 1.25
        for side in (-1.0, 1.0):
            z = level - fall
            radius = frame.cavity(side * turn, z) + 6.0
            path = np.stack([z, -radius * np.cos(turn), side * radius * np.sin(turn)], axis=1)
            joint = np.array([[level + 4, frame.spine_y(np.array(level)) + 18, side * 24.0]])
            path = spline(np.concatenate([joint, path]), 7)
            part = scene.along(path, 9)
            if part is None:
                continue
            flat = Points(part.points.z * np.float32(RIB_HEIGHT), part.points.y, part.points.x)
            distance = tube(flat, path * (RIB_HEIGHT, 1, 1), np.full(len(path), 4.3), reach=4)
            _bone(part, distance, tissues.marrow + 40, tissues, 1.5, Structure.OTHER_BONE)


def _iliac_wings(scene: Scene, frame: Frame, tissues: Tissues, rng: np.random.Generator) -> None:
    """Curved plates from the joint with the sacrum to the front, thicker at the crest and behind."""
    ripple = Waves.turbulence(rng, 30)
    crest = 6.0 * frame.stretch + float(rng.uniform(-5, 5))
    for side in (-1.0, 1.0):
        part = scene.part((-1e4, -70.0, 20.0 if side > 0 else -160.0), (crest + 8, 110.0, 160.0 if side > 0 else -20.0))
        if part is None:
            continue
        z = part.points.z
        flare = np.clip((z - crest) / 110 + 1, 0, 1).astype(np.float32)
        knots = _smoothed(frame.wing(side))
        plate = _sheet(part.points, knots, flare)
        along = (part.points.y - np.float32(knots[0][0])) / np.float32(knots[-1][0] - knots[0][0])
        top = z - crest + 34 * (along - np.float32(0.42)) ** 2 * 4
        thick = 3.6 + 2.6 * np.clip(1 + top / 18, 0, 1) + 4.5 * np.clip(1 - 3.0 * along, 0, 1)
        bone = smooth_intersection(plate - thick + 0.5 * ripple(part.points), top, 5.0)
        _bone(part, bone, tissues.marrow + 30, tissues, 1.5, Structure.OTHER_BONE)
    sacrum = (-84.0, float(frame.spine_y(np.array(-84.0))) + 8, 0.0)
    part = scene.around(sacrum, (34, 26, 60))
    if part is not None:
        bone = ellipsoid(part.points, sacrum, (32, 20, 52)) + 1.5 * ripple(part.points)
        _bone(part, bone, tissues.marrow + 10, tissues, 1.4, Structure.OTHER_BONE)


def _smoothed(knots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    path = spline([(0.0, y, x) for y, x in knots], 14)
    return [(float(y), float(x)) for _, y, x in path]


def _sheet(points: Points, knots: list[tuple[float, float]], flare: Floats) -> Floats:
    """Distance from an upright sheet through the knots, drawn inwards and backwards where `flare` falls to 0."""
    distance = np.full(points.shape, FAR, np.float32)
    pull = 1 - flare
    for (y0, x0), (y1, x1) in pairwise(knots):
        start_y, start_x = y0 + 10 * pull, x0 * (1 - 0.22 * pull)
        line_y, line_x = (y1 - y0) * (1 - 0.25 * pull), (x1 - x0) * (1 - 0.2 * pull)
        dy, dx = points.y - start_y, points.x - start_x
        share = np.clip((dy * line_y + dx * line_x) / (line_y**2 + line_x**2), 0, 1)
        away = np.hypot(dy - share * line_y, dx - share * line_x)
        np.minimum(distance, away, out=distance)
    return distance


def paint_metal(scene: Scene, frame: Frame) -> None:
    """Screws in the pedicles of three lumbar vertebrae, joined by a rod on either side."""
    for side in (-1.0, 1.0):
        heads = []
        for name in ("L2", "L3", "L4"):
            level = frame.levels[name] + 4
            y, x = float(frame.spine_y(np.array(level))), float(frame.spine_x(np.array(level)))
            tip, head = (level - 1, y - 6, x + side * 9), (level + 2, y + 38, x + side * 21)
            heads.append(head)
            _metal(scene, np.array([tip, head]), 2.9)
        _metal(scene, np.array(heads), 3.0)


def _metal(scene: Scene, path: np.ndarray, radius: float) -> None:
    part = scene.along(path, radius + 2)
    if part is not None:
        part.fill(tube(part.points, path, np.full(len(path), radius), reach=4), METAL_HU, Structure.OTHER_BONE)
