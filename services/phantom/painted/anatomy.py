"""The body around the painted aorta: simple shapes with soft edges, in LPS mm."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.painted.bowel import paint_bowel, paint_touching_bowel
from services.phantom.painted.crumpling import crumple
from services.phantom.painted.marbling import marbled
from services.phantom.painted.painting import Canvas, Grid
from services.phantom.painted.scanner import scanned, streaked
from services.phantom.painted.skeleton import SPINE_Y, WHOLE, paint_metal, paint_ribs, paint_spine
from services.phantom.painted.vessels import AortaShape, aorta_on, labelled, tube
from services.phantom.structures import Factor, Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.painted.painting import Distance, Floats
    from services.phantom.painted.vessels import Aorta

FAT, MUSCLE, WALL, THROMBUS = -102.0, 55.0, 48.0, 34.0
BOWELS_DENSITY = 68.0
LEAST_CONTRAST = 42.0
"""HU of blood without contrast medium."""


@dataclass(frozen=True)
class PaintedPlan:
    """One generated scan: a grid, a person and a scanner."""

    seed: int
    grid: Grid = field(default_factory=lambda: Grid((110, 256, 256), (2.5, 1.4, 1.4)))
    aorta: AortaShape = field(default_factory=AortaShape)
    half_width: float = 160.0
    half_depth: float = 112.0
    fat_mm: float = 18.0
    contrast: float = 300.0
    """HU of the blood in the aorta; at LEAST_CONTRAST nothing else enhances either."""
    noise: float = 12.0
    """Standard deviation in HU."""
    calcified: float = 0.5
    """0: no plaque, 1: plaque on a third of the wall."""
    factors: frozenset[Factor] = frozenset()

    def without(self, factor: Factor) -> PaintedPlan:
        """The pair: the same plan, this factor removed."""
        return replace(self, factors=self.factors - {factor})

    @property
    def blood(self) -> float:
        """HU of the blood in the aorta, factors included."""
        return LEAST_CONTRAST if Factor.NON_CONTRAST in self.factors else self.contrast

    @property
    def enhanced(self) -> float:
        """0 without contrast medium, 1 with it."""
        return float(np.clip((self.blood - LEAST_CONTRAST) / 100, 0, 1))

    def rng(self, part: int) -> np.random.Generator:
        """Chance for one part alone."""
        return np.random.default_rng([self.seed, 7919, part])


@dataclass(frozen=True)
class PaintedPhantom:
    """A scan and what is known about it."""

    plan: PaintedPlan
    hounsfield: NDArray[np.int16]
    labels: NDArray[np.uint8]
    """[k, j, i], values of `structures.Structure`."""
    aorta: Aorta


def generate_painted(plan: PaintedPlan) -> PaintedPhantom:
    """The scan of a plan. The same plan gives the same voxels."""
    canvas = Canvas(plan.grid)
    _trunk(canvas, plan)
    _organs(canvas, plan)
    paint_bowel(canvas, plan.half_width, plan.half_depth, plan.fat_mm, plan.rng(2))
    paint_spine(canvas)
    crumple(canvas, plan.rng(10))
    aorta = aorta_on(plan.grid, plan.aorta, SPINE_Y - 17.0, plan.factors, plan.rng(3))
    if Factor.METAL in plan.factors:
        paint_metal(canvas)
    _cava(canvas, aorta, plan)
    if Factor.TOUCHING in plan.factors:
        paint_touching_bowel(canvas, aorta.centre, aorta.radius, plan.rng(4))
    _aorta(canvas, aorta, plan)
    scan = _scan(canvas.hounsfield, plan)
    return PaintedPhantom(plan, scan, canvas.labels, aorta)


def _scan(hounsfield: Floats, plan: PaintedPlan) -> NDArray[np.int16]:
    rng = plan.rng(5)
    loud = plan.noise * (2.5 if Factor.NOISE in plan.factors else 1.0)
    if Factor.METAL in plan.factors:
        hounsfield = streaked(hounsfield, plan.grid, rng)
    thick = 5.0 if Factor.THICK_SLICES in plan.factors else 0.0
    return scanned(hounsfield, plan.grid, loud, thick, rng)


def _trunk(canvas: Canvas, plan: PaintedPlan) -> None:
    width, depth, fat = plan.half_width, plan.half_depth, plan.fat_mm
    flesh = marbled(plan.grid, MUSCLE, 9.0, plan.rng(1))
    grease = marbled(plan.grid, FAT, 6.0, plan.rng(11))
    canvas.paint(_oval(width, depth, 0.0), WHOLE, 20.0, Structure.OTHER_SOFT_TISSUE)
    canvas.paint(_oval(width - 2, depth - 2, 0.0), WHOLE, grease, Structure.FAT)
    canvas.paint(_oval(width - fat, depth - fat, 2.0), WHOLE, flesh, Structure.MUSCLE)
    canvas.paint(_oval(width - fat - 15, depth - fat - 12, -6.0), WHOLE, grease, Structure.FAT)
    for side in (-1.0, 1.0):
        canvas.ellipsoid((0.0, SPINE_Y + 36, side * 38), (1e4, 19, 30), flesh, Structure.MUSCLE)
        canvas.paint(_psoas(side), WHOLE, flesh, Structure.MUSCLE)
    paint_ribs(canvas, width - fat - 6, depth - fat - 6)


def _oval(half_width: float, half_depth: float, shift: float) -> Distance:
    """A squarish oval, exponent 2.5, that narrows a little at the waist."""

    def distance(z: Floats, y: Floats, x: Floats) -> Floats:
        waist = 1 - 0.05 * np.exp(-(((z + 20) / 60) ** 2))
        ring = (np.abs(x / (half_width * waist)) ** 2.5 + np.abs((y - shift) / half_depth) ** 2.5) ** 0.4 - 1
        result: Floats = np.broadcast_to(half_depth * ring, np.broadcast_shapes(z.shape, y.shape, x.shape))
        return result.astype(np.float32)

    return distance


def _psoas(side: float) -> Distance:
    """Thin beside the upper spine, thick further down."""

    def distance(z: Floats, y: Floats, x: Floats) -> Floats:
        radius = np.clip(13.0 - z / 14.0, 4.0, 21.0)
        result: Floats = np.hypot(y - SPINE_Y + 2, (x - side * (27 + radius * 0.65)) * 1.15) - radius
        return result

    return distance


def _organs(canvas: Canvas, plan: PaintedPlan) -> None:
    """Right is at negative x."""
    up, e = float(plan.rng(6).uniform(-8, 8)), plan.enhanced
    liver = marbled(plan.grid, 58 + 48 * e, 5.0, plan.rng(12))
    for centre, radii in (
        ((95, -14, -68), (88, 76, 70)),
        ((112, -30, -10), (52, 50, 62)),
        ((70, 2, -84), (70, 58, 50)),
    ):
        canvas.ellipsoid((centre[0] + up, *centre[1:]), radii, liver, Structure.LIVER)
    canvas.ellipsoid((62 + up, -46, -58), (24.0, 17.0, 15.0), 12.0, Structure.OTHER_SOFT_TISSUE)
    canvas.ellipsoid((108 + up, 22, 96), (52.0, 44.0, 27.0), 48 + 74 * e, Structure.SPLEEN)
    canvas.ellipsoid((98 + up, -42, 62), (48.0, 38.0, 46.0), 45.0 + 25 * e, Structure.STOMACH)
    canvas.ellipsoid((98 + up, -40, 62), (44.0, 34.0, 42.0), 14.0, None)
    canvas.ellipsoid((98 + up, -60, 62), (32.0, 13.0, 30.0), -920.0, None)
    canvas.ellipsoid((42 + up, -28, 12), (11.0, 11.0, 52.0), 42 + 50 * e, Structure.PANCREAS)
    for side in (-1.0, 1.0):
        _kidney(canvas, side, 28 + up - 8 * (side < 0), e)


def _kidney(canvas: Canvas, side: float, z: float, enhanced: float) -> None:
    y, x = SPINE_Y - 6, side * 76
    canvas.ellipsoid((z, y, x), (62.0, 33.0, 31.0), FAT + 3, Structure.FAT)
    canvas.ellipsoid((z, y, x), (54.0, 27.0, 26.0), 34 + 162 * enhanced, Structure.KIDNEYS)
    for number in range(-3, 4):
        turn = number * 0.9
        centre = (z + 13 * number, y - 12 * np.cos(turn * 1.7), x - side * 2 + 9 * np.sin(turn * 2.3))
        canvas.ellipsoid(centre, (5.5, 7.0, 6.5), 32 + 95 * enhanced, None)
    canvas.ellipsoid((z, y - 5, x - side * 15), (26.0, 10.0, 14.0), FAT + 6, Structure.FAT)
    canvas.ellipsoid((z, y - 6, x - side * 22), (9.0, 5.0, 15.0), 30.0, Structure.OTHER_SOFT_TISSUE)


def _cava(canvas: Canvas, aorta: Aorta, plan: PaintedPlan) -> None:
    """The inferior vena cava, to the right of the aorta and pushed aside by a sac, with nothing between if touching."""
    z = canvas.grid.axis(0)
    gap = -1.5 if Factor.TOUCHING in plan.factors else 3.0
    x = np.minimum(-20.0, aorta.centre[:, 1] - aorta.radius - 11.5 - gap)
    dy = canvas.grid.axis(1)[None, :, None] - (SPINE_Y - 28)
    dx = canvas.grid.axis(2)[None, None, :] - x[:, None, None]
    distance: Floats = (np.hypot(dy * 1.25, dx) - 11.5).astype(np.float32)
    distance = np.where(z[:, None, None] > aorta.bifurcation - 12, distance, np.float32(1e3))
    canvas.paint(lambda *_: distance, WHOLE, 40 + 78 * plan.enhanced, Structure.INFERIOR_VENA_CAVA)
    below = np.maximum(aorta.bifurcation - 12 - z, 0.0)
    for side in (-1.0, 1.0):
        middle = x + side * 0.42 * below
        vein = tube(
            canvas.grid,
            np.full_like(z, SPINE_Y - 24) + 0.2 * below,
            middle,
            np.full_like(z, 6.5),
            np.zeros((len(z), 3), np.float32),
        )
        vein = np.where((below > 0)[:, None, None], vein, np.float32(1e3))
        canvas.paint(lambda *_, vein=vein: vein, WHOLE, 40 + 60 * plan.enhanced, Structure.OTHER_VEINS)


def _aorta(canvas: Canvas, aorta: Aorta, plan: PaintedPlan) -> None:
    grid, blood = plan.grid, plan.blood
    _branches(canvas, aorta, plan)
    dense = Factor.BOWEL_DENSITY in plan.factors
    clot = marbled(grid, BOWELS_DENSITY if dense else THROMBUS, 5.0, plan.rng(7))
    canvas.paint(lambda *_: aorta.iliacs, WHOLE, WALL, Structure.ILIAC_ARTERIES)
    canvas.paint(lambda *_: aorta.iliacs + np.float32(1.2), WHOLE, blood, None)
    canvas.paint(lambda *_: aorta.outer, WHOLE, WALL, Structure.LUMEN)
    canvas.paint(lambda *_: aorta.outer + np.float32(1.5), WHOLE, clot, None)
    lumen = _through_a_graft(grid, aorta) if Factor.ENDOGRAFT in plan.factors else aorta.lumen
    canvas.paint(lambda *_: lumen, WHOLE, blood, None)
    canvas.labels[labelled(replace(aorta, lumen=lumen))[1]] = Structure.THROMBUS
    if Factor.DISSECTION in plan.factors:
        _flap(canvas, aorta, plan)
    if Factor.ENDOGRAFT in plan.factors:
        _wires(canvas, lumen)
    _plaque(canvas, aorta, plan)


def _through_a_graft(grid: Grid, aorta: Aorta) -> Floats:
    """Two limbs of a graft side by side in the sac, in place of the lumen there."""
    z = grid.axis(0)
    wide = aorta.radius > aorta.radius.min() + 3
    none = np.zeros((len(z), 3), np.float32)
    limbs = [
        tube(grid, aorta.centre[:, 0] + 2, aorta.centre[:, 1] + side * 7.5, np.full_like(z, 6.2), none)
        for side in (-1, 1)
    ]
    return np.where(wide[:, None, None], np.minimum(*limbs), aorta.lumen)


def _wires(canvas: Canvas, lumen: Floats) -> None:
    """Metal in the graft's wall, on every fourth slice in the first place and everywhere a little."""
    k = np.arange(len(lumen))[:, None, None]
    wire = (np.abs(lumen - np.float32(0.4)) < 0.8) & (lumen < 500) & (k % 4 == 0)
    inside = np.isin(canvas.labels, (Structure.LUMEN, Structure.THROMBUS))
    canvas.hounsfield[wire & inside] = 1900.0
    canvas.labels[wire & inside] = Structure.ENDOGRAFT


