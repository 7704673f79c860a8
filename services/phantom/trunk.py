"""The wall of the body and what fills it: skin, fat, muscles, lungs and heart at the upper end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.frame import ANGLES
from services.phantom.implicit import Waves, ellipsoid, rotated, rotation, smooth_union, tube
from services.phantom.structures import Structure

if TYPE_CHECKING:
    from services.phantom.frame import Frame
    from services.phantom.implicit import Floats, Points
    from services.phantom.scene import Part, Scene
    from services.phantom.tissues import Tissues

SKIN_MM = 2.0


class Layers:
    """The wall's layers as distances on the planes of a scene, from tables over the angle."""

    def __init__(self, scene: Scene, frame: Frame) -> None:
        _, y, x = scene.points
        self._far = np.hypot(y[0], x[0]).astype(np.float32)
        turn = np.arctan2(x[0], -y[0])
        self._column = np.rint((turn / (2 * np.pi) + 0.5) * (ANGLES - 1)).astype(np.int32)
        self.angle = np.linspace(-np.pi, np.pi, ANGLES)[None]
        self.z = scene.points.z[:, 0].astype(float)
        self.skin = frame.skin(self.angle, self.z)
        self.fat = frame.fat(self.angle, self.z)
        self.muscle = frame.muscle(self.angle, self.z)

    def far(self, part: Part) -> Floats:
        """Distance from the middle of the body."""
        distance: Floats = self._far[part.index[1], part.index[2]][None]
        return distance

    def beyond(self, radius: np.ndarray, part: Part) -> Floats:
        """Distance from a layer with this radius (plane, angle), on a part of the scene."""
        k, j, i = part.index
        distance: Floats = self._far[j, i][None] - radius.astype(np.float32)[k][:, self._column[j, i]]
        return distance


def paint_trunk(scene: Scene, frame: Frame, layers: Layers, tissues: Tissues) -> Floats:
    """Skin, fat, muscle and the fat of the cavity; gives the distance from the cavity, which organs keep within."""
    widest = float(layers.skin.max()) + 4
    back = float((-layers.skin * np.cos(layers.angle)).max()) + 4
    part = scene.part((-1e4, -widest, -widest), (1e4, back, widest))
    rng = scene.plan.rng("trunk")
    if part is None:
        raise ValueError("The scene must hold a part of the body.")
    septa, strands = (Waves.turbulence(rng, length)(part.points) for length in (34, 15))
    part.fill(layers.beyond(layers.skin, part), tissues.skin, Structure.OTHER_SOFT_TISSUE)
    net = np.clip(1 - 7 * np.abs(septa), 0, 1)
    part.fill(layers.beyond(layers.skin - SKIN_MM, part), tissues.fat + 34 * net, Structure.FAT)
    depth = layers.beyond(layers.skin - layers.fat, part)
    part.fill(depth, tissues.muscle + 7 * strands, Structure.MUSCLE)
    _fat_between_the_obliques(scene, frame, layers, rng, tissues)
    cavity = layers.beyond(layers.skin - layers.fat - layers.muscle, part)
    small = np.clip(1.3 - 6 * np.sqrt(septa * septa + strands * strands), 0, 1)
    part.fill(cavity, tissues.inner_fat + 3 * strands + 90 * small, Structure.FAT)
    return part.distance_field(scene, cavity)


def _fat_between_the_obliques(
    scene: Scene, frame: Frame, layers: Layers, rng: np.random.Generator, tissues: Tissues
) -> None:
    """Two thin planes of fat between the three muscles of the flank, thinner here and there."""
    flank = (np.abs(np.abs(layers.angle) - 1.35) < 0.6) & (frame.chest(layers.angle, layers.z) < 0.5)
    uneven = Waves.turbulence(rng, 34)
    for low, high in ((-1e4, -55.0), (55.0, 1e4)):
        part = scene.part((-1e4, -105.0, low), (150.0, 90.0, high))
        if part is None:
            continue
        depth = layers.beyond(layers.skin - layers.fat, part)
        thick = layers.far(part) - layers.beyond(np.where(flank, layers.muscle, 1e3), part)
        sheet = np.minimum(np.abs(depth + np.float32(0.36) * thick), np.abs(depth + np.float32(0.68) * thick))
        part.fill(sheet - (np.float32(0.25) + np.float32(0.4) * uneven(part.points)), tissues.inner_fat, Structure.FAT)


def paint_back(scene: Scene, frame: Frame, layers: Layers, tissues: Tissues) -> None:
    """Erector spinae, quadratus lumborum and psoas on both sides, with a plane of fat around each."""
    rng = scene.plan.rng("back")
    strands = Waves.turbulence(rng, 13, octaves=2)
    levels = np.arange(-150.0, 270.0, 20.0)
    y, x = frame.spine_y(levels), frame.spine_x(levels)
    thin = scene.plan.person.fat / 20
    for side in (-1.0, 1.0):
        for offset, deep, size in ((19.0, 45.0, 17.0), (43.0, 41.0, 19.5)):
            path = np.stack([levels, y + deep * frame.deep, x + side * offset * frame.across], axis=1)
            swell = size * (1.0 - 0.22 * np.clip((levels - 60) / 150, 0, 1)) + rng.normal(0, 0.4, len(levels))
            _muscle(scene, path, swell, tissues, strands, 1.2 * thin, layers)
        lumbar = np.arange(-20.0, 116.0, 15.0)
        path = np.stack(
            [lumbar, frame.spine_y(lumbar) + 22, frame.spine_x(lumbar) + side * (52 + 0.10 * (40 - lumbar))], 1
        )
        _muscle(scene, path, np.full(len(lumbar), 12.0), tissues, strands, 1.5 * thin)
        _psoas(scene, frame, tissues, strands, side)


