"""Moran's I, Geary's C and local measures of small maps worked by hand, against windows one by one, and bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from services.aggregation import spatial_mass, windows
from services.aggregation.autocorrelation import FLAT, sums_of
from services.aggregation.maps import DoubtMap
from services.aggregation.names import MASSES, Strategy
from services.aggregation.spatial_mass import mass_ratios

Numbers = NDArray[np.float64]


@st.composite
def maps(draw: st.DrawFn) -> Numbers:
    """2D or 3D, with ties."""
    shape = tuple(draw(st.lists(st.integers(3, 7), min_size=2, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(draw(st.integers(2, 9)), size=shape) / 8


def of(values: Numbers, **more: object) -> DoubtMap:
    return DoubtMap.of(values, np.zeros(values.shape, np.uint8), **more)  # type: ignore[arg-type]


def checkerboard(*shape: int) -> Numbers:
    return np.asarray(np.indices(shape).sum(axis=0) % 2, np.float64)


@pytest.mark.parametrize("shape", [(6, 8), (4, 4, 6)])
def test_on_a_checkerboard_every_neighbour_is_the_opposite(shape: tuple[int, ...]) -> None:
    """I = -1. C = (n - 1) 2P / (2 * 2P * n/4) = 2 (n - 1) / n with P pairs, all of which differ by 1."""
    found, n = sums_of(of(checkerboard(*shape))), math.prod(shape)
    assert found.moran.value == pytest.approx(-1)
    assert found.geary.value == pytest.approx(2 * (n - 1) / n)


def test_two_halves_by_hand() -> None:
    """4 x 2, upper half 1: z = 1/2 everywhere in size; of 10 pairs 8 alike and 2 not: I = (8 - 2) / 10.

    C = (n - 1) sum over ordered pairs / (2 S0 sum z^2) = 7 * 4 / (2 * 20 * 2).
    """
    found = sums_of(of(np.repeat([[1.0], [1.0], [0.0], [0.0]], 2, axis=1)))
    assert found.moran.value == pytest.approx(0.6)
    assert found.geary.value == pytest.approx(0.35)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_flat_map_has_neither(value: float) -> None:
    found = sums_of(of(np.full((4, 5), value)))
    assert (found.moran.reason, found.geary.reason) == (FLAT, FLAT)
    assert math.isnan(found.moran.value)


@given(maps(), st.integers(1, 3))
def test_an_image_beyond_the_box_counts_as_if_its_zeros_were_there(values: Numbers, margin: int) -> None:
    wide = sums_of(of(np.pad(values, margin)))
    box = sums_of(of(np.pad(values, 1), image=tuple(length + 2 * margin for length in values.shape)))
    assert box.moran.value == pytest.approx(wide.moran.value, nan_ok=True)
    assert box.geary.value == pytest.approx(wide.geary.value, nan_ok=True)


@given(maps(), st.integers(1, 3))
def test_only_pairs_within_the_region_count(values: Numbers, margin: int) -> None:
    rng = np.random.default_rng(margin)
    around = rng.random([length + 2 * margin for length in values.shape])
    place = tuple(slice(margin, margin + length) for length in values.shape)
    around[place] = values
    inside = np.zeros(around.shape, bool)
    inside[place] = True
    found, expected = sums_of(of(around, inside=inside)), sums_of(of(values))
    assert found.moran.value == pytest.approx(expected.moran.value, nan_ok=True)
    assert found.geary.value == pytest.approx(expected.geary.value, nan_ok=True)


@given(maps())
def test_both_know_neither_scale_nor_shift(values: Numbers) -> None:
    found, other = sums_of(of(values)), sums_of(of(0.25 + values / 4))
    assert found.moran.value == pytest.approx(other.moran.value, nan_ok=True)
    assert found.geary.value == pytest.approx(other.geary.value, nan_ok=True)


def by_hand(window: Numbers) -> dict[Strategy, float]:
    """The measures of one window, by their definitions."""
    moran = sums_of(of(window)).moran.value
    shares = np.histogram(window, bins=4, range=(0, 1))[0] / window.size
    entropy = -sum(share * math.log(share, 4) for share in shares if share)
    gradients = [ndimage.sobel(window, axis, mode="reflect") for axis in range(window.ndim)]
    steep = np.sqrt(np.square(gradients).sum(axis=0)) > 0.2 * 4.0 ** (window.ndim - 2)
    return {
        Strategy.MORAN_MASS: moran if math.isnan(moran) else max(0.0, moran),
        Strategy.EDGE_MASS: float(steep.mean()),
        Strategy.ENTROPY_MASS: entropy,
    }


@given(maps())
@settings(max_examples=20)
def test_sums_over_blocks_are_what_windows_say_one_by_one(values: Numbers) -> None:
    inner = values[(slice(0, 3),) * values.ndim]
    for strategy, expected in by_hand(inner).items():
        found = spatial_mass.LOCAL[strategy](values)[(0,) * values.ndim]
        assert found == pytest.approx(expected, nan_ok=True), strategy


@given(maps())
@settings(max_examples=40)
def test_ratios_lie_between_0_and_1_and_moran_never_reaches_its_bound(values: Numbers) -> None:
    bound = {Strategy.MORAN_MASS: 0.54 if values.ndim == 2 else 0.71}
    for strategy in MASSES:
        (found,) = mass_ratios(values, strategy, [None])
        assert math.isnan(found.value) == bool(found.reason)
        assert math.isnan(found.value) or -1e-12 <= found.value <= bound.get(strategy, 1.0) + 1e-12


@given(maps())
@settings(max_examples=20)
def test_a_mirrored_map_has_the_same_ratios(values: Numbers) -> None:
    for strategy in MASSES:
        (found,), (mirrored,) = (mass_ratios(one, strategy, [None]) for one in (values, values[::-1, ::-1]))
        assert found.value == pytest.approx(mirrored.value, nan_ok=True)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).random((9, 11, 13))
    region = values > 0.5
    whole = {one: mass_ratios(values, one, [None, region]) for one in MASSES}
    monkeypatch.setattr(spatial_mass, "BLOCK", (4, 3, 5))
    for one in MASSES:
        found = mass_ratios(values, one, [None, region])
        assert [each.value for each in found] == pytest.approx([each.value for each in whole[one]])


def test_a_step_is_as_much_of_an_edge_in_3d_as_in_2d() -> None:
    """0.06 times the Sobel weights' sum of 4 is above 0.2 in both, 0.04 in neither."""
    for height, edges in ((0.06, True), (0.04, False)):
        flat = np.repeat([[0.5], [0.5], [0.5 + height], [0.5 + height]], 5, axis=1)
        solid = np.repeat(flat[:, :, None], 5, axis=2)
        assert [bool(windows.edge_density(one).any()) for one in (flat, solid)] == [edges, edges]
