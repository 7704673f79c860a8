"""The tab Doubt: each measure of this case, its rank among others, the badge, and the way to the highest value."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dashboard import doubt_cards
from dashboard.cards import DASH
from dashboard.figures.palette import MEASURES
from dashboard.viewer_data import viewer_data
from services import doubts, workflow
from services.uncertainty.figure_names import DISTANCE
from services.uncertainty.names import Measure
from tests import doubted_case
from tests.conftest import ROOT
from tests.dashboard.test_case import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from db.records import CasePage, NewScore
    from services.desk import Desk
    from services.doubts import OfCase

    RunView = Callable[..., AppTest]


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    """Two cases whose doubt is known."""
    keys = [case.key for case in workflow.cases(desk)]
    for number, key in enumerate(keys, start=1):
        doubted_case.store(desk, key, doubted_case.rows(number / 50))
    return keys


@pytest.fixture
def page(desk: Desk, keys: list[str]) -> CasePage:
    return workflow.case_page(desk, keys[1])


@pytest.fixture
def found(desk: Desk, keys: list[str]) -> OfCase:
    return doubts.of_case(desk, keys[1])


def test_the_tab_says_each_measure_with_value_scale_rank_and_sentence(run_view: RunView, keys: list[str]) -> None:
    app = run_view("case", case=keys[1])
    assert not app.exception
    shown = text_of(app)
    for words in (
        "Doubt of aorta 1",
        "Aleatoric",
        "0.0400",
        "on a scale from 0 to 1.00",
        "Higher than in 1 of 1 other case of this model: percentile 100",
        "what the image leaves open".capitalize(),
        "Not shown to separate here",
        "10.0 % of the region",
        "Distance from the training data",
    ):
        assert words in shown


def test_a_case_whose_doubt_was_never_measured_says_so(run_view: RunView, desk: Desk) -> None:
    shown = text_of(run_view("case", case=workflow.cases(desk)[0].key))
    assert "The doubt of this case was not measured yet." in shown


def test_a_missing_part_is_named_with_its_reason(desk: Desk, page: CasePage) -> None:
    doubted_case.store(desk, page.row.key, _without_aleatoric())
    shown = doubt_cards.measures(doubts.of_case(desk, page.row.key), page)
    assert f"<strong>Aleatoric</strong> {DASH} <span>{doubted_case.NO_MAP}</span>" in shown
    assert "<strong>Epistemic</strong> mean" in shown


def test_entropies_stand_first_where_there_is_nothing_else(desk: Desk, page: CasePage) -> None:
    doubted_case.store(desk, page.row.key, doubted_case.rows(variances=False))
    found = doubts.of_case(desk, page.row.key)
    shown = doubt_cards.measures(found, page)
    assert re.findall("<strong>(.*?)</strong>", shown) == [
        "Predictive entropy",
        "Expected entropy",
        "Mutual information",
    ]
    assert "nats" in shown
    assert "Softmax response" in doubt_cards.further(found)


def test_the_way_to_the_highest_value_names_the_place_and_the_layer_that_is_stored(
    desk: Desk, found: OfCase, page: CasePage
) -> None:
    shown = doubt_cards.measures(found, page)
    assert 'data-secondlook-place="7,24,37"' in shown
    assert "Go to its highest value: slice 8" in shown
    assert "data-secondlook-layer" not in shown
    layer = page.layers[0]
    spec = replace(layer.spec, name=Measure.EPISTEMIC.value, author="aorta", author_version="1")
    shown = doubt_cards.measures(found, replace(page, layers=(replace(layer, spec=spec),)))
    assert f'data-secondlook-layer="{layer.id}">Show the map at its highest value: slice 8' in shown


def test_what_the_maps_are_worth_needs_readers(desk: Desk, found: OfCase, page: CasePage) -> None:
    assert "AAC: area above" in doubt_cards.worth(found)
    doubted_case.store(desk, page.row.key, doubted_case.rows(readers=1))
    assert "one reader." in doubt_cards.worth(doubts.of_case(desk, page.row.key))


def test_the_first_case_of_a_model_has_nothing_to_be_compared_with(desk: Desk, keys: list[str]) -> None:
    doubted_case.store(desk, keys[0], doubted_case.rows(), model="another")
    page = workflow.case_page(desk, keys[0])
    assert "No other case of this model" in doubt_cards.measures(doubts.of_case(desk, keys[0]), page)


def test_the_badge_stands_beside_both_parts_in_the_strip_and_nowhere_else(found: OfCase, page: CasePage) -> None:
    data = viewer_data(page, "token", separation=found.sentence)
    beside = {layer["kind"]: "Not shown to separate" in layer["provenance"] for layer in data["layers"]}  # type: ignore[attr-defined]
    assert beside == {kind: kind in {"aleatoric", "epistemic"} for kind in beside}
    assert len(beside) > 1


@pytest.mark.parametrize("words", ["model <b>", "it's <i>"])
def test_no_text_of_a_store_is_taken_for_html(found: OfCase, page: CasePage, words: str) -> None:
    maps = {
        m: replace(one, mean=replace(one.mean, subject=words, reason=words, value=None))
        for m, one in found.maps.items()
    }
    hostile = replace(found, model=words, maps=maps)
    assert words not in doubt_cards.whose(hostile) + doubt_cards.measures(hostile, page)


def test_small_numbers_keep_their_digits_and_negative_ones_their_sign() -> None:
    shown = [doubt_cards.number(value, "1") for value in (0.000123, 0.1, 0.0, -0.25)]
    assert shown == ["0.000123", "0.100", "0", "\N{MINUS SIGN}0.250"]
    assert doubt_cards.number(0.5, "nats") == "0.500 nats"


def test_every_measure_has_a_sentence_and_the_colour_of_its_ramp_in_the_viewer() -> None:
    assert set(doubt_cards.SAYS) == set(MEASURES) == set(Measure)
    colours = (ROOT / "dashboard" / "viewer" / "frontend" / "colours.js").read_text()
    for measure in (Measure.ALEATORIC, Measure.EPISTEMIC, Measure.TOTAL):
        (stops,) = re.findall(rf"^  {measure}: \[(.*)\]", colours, re.MULTILINE)
        assert MEASURES[measure] in stops


def _without_aleatoric() -> list[NewScore]:
    missing = f"{Measure.ALEATORIC}, "
    return [
        replace(row, value=None, reason=doubted_case.NO_MAP) if row.name.startswith(missing) else row
        for row in doubted_case.rows()
        if row.name != DISTANCE
    ]
