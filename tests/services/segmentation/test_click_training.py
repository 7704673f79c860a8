"""Learning to follow clicks: the squares and masks that it begins from, and a short training that can be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import ndimage

from services.drawings import dice
from services.segmentation.promptable import click_network
from services.segmentation.promptable.click_network import SIDE, load_click_model
from services.segmentation.promptable.click_training import ClickRecipe, ClickTrainer, train_clicks
from services.segmentation.promptable.click_windows import draw_sample, draw_squares, kept_squares, wrong_mask
from services.segmentation.promptable.simulated_clicks import next_click
from services.segmentation.training_set import TRAINING_SEED
from tests.services.segmentation.click_models import disc
from tests.services.segmentation.tiny import tiny_scan

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.promptable.click_windows import Squares
    from tests.services.conftest import Run

RECIPE = ClickRecipe(steps=8, batch=2, squares=4, scans=2)


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def squares() -> Squares:
    return draw_squares([tiny_scan(0), tiny_scan(1)], seed=1, count=4, progress=silent)


def same(one: Squares, other: Squares) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in one._fields)


def test_squares_are_the_same_for_the_same_seed_and_show_the_vessel(squares: Squares) -> None:
    again = draw_squares([tiny_scan(0), tiny_scan(1)], seed=1, count=4, progress=silent)
    assert same(squares, again)
    assert squares.hounsfield.shape == (4, SIDE, SIDE)
    assert (squares.structures == 1).any(axis=(1, 2)).all()


def test_squares_are_drawn_once_and_kept(tmp_path: Path, squares: Squares) -> None:
    scans = [tiny_scan(0), tiny_scan(1)]
    first = kept_squares(tmp_path / "squares.npz", scans, 1, 4, progress=silent)
    second = kept_squares(tmp_path / "squares.npz", [], 1, 4, progress=silent)
    assert same(first, squares)
    assert same(second, squares)


def test_a_sample_has_one_connected_target(squares: Squares) -> None:
    for seed in range(12):
        sample = draw_sample(squares, np.random.default_rng(seed))
        assert ndimage.label(sample.wanted, np.ones((3, 3)))[1] == 1


def test_wrong_masks_are_wrong_and_about_the_same_thing() -> None:
    wanted = disc((SIDE, SIDE), (48, 48), 20)
    masks = [wrong_mask(wanted, 1.0, np.random.default_rng(seed)) for seed in range(20)]
    scores = [dice(mask, wanted) or 0 for mask in masks]
    assert 0.5 < np.median(scores) < 0.98
    assert len(set(scores)) == len(scores)


def test_a_click_goes_to_the_middle_of_the_largest_wrong_piece_and_says_what_is_wanted_there() -> None:
    wanted, mask = disc((60, 60), (20, 20), 9), disc((60, 60), (45, 45), 5)
    rng = np.random.default_rng(0)
    assert next_click(mask, wanted, rng, (0, 0)) == (20, 20, True)
    assert next_click(mask | wanted, wanted, rng, (0, 0)) == (45, 45, False)
    assert next_click(wanted, wanted, rng, (0, 0)) is None


def test_a_click_that_misses_the_middle_still_lies_on_what_is_wrong() -> None:
    wanted, mask = disc((60, 60), (20, 20), 2), np.zeros((60, 60), dtype=bool)
    clicks = [next_click(mask, wanted, np.random.default_rng(seed), (2, 4)) for seed in range(30)]
    assert all(click is not None and wanted[int(click.row), int(click.column)] for click in clicks)
    assert len(set(clicks)) > 5


def test_a_short_training_repeats_itself_and_goes_on_after_an_interruption(tmp_path: Path, squares: Squares) -> None:
    whole, early = ClickTrainer(RECIPE, squares), ClickTrainer(RECIPE, squares)
    whole.run(tmp_path / "whole", progress=silent)
    for _ in range(3):
        early.advance()
    early.save(tmp_path / "early")
    resumed = ClickTrainer(RECIPE, squares)
    resumed.run(tmp_path / "early", progress=silent)
    assert whole.losses == resumed.losses
    kept, other = whole.average.state_dict(), resumed.average.state_dict()
    assert all(torch.equal(kept[name], other[name]) for name in kept)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path, squares: Squares) -> None:
    ClickTrainer(RECIPE, squares).save(tmp_path / "one")
    with pytest.raises(ValueError, match="another recipe"):
        ClickTrainer(ClickRecipe(seed=2), squares).load(tmp_path / "one")


def test_a_training_leaves_weights_with_a_card_that_can_be_loaded(tmp_path: Path) -> None:
    write_tiny_scans(tmp_path)
    trained = train_clicks(ClickRecipe(steps=1, batch=2, squares=2, scans=2), tmp_path, progress=silent)
    assert trained.weights.parent == tmp_path / "clicks"
    assert load_click_model(tmp_path / "clicks").identity["model"] == f"{click_network.NAME}@1"


def test_the_command_trains_it_and_says_how_large_it_became(tmp_path: Path, run: Run) -> None:
    write_tiny_scans(tmp_path)
    code, out, _ = run("train", "clicks", str(tmp_path), "--steps", "1", "--scans", "2")
    assert code == 0
    assert out.startswith("Trained: 1 network (")
    assert "1 steps; loss" in out


def write_tiny_scans(folder: Path) -> None:
    """Two scans where the training would generate its own."""
    scans = folder / "scans"
    scans.mkdir()
    for number in range(2):
        scan = tiny_scan(number)
        np.save(scans / f"{TRAINING_SEED + number}.hounsfield.npy", scan.hounsfield)
        np.save(scans / f"{TRAINING_SEED + number}.labels.npy", scan.labels)
