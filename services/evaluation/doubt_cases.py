"""What a model says of generated scans, kept on the disk: what intervals of the diameter are fitted to and measured on.

Three cohorts without a common seed: one to fit on (the demonstration's recipe with other seeds, which no network learnt
from either), and the two of `held_out`. A scan takes half a minute; what was interrupted goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.held_out import Generator, HeldOut, held_out
from services.labels import inside_wall
from services.phantom.anatomy import Phantom, generate
from services.phantom.cohort import ROUND, demo_cases
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.readers import Failure, draw_all
from services.segmentation.member_walls import FULL, MemberWalls, wall_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.inference import Prediction

CALIBRATION = "calibration"
CALIBRATION_SEED = 900_001
"""Seeds of the cohort to fit on begin here; training's begin at 600,001 and 700,001, the demonstration's at 20,261."""
READERS = "Reader 1", "Reader 2", "Reader 3"
MARGIN = 3
"""Voxels beyond the outermost outline that a reader's drawing is kept with."""


@dataclass(frozen=True)
class DoubtCase:
    """One scan to ask the model about."""

    cohort: str
    scan: HeldOut

    @property
    def key(self) -> str:
        """Its name in the cache."""
        return f"{self.cohort} {self.scan.name}".replace(" ", "-")


@dataclass(frozen=True)
class Predicted:
    """What a model says of one scan, and what generated readers draw. Affines: 4x4, (k, j, i) to LPS mm."""

    mask: NDArray[np.uint8]
    """(k, j, i) on a region of the scan, the card's classes."""
    wall: NDArray[np.float32]
    """(k, j, i) on the same region: probability of the outer wall, 0 to 1."""
    affine: NDArray[np.float64]
    """Of this region."""
    members: MemberWalls
    readers: tuple[NDArray[np.bool_], ...]
    """Their outer walls on a region of their own; empty for painted scans, which nobody draws on."""
    readers_affine: NDArray[np.float64]


def cases(calibration: int, persons: int) -> tuple[DoubtCase, ...]:
    """So many scans to fit on, and those of `held_out`, in turn, so that cohorts grow together."""
    fitted = (DoubtCase(CALIBRATION, one) for one in persons_of_the_recipe(calibration))
    tested = [DoubtCase(one.generator.value, one) for one in held_out(persons, pairs=False)]
    same = [one for one in tested if one.scan.generator is Generator.SAME]
    other = [one for one in tested if one.scan.generator is Generator.OTHER]
    in_turn = chain.from_iterable(zip_longest(fitted, same, other))
    return tuple(case for case in in_turn if case is not None)


def persons_of_the_recipe(count: int) -> Iterator[HeldOut]:
    """The first scan of so many persons of the demonstration's recipe, drawn from seeds of their own."""
    met: set[int] = set()
    for case in demo_cases(count * ROUND // 16 + ROUND, CALIBRATION_SEED):
        if case.plan.seed not in met and len(met) < count:
            met.add(case.plan.seed)
            yield HeldOut(case.folder, Generator.SAME, case.plan)


def predicted(
    case: DoubtCase,
    predict: Callable[[NDArray[np.int16], NDArray[np.float64]], Prediction],
    card: ModelCard,
    folder: Path,
) -> Predicted:
    """What the model says of a case: from `folder`, else asked for now and kept there."""
    path = folder / f"{case.key}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".unfinished.npz")
        np.savez_compressed(draft, **_asked(case.scan, predict, card))
        draft.replace(path)
    with np.load(path) as kept:
        return _read(kept)


def predict_all(
    chosen: tuple[DoubtCase, ...],
    predict: Callable[[NDArray[np.int16], NDArray[np.float64]], Prediction],
    card: ModelCard,
    folder: Path,
    progress: Tell,
) -> None:
    """Ask for every case that `folder` does not have."""
    for number, case in enumerate(chosen):
        progress("scans predicted", number, len(chosen))
        predicted(case, predict, card, folder)
    progress("scans predicted", len(chosen), len(chosen))


def _asked(
    case: HeldOut, predict: Callable[[NDArray[np.int16], NDArray[np.float64]], Prediction], card: ModelCard
) -> dict[str, Any]:
    made = generate_painted(case.plan) if isinstance(case.plan, PaintedPlan) else generate(case.plan)
    affine = case.plan.grid.affine
    found = predict(made.hounsfield, affine)
    if found.member_walls is None:
        raise ValueError("A prediction must say what each member sees. Found: none that does. Predict again.")
    nobody = np.zeros((0, 1, 1, 1), np.uint8), affine
    drawn, drawn_affine = _readers(made, affine) if isinstance(made, Phantom) else nobody
    return {
        "mask": found.mask,
        "wall": wall_of(found.probability, card.classes),
        "affine": _moved(affine, found.region.origin),
        "members": found.member_walls.steps,
        "members_affine": found.member_walls.affine,
        "readers": np.packbits(drawn, axis=-1),
        "readers_shape": drawn.shape,
        "readers_affine": drawn_affine,
    }


def _readers(made: Phantom, affine: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The readers' outer walls (reader, k, j, i), cut to what they drew."""
    drawings = [one for one in draw_all(made.distances, Failure.NONE, made.plan.seed) if one.author in READERS]
    walls = np.stack([inside_wall(one.labels, {1: "lumen", 2: "thrombus"}) for one in drawings])
    held = np.array(np.nonzero(walls.any(axis=0)))
    low = np.maximum(held.min(axis=1) - MARGIN, 0)
    k, j, i = (slice(int(first), int(last) + 1 + MARGIN) for first, last in zip(low, held.max(axis=1), strict=True))
    return walls[:, k, j, i].astype(np.uint8), _moved(affine, low)


def _moved(affine: NDArray[np.float64], origin: Any) -> NDArray[np.float64]:  # noqa: ANN401 -- three numbers
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ np.asarray(origin, dtype=np.float64)
    return moved


def _read(kept: Any) -> Predicted:  # noqa: ANN401 -- numpy's open file
    shape = tuple(int(size) for size in kept["readers_shape"])
    readers = np.unpackbits(kept["readers"], axis=-1, count=shape[-1]).astype(bool)
    return Predicted(
        kept["mask"],
        np.asarray(kept["wall"] / np.float32(FULL), np.float32),
        kept["affine"],
        MemberWalls(kept["members"], kept["members_affine"]),
        tuple(readers),
        kept["readers_affine"],
    )
