"""The aorta as a formula: an axis before the spine, a radius along it, a sac, a lumen inside, iliac arteries below.

Normal adult diameter below the kidneys 15 to 24 mm; 30 mm and more is an aneurysm (Wanhainen et al. 2024, ESVS
guidelines, doi:10.1016/j.ejvs.2023.11.002). The aorta lies before the vertebrae and a little to the left, and divides
at L4. A fusiform sac widens all around, a saccular one to a side. Thrombus lies between lumen and wall, usually
thicker in front.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import Waves, scattered, smooth_union, sphere, spline, tube
from services.phantom.plan import SacKind
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats, Points, Vector
    from services.phantom.plan import Plan

WALL_MM = 1.5
"""Thickness of the wall; a lumen nearer to the outside than this leaves no room for thrombus."""
STEP_MM = 3.0
"""Length of a piece of the axis."""
TOP_MM = 290.0
RIPPLE_MM = 0.75
"""Standard deviation of the unevenness of the wall."""
UNEVEN_MM = 1.3
"""Standard deviation of the unevenness of the lumen where thrombus is thick."""
THIN_MM = 3.0
"""Mean thickness of the thrombus under Factor.THIN_THROMBUS."""
ILIAC_SAC_MM = 13.5
RELAXED = 0.8
"""Share of a distance that a ray may go at once: the formulas are a little steeper than 1."""


@dataclass(frozen=True)
class Aorta:
    """Distances from outer wall, lumen and iliac arteries at any points; and the axis they are built on."""

    axis: np.ndarray
    """(n, 3) every STEP_MM, from the top down to the bifurcation."""
    radius: np.ndarray
    """(n,) outer radius of the tube, without bulges."""
    bulges: tuple[tuple[Vector, float], ...]
    """Spheres that are smoothly joined to the tube."""
    lumen_axis: np.ndarray
    lumen_radius: np.ndarray
    iliac_paths: tuple[np.ndarray, np.ndarray]
    iliac_radii: tuple[np.ndarray, np.ndarray]
    graft: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Tubes of an endograft; empty without one."""
    ripple: Waves
    inner_ripple: Waves
    thin: bool
    blend: float = 10.0

    def outer(self, points: Points, reach: float = 14.0) -> Floats:
        """Distance from the outer wall of the aorta above the bifurcation."""
        distance = tube(points, self.axis, self.radius, reach)
        for centre, radius in self.bulges:
            distance = smooth_union(distance, sphere(points, centre, radius), self.blend)
        return distance + np.float32(RIPPLE_MM) * self.ripple(points)

    def lumen(self, points: Points, outer: Floats, reach: float = 14.0) -> Floats:
        """Distance from the lumen, which nowhere comes nearer to the outside than the wall is thick."""
        if self.graft:
            distance = self._through_the_graft(points, reach)
        else:
            distance = tube(points, self.lumen_axis, self.lumen_radius, reach)
            distance = distance + np.float32(RIPPLE_MM) * self.ripple(points)
            room = np.clip((distance - outer - np.float32(WALL_MM)) * np.float32(0.12), 0, 1)
            distance = distance + np.float32(UNEVEN_MM) * room * self.inner_ripple(points)
        if self.thin:
            distance = np.minimum(distance, outer + np.float32(THIN_MM + WALL_MM) + 1.2 * self.inner_ripple(points))
        return np.asarray(np.maximum(distance, outer + np.float32(WALL_MM)), np.float32)

    def _through_the_graft(self, points: Points, reach: float) -> Floats:
        """Distance from the blood in an endograft, and in the aorta above it."""
        limbs = [tube(points, path, radius, reach) for path, radius in self.graft]
        native = tube(points, self.lumen_axis, self.lumen_radius, reach) + np.float32(RIPPLE_MM) * self.ripple(points)
        above = np.maximum(native, np.float32(self.graft[0][0][0, 0]) - points.z)
        return np.asarray(np.minimum.reduce([*limbs, above]), np.float32)

    def iliacs(self, points: Points, reach: float = 14.0) -> Floats:
        """Distance from the outer wall of the common iliac arteries."""
        sides = [tube(points, path, size, reach) for path, size in zip(self.iliac_paths, self.iliac_radii, strict=True)]
        return np.asarray(np.minimum(sides[0], sides[1]) + np.float32(0.3) * self.ripple(points), np.float32)

    @property
    def bifurcation(self) -> float:
        """Z of the end of the axis."""
        return float(self.axis[-1, 0])

    def front(self, z: float) -> float:
        """Y of the foremost point of the outer wall before the axis at one level."""
        y, x, _ = self.at(z)
        line = y - np.arange(0.0, 90.0, 0.5)
        inside = self.outer(scattered(np.stack([np.full_like(line, z), line, np.full_like(line, x)], axis=1))) < 0
        return float(line[inside].min(initial=y))

    def at(self, z: float) -> tuple[float, float, float]:
        """Y and x of the axis and its radius at one level."""
        order = slice(None, None, -1)
        found = [
            np.interp(z, self.axis[order, 0], value[order]) for value in (self.axis[:, 1], self.axis[:, 2], self.radius)
        ]
        return float(found[0]), float(found[1]), float(found[2])


