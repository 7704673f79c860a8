"""Training windows: shapes stay, intensities do not, and equal seeds give equal windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from services.phantom.structures import Structure
from services.segmentation.randomisation import Looks, Window, draw_window, scale_window
from tests.services.segmentation.tiny import SIDE, tiny_scan

STILL = Looks(plain=1, jitter_hu=0, turn_degrees=0, scale=(1, 1), bend_mm=0, noise_hu=1, thick=0, cut=0)
"""Nothing moves and hardly anything changes: only the small share by which every tissue differs is left."""


def draw(seed: int, looks: Looks = Looks(), *, step: float = 1.0, patch: int = 32) -> Window:  # noqa: B008 -- frozen
    middle = [20.0 if step > 1 else (SIDE - 1) / 2] * 3
    rng = np.random.default_rng(seed)
    where = {"centre": middle, "patch": (patch, patch, patch), "step": step, "spacing_mm": 2.0}
    return draw_window(tiny_scan(), rng, **where, window_hu=(-200, 500), looks=looks)  # type: ignore[arg-type]


@pytest.mark.parametrize(("hounsfield", "scaled"), [(-1000, 0), (-200, 0), (150, 0.5), (500, 1), (3000, 1)])
def test_hounsfield_units_are_clipped_to_the_window_and_scaled(hounsfield: float, scaled: float) -> None:
    assert scale_window(torch.tensor([hounsfield]), (-200, 500)).item() == scaled


def test_equal_seeds_give_equal_windows_and_others_do_not() -> None:
    one, same, other = draw(1), draw(1), draw(2)
    assert torch.equal(one.image, same.image)
    assert torch.equal(one.structures, same.structures)
    assert not torch.equal(one.image, other.image)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_window_holds_numbers_from_0_to_1_and_structures_of_its_scan(seed: int) -> None:
    image, structures, _ = draw(seed)
    assert image.shape == structures.shape == (32, 32, 32)
    assert bool(torch.isfinite(image).all())
    assert 0 <= float(image.min()) <= float(image.max()) <= 1
    known = {Structure.BACKGROUND, Structure.LUMEN, Structure.THROMBUS, Structure.FAT}
    assert set(structures.unique().tolist()) <= {int(one) for one in known}


def test_with_nothing_moved_the_structures_are_those_of_the_scan() -> None:
    expected = torch.from_numpy(tiny_scan().labels[4:36, 4:36, 4:36].astype(np.int64))
    assert torch.equal(draw(3, STILL).structures, expected)


@pytest.mark.parametrize("cut", [0, 1])
def test_readers_are_looked_up_where_structures_are_and_change_no_image(cut: int) -> None:
    """A reader who writes down every structure's number has the same window as the structures."""
    scan, looks = tiny_scan(), Looks(cut=cut)
    alone, read = (
        draw_window(
            one, np.random.default_rng(7), centre=(14, 20, 20), patch=(32, 32, 32), step=1.0, spacing_mm=2.0,
            window_hu=(-200, 500), looks=looks,
        )
        for one in (scan, scan._replace(readers=scan.labels))
    )  # fmt: skip
    assert torch.equal(read.readers, read.structures)  # type: ignore[arg-type]
    assert torch.equal(alone.image, read.image)
    assert torch.equal(alone.structures, read.structures)


def test_every_second_voxel_is_taken_for_a_grid_twice_as_coarse() -> None:
    """Offsets are -15, -13 ... 15 around voxel 20, which is 5, 7 ... 35."""
    expected = torch.from_numpy(tiny_scan().labels[5:36:2, 5:36:2, 5:36:2].astype(np.int64))
    assert torch.equal(draw(3, STILL, step=2, patch=16).structures, expected)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_lumen_with_contrast_stays_brighter_than_the_thrombus(seed: int) -> None:
    image, structures, _ = draw(seed, Looks(noise_hu=1, thick=0, cut=0, blur_voxels=0.4))
    lumen, thrombus = (image[structures == one] for one in (Structure.LUMEN, Structure.THROMBUS))
    if len(lumen) > 500 and len(thrombus) > 500 and float(thrombus.mean()) > 0.02:
        assert float(lumen.mean()) > float(thrombus.mean())


def test_intensities_go_far_from_what_was_scanned() -> None:
    """Fat is -100 HU in the scan, 0.14 in the window; over forty draws it is seen dark, grey and bright."""
    seen = []
    for seed in range(40):
        image, structures, _ = draw(seed)
        seen.append(float(image[structures == Structure.FAT].mean()))
    assert min(seen) < 0.1
    assert max(seen) > 0.5


def test_beyond_the_scan_there_is_air_and_no_structure() -> None:
    rng = np.random.default_rng(5)
    window = draw_window(
        tiny_scan(), rng, centre=(-100, -100, -100), patch=(16, 16, 16), step=1, spacing_mm=2.0,
        window_hu=(-200, 500), looks=STILL,
    )  # fmt: skip
    assert int(window.structures.max()) == Structure.BACKGROUND
    assert float(window.image.max()) == 0
