"""Slices to learn from without a prompt: generated scans, looks at random, seen once by the frozen encoder.

folder/<seed>.embeddings.npy   (n, 256, 64, 64) float16, bfloat16 inside the encoder
folder/<seed>.walls.npy        (n, 256, 256) uint8: 1 inside the outer wall
folder/<seed>.done             how many of them are there
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from services.phantom.structures import INSIDE_THE_WALL
from services.segmentation.promptable.middle_frame import FIELD_MM, WINDOWS_HU, middle_of_body
from services.segmentation.randomisation import Looks, draw_window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.training_set import Scanned

EMBEDDING, SQUARE = (256, 64, 64), (256, 256)
FIELDS_MM = (0.8 * FIELD_MM, 1.1 * FIELD_MM)
"""Edge of the part that is shown, before the looks' own scale."""
ASIDE_MM = 20.0
"""Standard deviation of the part's middle from the body's."""
THICKNESS = 5
"""Slices that are drawn around the one that is kept, for looks that blur along the body."""
EVERYTHING_HU = (-1024.0, 3072.0)


class Example(NamedTuple):
    """A picture (3, side, side), 0 to 1, and what lies inside the outer wall, (side, side)."""

    picture: NDArray[np.float32]
    wall: NDArray[np.bool_]


class Encoded(NamedTuple):
    """Examples as the encoder sees them, mapped from the disk."""

    embeddings: NDArray[np.float16]
    """(n, 256, 64, 64)."""
    walls: NDArray[np.uint8]
    """(n, side, side)."""


def draw_example(scan: Scanned, rng: np.random.Generator, *, side: int, spacing_mm: float, looks: Looks) -> Example:
    """A slice anywhere in a standing scan of cubic voxels, with aorta or without, as no one scanner sees it."""
    row, column = np.array(middle_of_body(scan.hounsfield)) + rng.normal(0, ASIDE_MM / spacing_mm, 2)
    step = float(rng.uniform(*FIELDS_MM)) / side / spacing_mm
    drawn = draw_window(
        scan,
        rng,
        centre=(rng.uniform(0, len(scan.labels) - 1), row, column),
        patch=(THICKNESS, side, side),
        step=step,
        spacing_mm=spacing_mm,
        window_hu=EVERYTHING_HU,
        looks=looks,
    )
    middle = THICKNESS // 2
    low, high = EVERYTHING_HU
    hounsfield = drawn.image[middle].numpy() * (high - low) + low
    picture = np.stack([np.clip((hounsfield - first) / (last - first), 0, 1) for first, last in WINDOWS_HU])
    return Example(picture.astype(np.float32), np.isin(drawn.structures[middle].numpy(), INSIDE_THE_WALL))


def encode(
    folder: Path,
    scans: Sequence[Scanned],
    seed: int,
    count: int,
    load: Callable[[], Promptable],
    *,
    spacing_mm: float,
    looks: Looks | None = None,
    progress: Tell,
) -> Encoded:
    """So many examples, of each scan in turn, through the encoder; goes on where an earlier call ended.

    `load` gives the model, and is not asked where all is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    embeddings = _mapped(folder / f"{seed}.embeddings.npy", (count, *EMBEDDING), np.float16)
    walls = _mapped(folder / f"{seed}.walls.npy", (count, *SQUARE), np.uint8)
    mark = folder / f"{seed}.done"
    first = int(mark.read_text(encoding="ascii")) if mark.exists() else 0
    if first == count:
        return Encoded(embeddings, walls)
    model = load()
    for number in range(first, count):
        scan, rng = scans[number % len(scans)], np.random.default_rng([seed, number])
        drawn = draw_example(scan, rng, side=SQUARE[0], spacing_mm=spacing_mm, looks=looks or Looks())
        embeddings[number], walls[number] = model.embed(drawn.picture), drawn.wall
        mark.write_text(str(number + 1), encoding="ascii")
        progress("training slices encoded", number + 1, count)
    return Encoded(embeddings, walls)


def _mapped(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """The array on the disk; a new one where there is none of this shape."""
    if path.exists():
        kept: NDArray[Any] = np.load(path, mmap_mode="r+")
        if kept.shape == shape:
            return kept
        path.with_name(path.name.split(".")[0] + ".done").unlink(missing_ok=True)
    made: NDArray[Any] = np.lib.format.open_memmap(path, "w+", dtype, shape)
    return made
