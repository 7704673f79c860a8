"""Blood vessels on the scene: the aorta with wall, thrombus, plaque and graft; vena cava; branches and their veins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.aorta import WALL_MM
from services.phantom.implicit import FAR, Points, Waves, spline, tube
from services.phantom.structures import Factor, Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.aorta import Aorta
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats
    from services.phantom.scene import Part, Scene
    from services.phantom.tissues import Tissues

FLAP_MM = 0.8
"""Half the thickness of a dissection flap."""
STRUT_HU, STRUT_MM = 2600.0, 0.55
SAC_MM = 15.0
"""An aorta of a larger radius than this is a sac."""
REACH_MM = 14.0


@dataclass(frozen=True)
class Distances:
    """Distances in mm on the slices [k, j, i], negative inside; FAR where nothing is near."""

    outer: Floats
    lumen: Floats
    cava: Floats
    iliacs: Floats


def label_map(outer: Floats, lumen: Floats) -> NDArray[np.uint8]:
    """0 outside, 1 in the lumen, 2 in thrombus and its wall; a bare wall, thinner than 2 WALL_MM, counts as lumen."""
    bare = (lumen < 0) | (lumen - outer < np.float32(2 * WALL_MM))
    return np.where(outer < 0, np.where(bare, np.uint8(1), np.uint8(2)), np.uint8(0))


def paint_cava(scene: Scene, frame: Frame, aorta: Aorta, tissues: Tissues) -> Floats:
    """The inferior vena cava, oval, pushed to the right by a sac; and the iliac veins. Its distance on the slices."""
    rng = scene.plan.rng("cava")
    d = frame.deep
    low = aorta.bifurcation - 16.0
    levels = np.concatenate([np.arange(low, 200, 12.0), [206.0]])
    size = float(rng.uniform(8.8, 11.0)) * np.interp(levels, [low, 90, 200], [0.9, 1.0, 1.25])
    front = frame.spine_y(levels) - 17.2 * d**0.4
    x = frame.spine_x(levels) - 19 - 4 * np.sin(levels / 50)
    y = front - 6 - 12 * np.clip((levels - 95) / 80, 0, 1)
    touching = scene.plan.has(Factor.TOUCHING)
    x = _beside_the_aorta(aorta, levels, y, x, size + (-1.5 if touching else 3.0), follow=touching)
    y = y + np.clip(-20 - x, 0, 30) * 0.2
    path = spline(np.stack([levels, y, x], axis=1), 5)
    radius = np.interp(path[:, 0], levels, size)
    part = scene.part((low - 90, -90.0, -110.0), (212.0, 110.0, 110.0))
    if part is None:
        return np.full(scene.plan.grid.shape, FAR, np.float32)
    squeezed = Points(part.points.z, part.points.y * np.float32(1.2), part.points.x)
    cava = tube(squeezed, path * (1, 1.2, 1), radius, REACH_MM) + 0.8 * Waves.turbulence(rng, 30)(part.points)
    part.fill(cava - 1.5, tissues.inner_fat, None)
    renal = np.clip((part.points.z - 78) / 30, 0, 1)
    mixed = tissues.vena_cava + (tissues.renal_cava - tissues.vena_cava) * renal
    swirl = 10 * Waves.turbulence(rng, 14)(part.points) * renal
    for side in (-1.0, 1.0):
        _iliac_vein(part, path[0], aorta.iliac_paths[side > 0], side, tissues)
    part.fill(cava, mixed + swirl * (tissues.renal_cava != tissues.vena_cava), Structure.INFERIOR_VENA_CAVA)
    return scene.field_on_slices(part, cava)


def _beside_the_aorta(
    aorta: Aorta,
    levels: NDArray[np.float64],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    away: NDArray[np.float64],
    *,
    follow: bool,
) -> NDArray[np.float64]:
    """X of a vessel that is pushed to the right until it is `away` from the wall; or clings to the sac."""
    pushed = np.array(x, float)
    for number, level in enumerate(levels):
        ay, ax, radius = aorta.at(level)
        apart = np.sqrt(max((radius + away[number]) ** 2 - (ay - y[number]) ** 2, 0.0))
        clings = follow and radius > SAC_MM
        pushed[number] = ax - apart if clings else min(pushed[number], ax - apart)
    return pushed


def _iliac_vein(part: Part, start: np.ndarray, artery: np.ndarray, side: float, tissues: Tissues) -> None:
    """Behind the artery of its side, on the inside."""
    follow = artery[8::6] + np.array([0.0, 9.0, -side * 5.0])
    path = spline(np.concatenate([start[None] + np.array([2.0, 0.0, 0.0]), follow]), 6)
    distance = tube(part.points, path, np.full(len(path), 6.6), reach=3)
    part.fill(distance - 1.2, tissues.inner_fat, None)
    part.fill(distance, tissues.vena_cava, Structure.OTHER_VEINS)


def paint_aorta(scene: Scene, aorta: Aorta, cava: Floats, tissues: Tissues) -> Distances:
    """Wall, thrombus, lumen, plaque, and what a factor adds; the distances on the slices."""
    part = scene.part((-1e4, -140.0, -115.0), (1e4, 120.0, 115.0))
    if part is None:
        raise ValueError("The scene must hold the middle of the body.")
    rng, p = scene.plan.rng("blood"), part.points
    outer, iliacs = aorta.outer(p, REACH_MM), aorta.iliacs(p, REACH_MM)
    lumen = aorta.lumen(p, outer, REACH_MM)
    vessel = np.minimum(outer, iliacs)
    plane = 0.0 if scene.plan.has(Factor.TOUCHING) else 2.0
    part.fill(np.minimum(outer - plane, iliacs - 1.2), tissues.inner_fat, Structure.FAT)
    part.fill(iliacs, tissues.wall, Structure.ILIAC_ARTERIES)
    part.fill(iliacs + 1.3, tissues.arterial - 6, None)
    part.fill(outer, tissues.wall, Structure.LUMEN)
    _thrombus(part, outer, lumen, rng, tissues)
    flow = tissues.arterial + 4 * Waves.turbulence(rng, 25)(p)
    part.fill(
        np.minimum(lumen, np.where(outer < 0, np.maximum(iliacs + 1.3, p.z - aorta.bifurcation - 2), FAR)), flow, None
    )
    if scene.plan.has(Factor.DISSECTION):
        _flap(part, aorta, lumen, scene.plan.rng("flap"), tissues)
    _plaque(scene, part, vessel, rng, tissues)
    for number, (path, radius) in enumerate(aorta.graft):
        _struts(scene, path, radius, 9.5 if number == 0 else 8.0)
    known = [scene.field_on_slices(part, distance) for distance in (outer, lumen, iliacs)]
    return Distances(known[0], known[1], cava, known[2])


def _thrombus(part: Part, outer: Floats, lumen: Floats, rng: np.random.Generator, tissues: Tissues) -> None:
    """Laid down in shells about the lumen, no two of quite the same density; label and wall as `label_map` has them."""
    p = part.points
    shells = 4.0 * np.sin(lumen * np.float32(2 * np.pi / 6.5) + 1.5 * Waves.turbulence(rng, 30)(p))
    patches = 4.0 * Waves.turbulence(rng, 16)(p)
    part.fill(outer + np.float32(WALL_MM), tissues.thrombus + shells + patches, None)
    np.putmask(part.labels, label_map(outer, lumen) == Structure.THROMBUS, np.uint8(Structure.THROMBUS))


def _plaque(scene: Scene, part: Part, vessel: Floats, rng: np.random.Generator, tissues: Tissues) -> None:
    """Flecks of calcium in the wall, where a field is high."""
    share = 0.34 * scene.plan.sac.calcified
    field = Waves.turbulence(rng, 17, octaves=2)(part.points)
    if share <= 0:
        return
    threshold = np.float32(1.95 - 3.2 * share)
    fleck = np.maximum(np.abs(vessel + np.float32(0.9)) - 0.95, (threshold - field) * 2.2)
    part.fill(fleck, tissues.plaque, None)
    aortic = np.isin(part.labels, (Structure.LUMEN, Structure.THROMBUS))
    np.putmask(part.labels, (fleck < 0) & aortic, np.uint8(Structure.CALCIFICATION))


def _flap(part: Part, aorta: Aorta, lumen: Floats, rng: np.random.Generator, tissues: Tissues) -> None:
    """A membrane that winds down the lumen; the blood behind it is less bright."""
    z = part.points.z[:, 0, 0]
    order = slice(None, None, -1)
    y, x = (np.interp(z, aorta.lumen_axis[order, 0], aorta.lumen_axis[order, n])[:, None, None] for n in (1, 2))
    angle = (float(rng.uniform(0, 6)) + z / 95)[:, None, None]
    across = np.cos(angle) * (part.points.y - y) + np.sin(angle) * (part.points.x - x)
    along = np.cos(angle) * (part.points.x - x) - np.sin(angle) * (part.points.y - y)
    sheet = (across - 2.0 + 0.03 * along**2 * np.sin(z / 40)[:, None, None]).astype(np.float32)
    part.fill(np.maximum(lumen, sheet), tissues.false_lumen, None)
    part.fill(np.maximum(lumen, np.abs(sheet) - np.float32(FLAP_MM)), tissues.wall + 15, None)


def _struts(scene: Scene, path: np.ndarray, radius: np.ndarray, apart: float) -> None:
    """Zigzag rings of wire around a tube of the graft."""
    size = float(radius[0])
    for ring in np.arange(4.0, np.linalg.norm(np.diff(path, axis=0), axis=1).sum(), apart):
        k = min(len(path) - 2, round(ring / 3.0))
        axis = path[k + 1] - path[k]
        axis = axis / np.linalg.norm(axis)
        side = np.cross(axis, (0.0, 1.0, 0.0))
        side /= np.linalg.norm(side)
        turn = np.linspace(0, 2 * np.pi, 21)
        around = np.outer(np.cos(turn), side) + np.outer(np.sin(turn), np.cross(axis, side))
        wire = path[k] + size * around + np.outer(np.where(np.arange(21) % 2, 2.6, -2.6), axis)
        part = scene.along(wire, 2)
        if part is not None:
            part.fill(tube(part.points, wire, np.full(21, STRUT_MM), reach=3), STRUT_HU, Structure.ENDOGRAFT)


def paint_crura(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    """The two legs of the diaphragm beside the aorta."""
    for side in (-1.0, 1.0):
        levels = np.array([62.0, 95.0, 125.0, 160.0])
        x = frame.spine_x(levels) + side * np.array([14.0, 17, 22, 26]) + 6
        y = frame.spine_y(levels) - 17.2 * frame.deep**0.4 + np.array([-2.0, -4, -7, -10])
        path = spline(np.stack([levels, y, x], axis=1), 8)
        radius = np.interp(path[:, 0], levels, [1.5, 3.6, 4.6, 3.4])
        part = scene.along(path, 6)
        if part is not None:
            part.fill(tube(part.points, path, radius, reach=4), tissues.muscle, Structure.MUSCLE)
