"""Liver, spleen, kidneys, stomach, pancreas, gallbladder, adrenals: each kept inside the cavity, none floating."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import (
    Waves,
    capsule,
    ellipsoid,
    rotated,
    rotation,
    smooth_intersection,
    smooth_subtraction,
    smooth_union,
    spline,
    tube,
)
from services.phantom.plan import Phase
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats, Points
    from services.phantom.scene import Part, Scene
    from services.phantom.tissues import Tissues


def paint_organs(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """The solid organs of the upper abdomen and the stomach."""
    _stomach(scene, frame, cavity, tissues)
    _spleen(scene, frame, cavity, tissues)
    _liver(scene, frame, cavity, tissues)
    _pancreas(scene, frame, tissues)
    for side in (-1.0, 1.0):
        _adrenal(scene, frame, tissues, side)
        _kidney(scene, frame, tissues, side)


def _inside(part: Part, frame: Frame, cavity: Floats, margin: float) -> Floats:
    """Distance from the abdomen's inside, below the diaphragm."""
    dome = frame.diaphragm(part.points.y[0], part.points.x[0])[None]
    below = (part.points.z - dome + margin) * np.float32(0.62)
    inside: Floats = np.maximum(cavity[part.index] + margin, below)
    return inside


def _net(rng: np.random.Generator, points: Points, wavelength: float) -> Floats:
    """0 on a net of lines, where two fields are 0 at once."""
    one, other = (Waves.turbulence(rng, wavelength, octaves=2)(points) for _ in range(2))
    net: Floats = np.sqrt(one * one + other * other)
    return net


