"""Two "models" and four "readers" of a generated scan: known shape changes of its own reference, nothing learnt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from services.phantom.implicit import FAR, Waves, grid_of
from services.phantom.simulated_readers import MAIN, Cohort, Scan, read_by_four
from services.phantom.vessels import Distances, label_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.anatomy import Phantom
    from services.phantom.implicit import Floats

TREMBLE_MM = 0.6
"""Standard deviation of a hand that draws a wall."""
CERTAIN_MM, DOUBTFUL_MM = 0.7, 2.2
"""Over this distance a probability falls from 0.73 to 0.27, where the model is right and where it is not."""
CAVA_MM, ISLAND_MM = 1.0, 8.0
MARGIN = 24
"""Rows and columns beyond the aorta that a drawing may reach."""


class Failure(StrEnum):
    """What "Model B" does wrong, by construction."""

    NONE = "none"
    MISSED_THROMBUS = "missed thrombus"
    LEAK = "leak into the vena cava"
    GAP = "gap"
    FRAGMENT = "fragment"


@dataclass(frozen=True)
class Drawing:
    """What one author made: a label map, and for a model a probability of the outer wall, 0 to 1, [k, j, i]."""

    author: str
    labels: NDArray[np.uint8]
    probability: Floats | None = None


def draw_all(distances: Distances, failure: Failure, seed: int) -> list[Drawing]:
    """Both models, and three readers by rule alone, with whom the evidence about diameters is measured.

    Reader 1 draws 0.8 mm too far out, reader 2 0.8 mm too far in, reader 3 leaves every ninth slice as it was below.
    """
    rng = np.random.default_rng([seed, 1])
    box, near = _near_the_aorta(distances)
    outer, lumen = near.outer, near.lumen
    drawings = [
        *_models(near, failure, rng),
        Drawing("Reader 1", label_map(outer + _tremble(outer.shape, rng) - np.float32(0.8), lumen)),
        Drawing("Reader 2", label_map(outer + _tremble(outer.shape, rng) + np.float32(0.8), lumen)),
        Drawing("Reader 3", _with_lapses(label_map(outer + _tremble(outer.shape, rng), lumen))),
    ]
    return [_on_the_whole(drawing, box, distances.outer.shape) for drawing in drawings]


def draw_models(distances: Distances, failure: Failure, seed: int) -> list[Drawing]:
    """Model A (right but for a trembling hand) and Model B (with `failure`)."""
    box, near = _near_the_aorta(distances)
    drawings = _models(near, failure, np.random.default_rng([seed, 1]))
    return [_on_the_whole(drawing, box, distances.outer.shape) for drawing in drawings]


def _models(near: Distances, failure: Failure, rng: np.random.Generator) -> list[Drawing]:
    outer, lumen = near.outer, near.lumen
    right = _model("Model A", outer + _tremble(outer.shape, rng), lumen, np.full(len(outer), CERTAIN_MM))
    return [right, _failing(near, failure, rng)]


def draw_readers(phantom: Phantom, cohort: Cohort = MAIN) -> list[Drawing]:
    """The four readers of a cohort, "Reader 1" to "Reader 4"; a second scan of a person is another sitting."""
    known, plan = phantom.distances, phantom.plan
    scan = Scan(phantom.hounsfield, known.outer, known.lumen, known.iliacs, plan.grid.spacing)
    return [Drawing(name, labels) for name, labels in read_by_four(scan, (plan.seed, plan.scan.seed), cohort).items()]


def _near_the_aorta(distances: Distances) -> tuple[tuple[slice, slice, slice], Distances]:
    """The rows and columns that drawings need, on all slices, and the distances there."""
    held = np.asarray((distances.outer < FAR / 2).any(axis=0))
    box = [slice(None)]
    for axis in (1, 0):
        lines = np.flatnonzero(held.any(axis=axis))
        box.append(slice(max(0, int(lines[0]) - MARGIN), int(lines[-1]) + 1 + MARGIN))
    index = (box[0], box[1], box[2])
    cropped = (distances.outer, distances.lumen, distances.cava, distances.iliacs)
    return index, Distances(*(distance[index] for distance in cropped))


def _on_the_whole(drawing: Drawing, box: tuple[slice, slice, slice], shape: tuple[int, ...]) -> Drawing:
    labels = np.zeros(shape, np.uint8)
    labels[box] = drawing.labels
    if drawing.probability is None:
        return Drawing(drawing.author, labels)
    probability = np.zeros(shape, np.float32)
    probability[box] = drawing.probability
    return Drawing(drawing.author, labels, probability)


def _failing(distances: Distances, failure: Failure, rng: np.random.Generator) -> Drawing:
    outer, lumen = distances.outer, distances.lumen
    drawn = outer + _tremble(outer.shape, rng)
    softness = np.full(len(outer), CERTAIN_MM)
    thick = int(np.argmax((outer < 0).sum(axis=(1, 2))))
    reach = max(4, min(8, len(outer) // 12))
    near = slice(max(0, thick - reach), thick + reach + 1)
    if failure is Failure.MISSED_THROMBUS:
        drawn[near] = np.maximum(drawn[near], lumen[near] - np.float32(2.5))
    elif failure is Failure.LEAK:
        drawn[near] = np.minimum(drawn[near], np.maximum(distances.cava[near], -np.float32(CAVA_MM)))
    elif failure is Failure.GAP:
        near = slice(thick + 14, thick + 20)
        drawn[near] = np.maximum(drawn[near], np.float32(1.5))
    elif failure is Failure.FRAGMENT:
        drawn[near] = np.minimum(drawn[near], _island(outer, thick)[near])
    if failure is not Failure.NONE:
        softness[near] = DOUBTFUL_MM
    return _model("Model B", drawn, lumen, softness)


def _model(author: str, outer: Floats, lumen: Floats, softness: NDArray[np.float64]) -> Drawing:
    logit = np.clip(-outer / softness[:, None, None].astype(np.float32), -30, 30)
    return Drawing(author, label_map(outer, lumen), (1 / (1 + np.exp(-logit))).astype(np.float32))


def _tremble(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """A smooth random displacement in mm, waves about 16 voxels long."""
    axes = [np.arange(size, dtype=np.float64) for size in shape]
    return np.float32(TREMBLE_MM) * Waves.turbulence(rng, 16.0)(grid_of(*axes))


def _island(outer: Floats, thick: int) -> Floats:
    """Distance in voxels from a blob in front and to the left of the aorta, [k, j, i]."""
    j, i = (float(index.mean()) for index in np.nonzero(outer[thick] < 0))
    k_axis, j_axis, i_axis = (np.arange(size, dtype=np.float32) for size in outer.shape)
    dk, dj, di = k_axis - thick, j_axis - j + 34, i_axis - i - 22
    far: Floats = np.sqrt((2 * dk[:, None, None]) ** 2 + dj[None, :, None] ** 2 + di[None, None, :] ** 2) - np.float32(
        ISLAND_MM
    )
    return far


def _with_lapses(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    drawn = labels.copy()
    drawn[9::9] = labels[8:-1:9]
    return drawn
