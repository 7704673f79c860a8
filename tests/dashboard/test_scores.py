"""The scores of a case on its page: value, place among all cases, and the predicted volume beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dashboard import score_cards
from dashboard.cards import DASH
from db import scorings as rows
from db.records import NewScore
from services import scorings, workflow
from services.aggregation.names import DEFAULT, SIZE, Strategy, Where, key_of
from services.uncertainty.names import Measure
from tests import doubted_case
from tests.dashboard.test_case import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]

META = key_of(Measure.PREDICTIVE, Strategy.EVERY, Where.AORTA)
FURTHER = key_of(Measure.PREDICTIVE, Strategy.BOUNDARY, Where.AORTA)


def store(desk: Desk, key: str, value: float | None, reason: str = "") -> None:
    amounts = {DEFAULT: (value, reason, "1"), META: (3.2, "", "nats"), SIZE: (180.0, "", "mL"), FURTHER: (0.5, "", "1")}
    found = [
        NewScore(name, "aorta 1", amount, unit, "around the aorta", "aggregation", "1", {}, why)
        for name, (amount, why, unit) in amounts.items()
    ]
    with desk.store.begin() as session:
        rows.set_scores(session, key, found, {"fit": "own-3"}, {name: one[0] for name, one in amounts.items()})


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    keys = [case.key for case in workflow.cases(desk)]
    for number, key in enumerate(keys, start=1):
        doubted_case.store(desk, key, doubted_case.rows())
        store(desk, key, number / 10)
    return keys


def test_the_tab_shows_score_place_and_size_and_by_which_fit(run_view: RunView, keys: list[str]) -> None:
    app = run_view("case", case=keys[1])
    assert not app.exception
    shown = text_of(app)
    for words in (score_cards.CAPTION, DEFAULT, "0.200", "180 mL", SIZE, "higher than in 1 of 1 other case", "own-3"):
        assert words in shown


def test_few_scores_come_first_and_the_others_are_folded(desk: Desk, keys: list[str]) -> None:
    shown = score_cards.scores(scorings.of_case(desk, keys[0]))
    first, folded = shown.split("<details")
    assert (FURTHER in first, FURTHER in folded) == (False, True)


def test_an_undefined_score_says_why_and_has_no_place(desk: Desk, keys: list[str]) -> None:
    store(desk, keys[0], None, "the model has <b>outlined</b> nothing")
    found = scorings.of_case(desk, keys[0])
    shown = score_cards.scores(found)
    assert "the model has &lt;b&gt;outlined&lt;/b&gt; nothing" in shown
    assert f'title="Undefined here">{DASH}' in shown


def test_a_case_that_was_not_scored_shows_nothing(desk: Desk) -> None:
    assert score_cards.scores(scorings.of_case(desk, workflow.cases(desk)[0].key)) == ""
