"""A slice is encoded once, whoever asks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.segmentation.promptable.embeddings import IN_MEMORY, Embedded, View
from services.segmentation.promptable.frames import Frame, whole
from tests.services.segmentation.promptable.bright import BrightInside

if TYPE_CHECKING:
    from numpy.typing import NDArray

VOLUME = np.arange(50 * 8 * 6, dtype=np.int16).reshape(50, 8, 6)
AXIAL = whole((8, 6), (1, 1), BrightInside.side)
WINDOW = ((0.0, 2400.0),)


class InADict:
    """Keeps everything, and counts."""

    def __init__(self) -> None:
        self.kept: dict[View, NDArray[np.float16]] = {}

    def get(self, view: View) -> NDArray[np.float16] | None:
        return self.kept.get(view)

    def put(self, view: View, embedding: NDArray[np.float16]) -> None:
        self.kept[view] = embedding


def test_a_slice_is_encoded_once() -> None:
    model = BrightInside()
    volume = Embedded(model, VOLUME, WINDOW)
    first = volume.embedding(0, 3, AXIAL)
    assert (volume.embedding(0, 3, AXIAL) == first).all()
    assert model.encoded == 1
    assert (first == model.embed(AXIAL.picture(VOLUME[3], WINDOW))).all()


def test_slices_of_other_planes_are_their_own() -> None:
    volume = Embedded(BrightInside(), VOLUME, WINDOW)
    coronal = volume.embedding(1, 3, whole((50, 6), (1, 1), 64))
    expected = whole((50, 6), (1, 1), 64).picture(VOLUME[:, 3], WINDOW)
    assert (coronal == expected.astype(np.float16)).all()


def test_what_is_kept_is_not_encoded_again() -> None:
    kept = InADict()
    Embedded(BrightInside(), VOLUME, WINDOW, kept).embedding(0, 3, AXIAL)
    later = BrightInside()
    Embedded(later, VOLUME, WINDOW, kept).embedding(0, 3, AXIAL)
    assert later.encoded == 0


def test_other_weights_windows_parts_and_slices_are_other_views() -> None:
    kept = InADict()
    for model, windows, index, frame in (
        (BrightInside(), WINDOW, 3, AXIAL),
        (BrightInside("c" * 64), WINDOW, 3, AXIAL),
        (BrightInside(), ((0.0, 100.0),), 3, AXIAL),
        (BrightInside(), WINDOW, 4, AXIAL),
        (BrightInside(), WINDOW, 3, Frame((1, 0), (7, 6), (1, 1), 64)),
        (BrightInside(), WINDOW, 3, whole((8, 6), (1, 1.5), 64)),
    ):
        Embedded(model, VOLUME, windows, kept).embedding(0, index, frame)
    assert len(kept.kept) == 6


def test_memory_holds_the_last_ones_only() -> None:
    model = BrightInside()
    volume = Embedded(model, VOLUME, WINDOW)
    for index in range(IN_MEMORY + 1):
        volume.embedding(0, index, AXIAL)
    volume.embedding(0, IN_MEMORY, AXIAL)
    assert model.encoded == IN_MEMORY + 1
    volume.embedding(0, 0, AXIAL)
    assert model.encoded == IN_MEMORY + 2
