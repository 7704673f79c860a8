"""All scores of one map, and that voxels of another size hardly change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.records import Region
from services.aggregation.common_grid import SPACING_MM, on_common_grid
from services.aggregation.maps import EMPTY
from services.aggregation.names import (
    DEFAULT,
    KEYS,
    MEASURES,
    METAS,
    OF_MAP,
    SIZE,
    SORTABLE,
    Strategy,
    Where,
    direction,
    key_of,
    parse,
)
from services.aggregation.of_case import NOT_FITTED, of_maps, rows_of
from services.aggregation.scores import Score, scores_of, volume_of
from services.uncertainty.names import Measure

Three = tuple[float, float, float]


def ball(spacing: Three, size_mm: float = 72.0) -> tuple[np.ndarray, np.ndarray]:
    """A ball of 20 mm in the middle, and doubt that falls off from its surface over some millimetres."""
    axes = [(np.arange(round(size_mm / step)) + 0.5) * step - size_mm / 2 for step in spacing]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    away = np.sqrt(k**2 + j**2 + i**2) - 20
    return (0.9 * np.exp(-((away / 4) ** 2))).astype(np.float32), np.where(away < 0, 1, 0).astype(np.uint8)


def found(spacing: Three) -> dict[str, Score]:
    values, labels = ball(spacing)
    region = Region((0, 0, 0), values.shape)
    grid = on_common_grid({Measure.PREDICTIVE: values}, labels, region, values.shape, spacing)
    return {one.key: one for one in of_maps(grid, None)}


def test_every_key_is_short_and_says_what_it_names() -> None:
    assert max(map(len, KEYS)) <= 100
    assert DEFAULT == "predictive entropy, foreground-ratio quantile, around the aorta"
    for key, named in KEYS.items():
        assert parse(key) == named
        assert named.measure is None or key_of(named.measure, named.strategy, named.where or Where.WHOLE) == key
    assert {direction(one) for one in Strategy} == {1, -1}
    assert parse("mean") is None
    assert (DEFAULT in SORTABLE, SIZE in SORTABLE, set(SORTABLE) < set(KEYS)) == (True, True, True)


def test_a_map_has_every_strategy_in_both_places_and_each_says_how_it_was_made() -> None:
    rows = found((2.0, 2.0, 2.0))
    places = {Where.AORTA: (*OF_MAP, *METAS), Where.WHOLE: OF_MAP}
    assert set(rows) == {key_of(Measure.PREDICTIVE, one, where) for where, every in places.items() for one in every}
    assert rows[DEFAULT].parameters == {"divided_by": "ln K", "grid_mm": [2.0, 2.0, 2.0], "reach_mm": 6.0}
    patch = rows[key_of(Measure.PREDICTIVE, Strategy.PATCH_10, Where.WHOLE)]
    assert (patch.parameters["patch_mm"], patch.unit, patch.region) == (10.0, "1", "whole image")
    assert {row.reason for row in rows.values() if row.strategy in METAS} == {NOT_FITTED}


def test_around_the_aorta_there_is_more_doubt_than_over_the_whole_image() -> None:
    rows = found((2.0, 2.0, 2.0))
    around, whole = (rows[key_of(Measure.PREDICTIVE, Strategy.MEAN, where)].value for where in Where)
    assert around > 2 * whole


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.9, 0.9)])
def test_voxels_of_another_size_change_scores_little(spacing: Three) -> None:
    """On their own voxels neighbours of the finer map would be far more alike."""
    expected, rows = found((2.0, 2.0, 2.0)), found(spacing)
    for key, row in expected.items():
        if row.strategy not in METAS and not row.reason:
            assert rows[key].value == pytest.approx(row.value, abs=0.05), key


def test_where_nothing_is_predicted_all_around_the_aorta_is_undefined() -> None:
    rows = scores_of(np.full((6, 6, 6), 0.2), np.zeros((6, 6, 6), np.uint8), SPACING_MM, measure=Measure.MUTUAL)
    around = [one for one in rows if one.region == Where.AORTA]
    assert {one.reason for one in around} == {EMPTY}
    assert all(math.isnan(one.value) for one in around)
    whole = {one.strategy: one for one in rows if one.region == Where.WHOLE}
    assert whole[Strategy.MEAN].value == pytest.approx(0.2)


def test_the_predicted_volume_is_in_millilitres_and_nothing_is_0_of_it() -> None:
    labels = np.zeros((10, 10, 10), np.uint8)
    assert volume_of(labels, (2.0, 1.0, 1.0)).value == 0
    labels[:5] = 2
    assert (volume_of(labels, (2.0, 1.0, 1.0)).value, volume_of(labels, SPACING_MM).unit) == (1.0, "mL")


def test_a_map_that_is_missing_has_one_row_with_the_reason() -> None:
    (row,) = [
        row
        for row in rows_of(list(found(SPACING_MM).values()), "a 1", {Measure.MUTUAL: "one member"})
        if "mutual" in row.name
    ]
    assert (row.value, row.reason, row.name) == (
        None,
        "one member",
        key_of(MEASURES[1], Strategy.FOREGROUND, Where.AORTA),
    )


@given(st.tuples(*[st.sampled_from([0.7, 1.0, 2.0, 3.3, 5.0])] * 3), st.integers(0, 99))
@settings(max_examples=25)
def test_what_goes_on_a_common_grid_keeps_its_sum_and_ends_in_zeros(spacing: Three, seed: int) -> None:
    """In mm^3, away from the image's ends."""
    rng = np.random.default_rng(seed)
    region, image = Region((20, 21, 22), (9, 8, 7)), (60, 60, 60)
    values = rng.random(region.shape).astype(np.float32)
    before = values.copy()
    grid = on_common_grid({Measure.PREDICTIVE: values}, np.ones(region.shape, np.uint8), region, image, spacing)
    spread = grid.maps[Measure.PREDICTIVE]
    assert spread.sum() * 8 == pytest.approx(values.sum() * math.prod(spacing), rel=0.15)
    assert all(not np.take(spread, end, axis).any() for axis in range(3) for end in (0, -1))
    assert np.array_equal(values, before)
