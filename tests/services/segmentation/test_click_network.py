"""What the network behind corrections sees, and the one that is shipped: whole, small, and better with a click."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.drawings import dice
from services.errors import InputRefused
from services.segmentation import registry
from services.segmentation.promptable import click_network
from services.segmentation.promptable.click_network import CARD, SHIPPED, SIDE, load_click_model, network_input
from services.segmentation.promptable.clicked_view import AIR_HU, View, discs
from services.segmentation.promptable.correcting import GLOBAL_CLICKS, correct
from services.segmentation.promptable.prompts import Click
from tests.services.segmentation.click_models import disc, vessel

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 3 * 2**20


def test_a_view_shows_the_slice_and_its_mask_comes_back() -> None:
    hounsfield, wanted = vessel()
    view = View((40.0, 36.0), 0.75, SIDE, (1.0, 1.0))
    assert view.hounsfield(hounsfield)[SIDE // 2, SIDE // 2] == 200
    back = view.on_slice(view.mask(wanted).astype(np.float32), wanted.shape)
    assert (dice(back > 0.5, wanted) or 0) > 0.98
    assert np.isnan(back[0, 0])


def test_beyond_the_slice_a_view_shows_air_and_no_mask() -> None:
    hounsfield, wanted = vessel()
    view = View((0.0, 0.0), 1.0, SIDE, (1.0, 1.0))
    assert view.hounsfield(hounsfield)[0, 0] == AIR_HU
    assert not view.mask(~wanted)[0, 0]


def test_voxels_that_are_not_square_are_seen_as_long_as_they_are() -> None:
    lying = np.zeros((20, 60), dtype=bool)
    lying[5:15, 15:45] = True
    seen = View((9.5, 29.5), 0.5, SIDE, (3.0, 1.0)).mask(lying)
    assert [int(seen.any(axis=axis).sum()) for axis in (1, 0)] == pytest.approx([60, 60], abs=2)


def test_clicks_of_each_kind_lie_on_the_view_where_they_lie_on_the_slice() -> None:
    view = View((40.0, 36.0), 0.5, SIDE, (1.0, 1.0))
    clicks = (Click(40, 36), Click(30, 36, positive=False))
    rows, columns = view.places(clicks, positive=True)
    assert (rows.tolist(), columns.tolist()) == ([47.5], [47.5])
    assert view.places(clicks, positive=False)[0].tolist() == [27.5]


def test_discs_are_nothing_without_a_click_and_ellipses_where_asked() -> None:
    none = np.zeros(0)
    assert not discs((9, 9), none, none, (3, 3)).any()
    one = discs((9, 9), np.array([4.0]), np.array([4.0]), (1, 3))
    assert (one.sum(axis=0).max(), one.sum(axis=1).max()) == (3, 7)


def test_the_network_sees_three_windows_two_kinds_of_clicks_and_the_mask_of_before() -> None:
    plane = np.full((SIDE, SIDE), 40.0, np.float32)
    yes, no = np.ones((SIDE, SIDE), dtype=bool), np.zeros((SIDE, SIDE), dtype=bool)
    seen = network_input(plane, yes, no, yes)
    assert seen.dtype == np.float32
    assert seen.shape == (6, SIDE, SIDE)
    assert seen[:, 0, 0].tolist() == pytest.approx([0.5, 140 / 600, 540 / 1500, 1, 0, 1])


def test_the_shipped_network_is_small_and_is_no_model_that_outlines_by_itself() -> None:
    identity = load_click_model().identity
    assert identity["model"] == f"{click_network.NAME}@1"
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < LARGEST_BYTES
    assert all(card.folder != SHIPPED for card in registry.shipped())


def test_the_shipped_network_outlines_a_vessel_from_five_clicks_and_the_same_each_time() -> None:
    hounsfield, wanted = vessel(brightness=260)
    noisy = (hounsfield + np.random.default_rng(1).normal(0, 12, hounsfield.shape)).astype(np.int16)
    model, mask = load_click_model(), np.zeros_like(wanted)
    clicks = (Click(40, 36), Click(33, 36), Click(47, 36), Click(40, 66, positive=False), Click(40, 29))
    for number in range(GLOBAL_CLICKS):
        mask = correct(noisy, (1.0, 1.0), mask, clicks[: number + 1], count=number + 1, model=model).mask
    assert (dice(mask, wanted) or 0) > 0.85
    again = load_click_model().predict(noisy[:64, :64].astype(np.float32), *[disc((64, 64), (30, 30), 3)] * 3)
    before = model.predict(noisy[:64, :64].astype(np.float32), *[disc((64, 64), (30, 30), 3)] * 3)
    np.testing.assert_array_equal(again, before)


def test_a_network_that_is_not_the_one_of_its_card_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "clicks")
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(InputRefused, match="SHA-256"):
        load_click_model(folder)
    (folder / CARD).write_text("name = 3")
    with pytest.raises(InputRefused, match="Install Second Look again"):
        load_click_model(folder)