def _psoas(scene: Scene, frame: Frame, tissues: Tissues, strands: Waves, side: float) -> None:
    levels = np.arange(-140.0, 116.0, 10.0)
    down = np.clip((112 - levels) / 120, 0, 2)
    size = np.interp(down, [0, 0.3, 0.9, 1.4, 2.0], [4, 10, 19, 20, 18]) * (0.55 + 0.45 * frame.across)
    out = np.interp(down, [0, 0.3, 0.9, 1.4, 2.0], [25, 30, 39, 48, 58])
    back = np.where(levels < -40, -(levels + 40) * 0.55, 0.0)
    y = frame.spine_y(levels) + 4 - back - 4 * down
    path = np.stack([levels, y, frame.spine_x(levels) + side * out], axis=1)
    _muscle(scene, path, size, tissues, strands, 1.6)


def _muscle(
    scene: Scene,
    path: np.ndarray,
    radius: np.ndarray,
    tissues: Tissues,
    strands: Waves,
    plane: float,
    layers: Layers | None = None,
) -> None:
    part = scene.along(path, float(radius.max()) + plane)
    if part is None:
        return
    texture = strands(part.points)
    outline = Waves(strands.vectors * np.float32(0.4), strands.phases, strands.amplitudes)
    distance = tube(part.points, path, radius) + 1.3 * outline(part.points)
    if layers is not None:
        distance = np.maximum(distance, layers.beyond(layers.skin - layers.fat, part) + plane)
    part.fill(distance - plane, tissues.inner_fat, Structure.FAT)
    part.fill(distance, tissues.muscle + 7 * texture - 70 * np.clip(texture - 1.15, 0, 1.2), Structure.MUSCLE)


def paint_chest(scene: Scene, frame: Frame, cavity: Floats, tissues: Tissues) -> None:
    """Diaphragm, lungs with their vessels, the fat between them, and the heart."""
    part = scene.part((80.0, -1e4, -1e4), (1e4, 1e4, 1e4))
    if part is None:
        return
    rng = scene.plan.rng("chest")
    y, x = part.points.y[0], part.points.x[0]
    above = (frame.diaphragm(y, x)[None] - part.points.z) * np.float32(0.62)
    inside = cavity[part.index]
    middle = ellipsoid(part.points, (200.0, -28 * frame.deep, 4.0), (400.0, 74 * frame.deep, 40 * frame.across))
    spine = ellipsoid(part.points, (200.0, float(frame.spine_y(np.array(190.0))) + 26, 0.0), (400.0, 52.0, 30.0))
    lungs = np.maximum(np.maximum(inside + 1.5, above), -smooth_union(middle, spine, 14))
    part.fill(np.maximum(np.maximum(inside + 0.5, np.abs(above) - 1.6), -spine), tissues.muscle, Structure.MUSCLE)
    tree = _filaments(part.points, rng, 30.0)
    air = tissues.lung + 20 * Waves.turbulence(rng, 40)(part.points)
    air += (tissues.vein - tissues.lung) * np.clip(1.35 - 10.0 * tree, 0, 1)
    part.fill(lungs, air, Structure.LUNGS)
    _heart(scene, frame, tissues)


def _filaments(points: Points, rng: np.random.Generator, wavelength: float) -> Floats:
    """Near 0 on a net of curved lines, where two fields are 0 at once: vessels too many to be drawn one by one."""
    one, other = (Waves.turbulence(rng, wavelength, octaves=2)(points) for _ in range(2))
    net: Floats = np.sqrt(one * one + other * other)
    return net


def _heart(scene: Scene, frame: Frame, tissues: Tissues) -> None:
    """The lower half of the heart on the diaphragm: fat, muscle, and two chambers."""
    centre = (222.0 + frame.dome, -44 * frame.deep, 22 * frame.across)
    part = scene.around(centre, (60, 60, 75))
    if part is None:
        return
    points = rotated(part.points, rotation(1, 24) @ rotation(0, 38), centre)
    ripple = 1.5 * Waves.turbulence(scene.plan.rng("heart"), 30)(part.points)
    part.fill(ellipsoid(points, centre, (44, 46, 62)) + ripple, tissues.inner_fat, Structure.FAT)
    part.fill(ellipsoid(points, centre, (40, 41, 55)) + ripple, tissues.heart, Structure.HEART)
    left = (centre[0] + 2, centre[1] + 8, centre[2] + 8)
    right = (centre[0] + 4, centre[1] - 18, centre[2] - 10)
    part.fill(ellipsoid(points, left, (24, 22, 36)) + ripple, tissues.arterial, Structure.HEART)
    part.fill(ellipsoid(points, right, (26, 17, 38)) - ripple, tissues.vein + 20, Structure.HEART)
