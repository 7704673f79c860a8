"""What the encoder made of a slice, computed once: from memory, from where it is kept, or new."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.segmentation.promptable.frames import Frame
    from services.segmentation.promptable.prompts import Promptable

PICTURES = "1"
"""Version of the way from a slice to a picture; another one makes other embeddings."""
IN_MEMORY = 32
"""Embeddings that are kept at hand, 2 MB each for LiteMedSAM."""
SHOWN_LETTERS = 16
"""Of a SHA-256: enough to tell weights apart."""


class View(NamedTuple):
    """Which slice is seen, which part of it, by whom and how: what an embedding is kept under."""

    model: str
    windows: str
    axis: int
    slice_index: int
    frame: str


class Embeddings(Protocol):
    """Where embeddings of one volume are kept. May lose any of them at any time."""

    def get(self, view: View) -> NDArray[np.float16] | None:
        """The embedding (channels, rows, columns) of a view; None where it is not there, or damaged."""

    def put(self, view: View, embedding: NDArray[np.float16]) -> None:
        """Keep one, in place of one before."""


class NotKept:
    """Keeps nothing: each volume is encoded anew."""

    def get(self, view: View) -> NDArray[np.float16] | None:
        """See `Embeddings`."""
        return None

    def put(self, view: View, embedding: NDArray[np.float16]) -> None:
        """See `Embeddings`."""


class Embedded:
    """One volume as one model sees it."""

    def __init__(
        self,
        model: Promptable,
        hounsfield: NDArray[np.int16],
        windows_hu: Sequence[tuple[float, float]],
        embeddings: Embeddings | None = None,
    ) -> None:
        """`hounsfield` [k, j, i]; one window for all channels of a picture, or three."""
        self.model, self.windows_hu = model, tuple(windows_hu)
        self._hounsfield = hounsfield
        self._kept = embeddings or NotKept()
        self._at_hand: OrderedDict[View, NDArray[np.float16]] = OrderedDict()

    def embedding(self, axis: int, index: int, frame: Frame) -> NDArray[np.float16]:
        """Of a frame of the slice `index` along an axis of the volume. Encoding takes about a second, reading 10 ms."""
        view = self._view(axis, index, frame)
        if view not in self._at_hand:
            self._at_hand[view] = self._read_or_encoded(view, frame)
        self._at_hand.move_to_end(view)
        while len(self._at_hand) > IN_MEMORY:
            self._at_hand.popitem(last=False)
        return self._at_hand[view]

    def _read_or_encoded(self, view: View, frame: Frame) -> NDArray[np.float16]:
        kept = self._kept.get(view)
        if kept is None:
            slice_hu: NDArray[np.int16] = np.take(self._hounsfield, view.slice_index, axis=view.axis)
            kept = self.model.embed(frame.picture(slice_hu, self.windows_hu))
            self._kept.put(view, kept)
        return kept

    def _view(self, axis: int, index: int, frame: Frame) -> View:
        windows = " ".join(f"{low:g}..{high:g}" for low, high in self.windows_hu)
        (row, column), (rows, columns), (row_mm, column_mm) = frame.first, frame.shape, frame.spacing_mm
        part = f"{PICTURES}: {row},{column} {rows}x{columns} {row_mm:.4f}x{column_mm:.4f} {frame.side}"
        return View(_name(self.model), windows, axis, index, part)


def _name(model: Promptable) -> str:
    """Name and version, and which weights these are."""
    weights = cast("Sequence[str]", model.identity["weights_sha256"])
    return " ".join([model.key, *(digest[:SHOWN_LETTERS] for digest in weights)])