def _flap(canvas: Canvas, aorta: Aorta, plan: PaintedPlan) -> None:
    """A straight membrane through the lumen; behind it the blood is darker."""
    turn = float(plan.rng(8).uniform(0, np.pi))
    z, y, x = (canvas.grid.axis(n) for n in range(3))
    dy = y[None, :, None] - aorta.centre[:, 0, None, None]
    dx = x[None, None, :] - aorta.centre[:, 1, None, None]
    angle = (turn + z / 130)[:, None, None]
    across = (np.cos(angle) * dy + np.sin(angle) * dx - 1.5).astype(np.float32)
    behind = np.maximum(aorta.lumen, across)
    canvas.paint(lambda *_: behind, WHOLE, plan.blood * 0.72, None)
    canvas.paint(lambda *_: np.maximum(aorta.lumen, np.abs(across) - np.float32(0.9)), WHOLE, 60.0, None)


def _plaque(canvas: Canvas, aorta: Aorta, plan: PaintedPlan) -> None:
    if not plan.calcified:
        return
    field = marbled(plan.grid, 0.0, 1.0, plan.rng(9))
    threshold = np.float32(np.quantile(field[::2, ::4, ::4], 1 - 0.33 * plan.calcified))
    wall = np.minimum(aorta.outer, aorta.iliacs)
    fleck = (np.abs(wall + 1.0) < 1.3) & (field > threshold)
    canvas.hounsfield[fleck] = 720.0
    canvas.labels[fleck & (aorta.outer < 0)] = Structure.CALCIFICATION


def _branches(canvas: Canvas, aorta: Aorta, plan: PaintedPlan) -> None:
    """Superior mesenteric artery in front of the aorta, renal arteries to the sides."""
    z, blood, kind = canvas.grid.axis(0), plan.blood, Structure.BRANCH_ARTERIES
    k = int(np.argmin(np.abs(z - 36)))
    y, x = (float(value) for value in aorta.centre[k])
    front = y - plan.aorta.radius
    canvas.ellipsoid((float(z[k]) + 14, front - 8, x - 1), (4.0, 13.0, 3.6), blood * 0.95, kind)
    canvas.ellipsoid((float(z[k]) - 22, front - 19, x - 2), (38.0, 3.6, 3.6), blood * 0.9, kind)
    for side in (-1.0, 1.0):
        canvas.ellipsoid((float(z[k]) - 6, y + 4, x + side * 33), (3.2, 3.2, 27.0), blood * 0.92, kind)