def _liver(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    part = scene.part((20.0, -1e4, -1e4), (230.0, 95.0, 95.0))
    if part is None:
        return
    rng = scene.plan.rng("liver")
    a, d = frame.across, frame.deep
    low, left = float(rng.uniform(-14, 12)), float(rng.uniform(-15, 15))
    p = part.points
    wavy = Waves.turbulence(rng, 75, octaves=3)(p)
    right = ellipsoid(p, (122 + low, 8 * d, -88 * a), (95, 92 * d, 84 * a))
    lobe = ellipsoid(p, (152, -52 * d, -2 * a + left), (48, 46 * d, 78 * a))
    shape = smooth_union(right, lobe, 22) + 3.0 * wavy
    fossa = ellipsoid(p, (90, 36 * d, 12), (150, 58 * d, 33 * a)) + 3.5 * Waves.turbulence(rng, 34)(p)
    kidney = ellipsoid(p, (66, 44 * d, -64 * a), (76, 43, 44))
    shape = smooth_subtraction(smooth_subtraction(shape, fossa, 14), kidney, 10)
    gall = (72.0 + low, -42 * d, -62 * a)
    shape = smooth_subtraction(shape, ellipsoid(p, gall, (34, 19, 18)), 8)
    shape = smooth_subtraction(shape, ellipsoid(p, (118, -92 * d, -22 * a), (42, 26, 3.0)) + 2 * wavy, 4)
    shape = smooth_intersection(shape, _inside(part, frame, cavity, 1.5), 3.0)
    vessels = np.clip(1.5 - 9.0 * _net(rng, p, 46), 0, 1)
    deep = np.clip((-shape - 5) / 10, 0, 1)
    blood = tissues.portal if tissues.phase is not Phase.NON_CONTRAST else tissues.liver - 11
    part.fill(shape, tissues.liver + 2.2 * wavy + (blood - tissues.liver) * vessels * deep, Structure.LIVER)
    _gallbladder(scene, gall, tissues)


def _gallbladder(scene: Scene, centre: tuple[float, float, float], tissues: Tissues) -> None:
    part = scene.around(centre, (36, 24, 22))
    if part is None:
        return
    points = rotated(part.points, rotation(2, 20), centre)
    distance = ellipsoid(points, centre, (29, 14, 13.5)) + Waves.turbulence(scene.plan.rng("gall"), 30)(part.points)
    part.fill(distance, tissues.bowel_wall, Structure.OTHER_SOFT_TISSUE)
    part.fill(distance + 1.6, tissues.bile, Structure.OTHER_SOFT_TISSUE)


def _spleen(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    part = scene.part((80.0, -70.0, 30.0), (230.0, 110.0, 1e4))
    if part is None:
        return
    rng = scene.plan.rng("spleen")
    a, d = frame.across, frame.deep
    centre = (146.0 + float(rng.uniform(-8, 8)), 38 * d, 97 * a)
    points = rotated(part.points, rotation(0, -24) @ rotation(2, 14), centre)
    shape = ellipsoid(points, centre, (58, 52 * d, 40 * a))
    shape = smooth_subtraction(shape, ellipsoid(part.points, (138, 4, 54 * a), (60, 42, 27)), 9)
    shape = shape + 2.2 * Waves.turbulence(rng, 50)(part.points)
    shape = smooth_intersection(shape, _inside(part, frame, cavity, 1.5), 3.0)
    patchy = 24.0 if tissues.phase is Phase.ARTERIAL else 2.0
    part.fill(shape, tissues.spleen + patchy * np.tanh(Waves.turbulence(rng, 19)(part.points)), Structure.SPLEEN)


def _kidney(scene: Scene, frame: Frame, tissues: Tissues, side: float) -> None:
    """Cortex with columns between the pyramids of the medulla, sinus fat and pelvis; perirenal fat around it."""
    rng = scene.plan.rng(f"kidney {side}")
    level = 84.0 * frame.stretch - 9 * (side < 0) + float(rng.uniform(-7, 7))
    centre = (level, float(frame.spine_y(np.array(level))) + 10, side * (62 + 4 * frame.across))
    part = scene.around(centre, (86, 52, 52))
    if part is None:
        return
    points = rotated(part.points, rotation(2, -13) @ rotation(1, side * 13) @ rotation(0, side * 32), centre)
    wavy = Waves.turbulence(rng, 26)(part.points)
    part.fill(ellipsoid(points, centre, (74, 41, 39)) + 2 * wavy, tissues.inner_fat, Structure.FAT)
    size = float(rng.uniform(0.94, 1.06))
    hilum = (centre[0], centre[1], centre[2] - side * 21)
    shape = ellipsoid(points, centre, (55 * size, 28 * size, 26.5 * size)) + 0.8 * wavy
    shape = smooth_subtraction(shape, ellipsoid(points, hilum, (17, 9, 17)), 6)
    sinus = ellipsoid(points, (centre[0], centre[1], centre[2] - side * 9), (34, 9.5, 12)) + 1.6 * wavy
    pyramids = shape + 6.5 + 3.4 * Waves.turbulence(rng, 15, octaves=1)(part.points)
    inner = np.clip(0.5 - pyramids / 2.2, 0, 1)
    parenchyma = tissues.cortex + (tissues.medulla - tissues.cortex) * inner
    part.fill(shape, parenchyma, Structure.KIDNEYS)
    part.fill(sinus, tissues.inner_fat + 12, Structure.FAT)
    part.fill(sinus + 4.5 + 1.5 * wavy, tissues.urine + 18, Structure.OTHER_SOFT_TISSUE)


def _stomach(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """Fundus behind the left dome, body, antrum to the right; gas lies in front of the fluid."""
    rng = scene.plan.rng("stomach", of_scan=True)
    a, d = frame.across, frame.deep
    path = spline(
        [
            (168, -2 * d, 50 * a),
            (146, -16 * d, 60 * a),
            (112, -46 * d, 58 * a),
            (90, -62 * d, 24 * a),
            (90, -50 * d, -18 * a),
            (92, -34 * d, -34 * a),
        ],
        8,
    )
    share = np.linspace(0, 1, len(path))
    full = float(rng.uniform(0.78, 1.05))
    radius = np.interp(share, [0, 0.2, 0.5, 0.75, 1], [31, 34, 27, 20, 10]) * full
    part = scene.along(path, 42)
    if part is None:
        return
    folds = Waves.turbulence(rng, 17, octaves=2)(part.points)
    shape = tube(part.points, path, radius) + 1.3 * folds
    shape = smooth_intersection(shape, _inside(part, frame, cavity, 2.0), 4)
    part.fill(shape, tissues.bowel_wall + 6 * folds, Structure.STOMACH)
    inside = shape + 4.2 + 1.2 * folds
    food = 9 * np.clip(Waves.turbulence(rng, 9, octaves=2)(part.points), -0.5, 2)
    part.fill(inside, tissues.fluid + food, None)
    surface = float(rng.uniform(-50, -22)) * d
    part.fill(np.maximum(inside, part.points.y - surface), -960.0, None)


def _pancreas(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    rng = scene.plan.rng("pancreas")
    a, d = frame.across, frame.deep
    path = spline(
        [
            (68, -14 * d, -42 * a),
            (86, -24 * d, -36 * a),
            (99, -42 * d, -12 * a),
            (108, -38 * d, 22 * a),
            (116, -14 * d, 56 * a),
            (124, 6 * d, 78 * a),
        ],
        6,
    )
    radius = np.interp(np.linspace(0, 1, len(path)), [0, 0.2, 0.4, 0.7, 1], [13, 14, 8.5, 9.5, 7])
    part = scene.along(path, 20)
    if part is None:
        return
    lobules = Waves.turbulence(rng, 9, octaves=2)(part.points)
    shape = tube(part.points, path, radius) + 2.0 * lobules
    part.fill(shape, tissues.pancreas + 6 * lobules, Structure.PANCREAS)
    vein = tube(part.points, path + np.array([0, 6.0, 0]), np.full(len(path), 4.3))
    part.fill(vein, tissues.portal, Structure.OTHER_VEINS)


def _adrenal(scene: Scene, frame: Frame, tissues: Tissues, side: float) -> None:
    level = 136.0 * frame.stretch
    y = float(frame.spine_y(np.array(level))) - 3
    top = (level + 12, y - 6, side * 36)
    part = scene.around((level, y, side * 38), (26, 22, 18))
    if part is None:
        return
    limbs = [
        capsule(part.points, top, (level - 12, y + 9, side * 33), 2.6, 2.0),
        capsule(part.points, top, (level - 13, y + 7, side * 46), 2.6, 2.0),
    ]
    part.fill(smooth_union(limbs[0], limbs[1], 2), tissues.gland, Structure.OTHER_SOFT_TISSUE)
