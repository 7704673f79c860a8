"""Labelled volumes made of formulas alone, to learn from before any scan is seen. Nobody's anatomy is in them.

Several objects, each a primitive that was moved, turned, sheared and displaced: d(x) = sdf(T^-1 x) + delta(x). Each
has an intensity that depends on d; the volume is their sum, held between 0 and 128. A voxel's label is the class of
the smallest object that covers it. Lengths in voxels; chance comes from the seed and the object's number alone, apart
for geometry and intensity, so that variants of a recipe share all that they do not change.

Source: Yamamoto et al. 2026, arXiv:2603.23199 (FDIF). Here 12 of its 109 classes, and sizes of our own choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from services.phantom.fdif_shapes import DISPLACEMENTS, PRIMITIVES
from services.phantom.implicit import Floats, Points, grid_of, translated

if TYPE_CHECKING:
    from numpy.typing import NDArray

BRIGHTEST = np.float32(128)
SHIFT, SHEAR = 0.35, 0.1
"""Largest translation, as a share of the side, and largest shear."""
SIZES = (0.10, 0.30)
"""Radius of an object as a share of the side."""
AMPLITUDES = (0.02, 0.10)
"""Height of a displacement as a share of the side."""
FAINTEST = 16.0
"""Lowest of the constant intensities that replace the mappers."""
CLASSES = dict(enumerate(PRIMITIVES, 1))
"""What the values of a label map mean."""
Mapper = Callable[[Floats], Floats]
"""From distances in voxels to intensities, 0 to 128."""


@dataclass(frozen=True)
class Recipe:
    """What is drawn for every volume."""

    side: int = 48
    objects: int = 8
    displaced: bool = True
    mapped: bool = True
    """Whether intensity follows the distance; otherwise it is constant inside each object."""


class Labelled(NamedTuple):
    """A volume [k, j, i] and the class of every voxel, 0 for none."""

    image: Floats
    labels: NDArray[np.uint8]


def generate(seed: int, recipe: Recipe) -> Labelled:
    """The volume of a seed: image float32 0 to 128, labels uint8. Equal arguments give equal arrays."""
    axis = np.arange(recipe.side) - (recipe.side - 1) / 2
    grid = grid_of(axis, axis, axis)
    image = np.zeros(grid.shape, np.float32)
    covered: list[tuple[int, NDArray[np.bool_]]] = []
    for number in range(recipe.objects):
        label, distance = placed(grid, recipe, np.random.default_rng([seed, number, 0]))
        image += mapper(np.random.default_rng([seed, number, 1]), mapped=recipe.mapped)(distance)
        covered.append((label, distance < 0))
    return Labelled(np.clip(image, 0, BRIGHTEST), smallest_wins(covered, grid.shape))


def placed(grid: Points, recipe: Recipe, rng: np.random.Generator) -> tuple[int, Floats]:
    """A random object: its class, and the distance from it at every point, displaced where the recipe says so."""
    side = recipe.side
    label = int(rng.integers(1, len(CLASSES) + 1))
    shape = PRIMITIVES[CLASSES[label]](side * float(rng.uniform(*SIZES)), rng)
    distance = shape(_as_seen_by_it(grid, side, rng))
    if recipe.displaced:
        name = list(DISPLACEMENTS)[int(rng.integers(len(DISPLACEMENTS)))]
        amplitude = np.float32(side * rng.uniform(*AMPLITUDES))
        distance = distance + amplitude * DISPLACEMENTS[name](side, rng)(grid)
    return label, np.asarray(distance, np.float32)


def smallest_wins(covered: list[tuple[int, NDArray[np.bool_]]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Labels [k, j, i] of objects given by class and voxels: larger ones first, and of equals the later one wins."""
    labels = np.zeros(shape, np.uint8)
    for label, inside in sorted(covered, key=lambda one: -int(one[1].sum())):
        labels[inside] = label
    return labels


def mapper(rng: np.random.Generator, *, mapped: bool = True) -> Mapper:
    """A random way from distance to intensity."""
    if not mapped:
        level = np.float32(rng.uniform(FAINTEST, BRIGHTEST))
        return lambda d: np.where(d <= 0, level, np.float32(0))
    return MAPPERS[list(MAPPERS)[int(rng.integers(len(MAPPERS)))]](rng)


def _as_seen_by_it(grid: Points, side: int, rng: np.random.Generator) -> Points:
    """T^-1 x for a random T: sheared, then turned, then moved."""
    shear = np.eye(3) + rng.uniform(-SHEAR, SHEAR, (3, 3)) * (1 - np.eye(3))
    back = np.linalg.inv(Rotation.random(rng=rng).as_matrix() @ shear).astype(np.float32)
    z, y, x = side * rng.uniform(-SHIFT, SHIFT, 3)
    moved = translated(grid, (float(z), float(y), float(x)))
    return Points(*(row[0] * moved.z + row[1] * moved.y + row[2] * moved.x for row in back))


def _inverse_cube(_: np.random.Generator) -> Mapper:
    """Also outside: an object shines a few voxels into what surrounds it."""
    return lambda d: np.asarray(BRIGHTEST / (np.abs(d) ** 3 + 1), np.float32)


def _exponential(rng: np.random.Generator) -> Mapper:
    base = np.float32(rng.uniform(1.05, 1.5))
    return _inside(lambda d: BRIGHTEST * base ** np.minimum(d, 0))


def _linear(rng: np.random.Generator) -> Mapper:
    slope = np.float32(rng.uniform(4, 20))
    return _inside(lambda d: BRIGHTEST + slope * d)


def _steps(rng: np.random.Generator) -> Mapper:
    width, drop = np.float32(rng.uniform(1.5, 4)), np.float32(rng.uniform(16, 48))
    return _inside(lambda d: BRIGHTEST + drop * np.floor(d / width))


def _modular(rng: np.random.Generator) -> Mapper:
    period = np.float32(rng.uniform(2, 8))
    return _inside(lambda d: BRIGHTEST * np.mod(d, period) / period)


def _sinusoid(rng: np.random.Generator) -> Mapper:
    period = np.float32(rng.uniform(3, 12))
    return _inside(lambda d: BRIGHTEST / 2 * (np.cos(np.float32(2 * np.pi) * d / period) + 1))


def _inside(of: Mapper) -> Mapper:
    """Zero outside the object."""
    return lambda d: np.where(d <= 0, np.clip(of(d), 0, BRIGHTEST), np.float32(0))


MAPPERS: dict[str, Callable[[np.random.Generator], Mapper]] = {
    "inverse cube": _inverse_cube,
    "exponential": _exponential,
    "linear": _linear,
    "steps": _steps,
    "modular": _modular,
    "sinusoid": _sinusoid,
}
