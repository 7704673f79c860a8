"""Slices to learn from: with their outer walls, the same each time, and not encoded twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.phantom.structures import Structure
from services.segmentation.promptable.self_prompt_set import EMBEDDING, draw_example, encode
from services.segmentation.randomisation import Looks
from services.segmentation.training_set import Scanned
from tests.services.segmentation.promptable.bright import BrightInside

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Promptable

STILL = Looks(plain=1, jitter_hu=0, turn_degrees=0, bend_mm=0, noise_hu=1.1, cut=0, thick=0, scale=(1, 1.001))


def scan() -> Scanned:
    """A body of 240 mm with a bright aorta of 24 mm before its middle, in the lower half of the slices."""
    row, column = np.mgrid[:140, :140]
    body = np.hypot(row - 70, column - 70) < 60
    aorta = np.hypot(row - 74, column - 66) < 6
    hounsfield = np.full((40, 140, 140), -1000, dtype=np.int16)
    labels = np.zeros(hounsfield.shape, dtype=np.uint8)
    hounsfield[:, body] = 40
    hounsfield[:20, aorta], labels[:20, aorta] = 320, Structure.LUMEN
    return Scanned(hounsfield, labels)


class Shrinks(BrightInside):
    """Its embedding is the picture's first channel, smaller."""

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        self.encoded += 1
        return np.broadcast_to(picture[0, ::4, ::4], EMBEDDING).astype(np.float16)


def drawn(seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return draw_example(scan(), np.random.default_rng(seed), side=256, spacing_mm=2.0, looks=STILL)


def test_what_is_marked_is_the_bright_vessel() -> None:
    walls = [drawn(seed) for seed in range(8)]
    assert {bool(wall.any()) for _, wall in walls} == {True, False}
    for picture, wall in walls:
        assert picture.shape == (3, 256, 256)
        assert picture.min() >= 0
        assert picture.max() <= 1
        if wall.any():
            assert picture[0][wall].mean() > picture[0][~wall].mean() + 0.15


def test_the_vessel_is_as_large_as_the_field_says() -> None:
    """24 mm across on 176 to 242 mm: a tenth or more of the side, its square by pi / 4."""
    for _, wall in map(drawn, range(8)):
        if wall.any():
            across = 2 * np.sqrt(wall.sum() / np.pi) / 256
            assert 23 / 242 < across < 25 / 176


def test_an_interrupted_encoding_goes_on_and_gives_the_same(tmp_path: Path) -> None:
    model, late = Shrinks(), Shrinks()

    def load() -> Promptable:
        return model

    def stop_at_two(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    whole = encode(tmp_path / "whole", [scan()], 5, 4, load, spacing_mm=2.0, progress=lambda *_: None)
    try:
        encode(tmp_path / "cut", [scan()], 5, 4, load, spacing_mm=2.0, progress=stop_at_two)
    except KeyboardInterrupt:
        rest = encode(tmp_path / "cut", [scan()], 5, 4, lambda: late, spacing_mm=2.0, progress=lambda *_: None)
    assert late.encoded == 2
    assert np.array_equal(rest.embeddings, whole.embeddings)
    assert np.array_equal(rest.walls, whole.walls)


def test_where_all_is_encoded_no_model_is_loaded(tmp_path: Path) -> None:
    first = encode(tmp_path, [scan()], 5, 2, Shrinks, spacing_mm=2.0, progress=lambda *_: None)

    def load() -> Promptable:
        raise AssertionError

    again = encode(tmp_path, [scan()], 5, 2, load, spacing_mm=2.0, progress=lambda *_: None)
    assert np.array_equal(first.walls, again.walls)
