"""Colon with faeces and gas, small bowel with fluid or oral contrast, duodenum across the aorta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import Waves, spline, tube
from services.phantom.structures import Factor, Structure

if TYPE_CHECKING:
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats
    from services.phantom.scene import Scene
    from services.phantom.tissues import Tissues

SMALL_WALL, LARGE_WALL = 2.2, 2.4


def paint_bowel(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """Small bowel first, the colon in front of and around it."""
    _small_bowel(scene, frame, cavity, tissues)
    _colon(scene, frame, cavity, tissues)


def _small_bowel(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """Loops that wind through the middle of the abdomen in rows; each has its own filling."""
    rng = scene.plan.rng("small bowel", of_scan=True)
    a, d = frame.across, frame.deep
    contrast = bool(rng.random() < 0.3)
    for level in np.arange(-104.0, 62.0, 21.0):
        for depth in (0.0, 1.0, 2.0):
            y = frame.front(level) * (1 - 0.27 * depth) + 20 + float(rng.uniform(-3, 3))
            if y > -14 * d:
                continue
            count = 8
            x = np.linspace(-92, 92, count) * a * float(rng.uniform(0.75, 1.05)) + rng.normal(0, 5, count)
            z = level + 13 * np.cos(np.pi * np.arange(count) + rng.uniform(0, 0.6)) + rng.normal(0, 4, count)
            winding = y + 10 * np.sin(np.arange(count) * 1.9 + rng.uniform(0, 6)) + 0.0016 * x**2
            tilt = float(rng.uniform(-0.55, 0.55))
            across = np.clip(x * np.cos(tilt) - (z - level) * np.sin(tilt), -96 * a, 96 * a)
            path = spline(np.stack([z + x * np.sin(tilt), winding, across], axis=1), 7)
            _loop(scene, cavity, path, rng, tissues, contrast=contrast and bool(rng.random() < 0.8))


def _loop(
    scene: Scene, cavity: Floats, path: np.ndarray, rng: np.random.Generator, tissues: Tissues, *, contrast: bool
) -> None:
    size = float(rng.uniform(9.0, 14.5))
    along = np.arange(len(path))
    radius = size * (1 + 0.22 * np.sin(along * 0.45 + rng.uniform(0, 6)) + 0.12 * np.sin(along * 1.3))
    part = scene.along(path, float(radius.max()) + 3)
    wave, lump, wide = (Waves.turbulence(rng, length) for length in (22, 8, 75))
    gas, filling = float(rng.uniform(-3, 12)), float(rng.uniform(0.5, 1.1))
    if part is None:
        return
    ripple = wave(part.points)
    shape = np.maximum(tube(part.points, path, radius, reach=4) + 1.2 * ripple, cavity[part.index] + 4)
    part.fill(shape, tissues.bowel_wall + 8 * ripple, Structure.BOWEL)
    content = tissues.oral_contrast if contrast else tissues.fluid
    feathers = lump(part.points)
    inside = shape + SMALL_WALL + np.clip(1.1 * feathers, -0.6, 2) + 5 * np.float32(1 - filling)
    part.fill(inside, content + 7 * feathers, None)
    if gas < 3:
        level = part.points.y - np.float32(np.median(path[:, 1]) - 2)
        here_and_there = (wide(part.points) - np.float32(0.1)) * 15
        part.fill(np.maximum(np.maximum(inside, level), here_and_there), -900.0, None)


def _colon(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """Caecum and ascending, transverse sagging in front, descending and sigmoid."""
    rng = scene.plan.rng("colon", of_scan=True)
    d = frame.deep
    side = _flank(frame, 0.0)
    ascending = [
        (-100, -8 * d, -0.80 * side),
        (-60, 2 * d, -0.88 * side + float(rng.uniform(-5, 5))),
        (-15, 14 * d, -0.90 * side),
        (28, 14 * d, -0.86 * side + float(rng.uniform(-5, 5))),
        (52, -4 * d, -0.80 * side),
    ]
    sag = float(rng.uniform(-22, 18))
    transverse = [
        (58, -30 * d, -0.72 * side),
        (40 + sag, frame.front(40) + 24, -0.45 * side),
        (24 + sag, frame.front(24) + 21, float(rng.uniform(-5, 5))),
        (48 + sag, frame.front(48) + 24, 0.42 * side),
        (100, -34 * d, 0.70 * side),
        (128, 4 * d, 0.84 * side),
    ]
    descending = [
        (122, 22 * d, 0.87 * side),
        (70, 26 * d, 0.88 * side),
        (20, 22 * d, 0.93 * side + float(rng.uniform(-5, 5))),
        (-30, 10 * d, 0.92 * side),
        (-70, -2 * d, 0.84 * side),
        (-104, -14 * d, 0.66 * side),
        (-124, -6 * d, 0.3 * side),
    ]
    for knots, size, gas in ((ascending, 27.0, 0.35), (transverse, 20.0, 0.62), (descending, 18.0, 0.3)):
        _piece_of_colon(scene, cavity, spline(knots, 7), size * float(rng.uniform(0.85, 1.12)), gas, rng, tissues)


def _flank(frame: Frame, z: float) -> float:
    """Half width of the cavity at one level."""
    return float(frame.cavity(np.array(np.pi / 2), np.array(z))) - 6


def _piece_of_colon(
    scene: Scene, cavity: Floats, path: np.ndarray, size: float, gas: float, rng: np.random.Generator, tissues: Tissues
) -> None:
    """Haustra: the radius swells and narrows along the colon. Faeces are mottled with gas; free gas lies in front."""
    along = np.arange(len(path)) * 7.0
    radius = size * (1 + 0.17 * np.abs(np.sin(along / 13 + rng.uniform(0, 3))) + 0.1 * np.sin(along / 47))
    part = scene.along(path, float(radius.max()) + 4)
    wave, coarse, mottle = Waves.turbulence(rng, 24), Waves.turbulence(rng, 90), Waves.turbulence(rng, 11, octaves=3)
    amount = gas + float(rng.uniform(-0.2, 0.2))
    if part is None:
        return
    ripple = wave(part.points)
    shape = np.maximum(tube(part.points, path, radius, reach=4) + 1.7 * ripple, cavity[part.index] + 2.5)
    part.fill(shape, tissues.bowel_wall + 4 * ripple, Structure.BOWEL)
    inside = shape + LARGE_WALL
    speckle = mottle(part.points)
    stool = tissues.stool + 14 * speckle - 430 * np.clip(speckle - 0.75, 0, 1.2)
    part.fill(inside + 0.8 * speckle, stool, None)
    middle = (
        np.interp(part.points.x, *_sorted(path[:, 2], path[:, 1]))
        if np.ptp(path[:, 2]) > np.ptp(path[:, 0])
        else (np.interp(part.points.z, *_sorted(path[:, 0], path[:, 1])))
    )
    level = part.points.y - middle - np.float32(size * 2.4 * (amount - 0.5)) + 7 * coarse(part.points) * (amount < 0.5)
    part.fill(np.maximum(inside, level.astype(np.float32)), -940.0, None)


def _sorted(position: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(position)
    return position[order], value[order]


def paint_duodenum(scene: Scene, frame: Frame, tissues: Tissues, front: float) -> None:
    """Down beside the head of the pancreas, then across before vena cava and aorta, and up to the left.

    `front`: y of the front of the sac or aorta at the level of the crossing; the fat between is gone under
    Factor.TOUCHING.
    """
    rng = scene.plan.rng("duodenum", of_scan=True)
    a, d = frame.across, frame.deep
    touching = scene.plan.has(Factor.TOUCHING)
    level = 46.0 * frame.stretch
    size = float(rng.uniform(9.5, 12.0))
    crossing = front - size - (-1.5 if touching else 5.0)
    path = spline(
        [
            (92, -36 * d, -44 * a),
            (74, -16 * d, -56 * a),
            (level + 6, -12 * d, -52 * a),
            (level - 3, min(-18 * d, crossing + 8), -30 * a),
            (level, crossing, 4.0),
            (level + 10, crossing + 3, 30 * a),
            (level + 24, crossing + 2, 44 * a),
        ],
        6,
    )
    part = scene.along(path, size + 3)
    wave, lump = Waves.turbulence(rng, 20), Waves.turbulence(rng, 8)
    if part is None:
        return
    shape = tube(part.points, path, np.full(len(path), size), reach=4) + 0.9 * wave(part.points)
    part.fill(shape, tissues.bowel_wall, Structure.BOWEL)
    feathers = lump(part.points)
    part.fill(shape + SMALL_WALL + np.clip(feathers, -0.5, 2), tissues.fluid + 6 * feathers, None)