def aorta_of(plan: Plan, frame: Frame) -> Aorta:
    """The aorta of a plan, in its body's frame."""
    rng, sac = plan.rng("aorta"), plan.sac
    bottom = frame.levels["L4"] + float(rng.uniform(-6, 6))
    z = np.linspace(TOP_MM, bottom, round((TOP_MM - bottom) / STEP_MM) + 1)
    share = _share(plan, z, bottom + sac.height, float(rng.uniform(0.8, 1.15)))
    fusiform = sac.kind is SacKind.FUSIFORM
    calibre = sac.neck * np.interp(z, [bottom, 90, 150, 290], [0.93, 1.0, 1.12, 1.22])
    radius = calibre + (sac.radius - calibre) * share * fusiform
    axis = _course(plan, frame, z, radius, rng)
    bulges = _bulges(plan, axis, z, bottom + sac.height, rng)
    inside = calibre - WALL_MM + (sac.lumen - calibre + WALL_MM) * share * fusiform
    shifted = axis + np.outer(share * fusiform, [0.0, *sac.shift])
    paths, radii = _iliacs(plan, frame, axis[-1], sac.neck, rng)
    ripple, inner = Waves.turbulence(rng, 42), Waves.turbulence(rng, 26)
    graft = _graft(axis, z, bottom + sac.height, sac.neck, paths) if plan.has(Factor.ENDOGRAFT) else ()
    thin = plan.has(Factor.THIN_THROMBUS)
    return Aorta(axis, radius, bulges, shifted, inside, paths, radii, graft, ripple, inner, thin)


def _share(plan: Plan, z: np.ndarray, middle: float, skew: float) -> np.ndarray:
    """How much of the sac there is at each level: 1 in its middle, no two halves alike."""
    if plan.sac.kind is SacKind.NONE:
        return np.zeros_like(z)
    length = plan.sac.length * np.where(z > middle, skew * 0.92, 1.08 / skew)
    return np.exp(-(np.abs((z - middle) / length) ** 2.5))


def _course(plan: Plan, frame: Frame, z: np.ndarray, radius: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Its back stays before the spine however wide it is; it swings to the sides, and lies left in the chest."""
    sac, phase = plan.sac, float(rng.uniform(0, 2 * np.pi))
    spine = frame.spine_y(z) - 17.2 * frame.deep**0.4
    y = spine - 3.0 - radius * (0.98 + 0.04 * np.sin(z / 37 + phase)) + 15 * np.clip((z - 165) / 60, 0, 1)
    swing = sac.sway * np.sin(z / 43 + phase) * np.exp(-(((z - 45) / 70) ** 2))
    left = 7 + 17 * np.clip((z - 120) / 110, 0, 1) + 0.28 * (radius - sac.neck)
    return np.stack([z, y, frame.spine_x(z) + left + swing], axis=1)


def _bulges(
    plan: Plan, axis: np.ndarray, z: np.ndarray, middle: float, rng: np.random.Generator
) -> tuple[tuple[Vector, float], ...]:
    """Saccular: one sphere to a side. Fusiform: two shallow ones, so that no section is a circle."""
    sac, turns = plan.sac, rng.uniform(-1.0, 1.0, 4)
    if sac.kind is SacKind.NONE:
        return ()
    found = []
    wide = sac.kind is SacKind.SACCULAR
    plans = ((0.92, 1.0, 0.0, 0.9),) if wide else ((0.72, 0.40, 10.0, 0.9), (0.66, 0.44, -13.0, -1.1))
    for number, (size, out, up, turn) in enumerate(plans):
        k = int(np.argmin(np.abs(z - middle - up - 5 * turns[number])))
        angle = turn + 0.7 * turns[number + 2]
        centre = axis[k] + sac.radius * out * np.array([0.0, -np.cos(angle), np.sin(angle)])
        found.append(((float(centre[0]), float(centre[1]), float(centre[2])), sac.radius * size))
    return tuple(found)


def _iliacs(
    plan: Plan, frame: Frame, end: np.ndarray, neck: float, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The common iliac arteries: before the psoas, then down into the pelvis. 8 to 12 mm across; one may be wide."""
    paths, radii = [], []
    wide = 1.0 if rng.random() < 0.5 else -1.0
    for side in (-1.0, 1.0):
        away = rng.normal(0, 3, 3)
        knots = [
            (6.0, 0.0, side * 1.5),
            (-18.0, 1.0 + away[0] / 2, side * 15),
            (-52.0, 12.0 + away[1], side * 35 * frame.across + away[0]),
            (-88.0, 34.0 + away[2], side * 52 * frame.across),
            (-130.0, 46.0, side * 62 * frame.across),
        ]
        path = spline(end + np.array(knots), STEP_MM)
        size = neck * np.interp(path[:, 0] - end[0], [-130, -80, -30, 0], [0.40, 0.47, 0.56, 0.62])
        if plan.has(Factor.ILIAC_ANEURYSM) and side == wide:
            size = size + (ILIAC_SAC_MM - size) * np.exp(-(((path[:, 0] - end[0] + 44) / 20) ** 2))
        paths.append(path)
        radii.append(size)
    return (paths[0], paths[1]), (radii[0], radii[1])


def _graft(
    axis: np.ndarray, z: np.ndarray, middle: float, neck: float, iliacs: tuple[np.ndarray, np.ndarray]
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """A bifurcated endograft: a trunk from the neck into the sac, and a limb to each iliac artery."""
    top, divided = middle + 52.0, middle + 6.0
    trunk = axis[(z <= top) & (z >= divided)]
    tubes = [(trunk, np.full(len(trunk), neck + 0.4))]
    for side, path in zip((-1.0, 1.0), iliacs, strict=True):
        start, end = trunk[-1] + (2.0, 0.0, side * 4.0), path[6]
        halfway = (start + end) / 2 + (0.0, -3.0 * side, side * 5.0)
        limb = spline([start, halfway, end], STEP_MM)
        tubes.append((limb, np.full(len(limb), 6.0)))
    return tuple(tubes)
