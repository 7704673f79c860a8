"""Flags of triage: words, percentiles and levels."""

from __future__ import annotations

import math

import pytest

from db.vocabulary import FlagReason
from services.aggregation.names import KEYS
from services.failure.level import FIRST, LOOK, Level, level_of
from services.failure.spots import Side, Spot
from services.failure.triage import FEWEST, SIGNALS, Standing, uncertain_flag

SPOT = Spot(Side.LEFT, (96, 40, 50), (88, 104))


def test_a_high_signal_says_where_it_sits_and_how_it_stands() -> None:
    flag = uncertain_flag(SIGNALS[0], Standing(60, 61), SPOT)
    assert flag is not None
    assert (
        flag.text == "Epistemic doubt sits on the left wall, slices 89 to 105; higher than in 98 % of 61 other cases."
    )
    assert (flag.reason, flag.severity, flag.place, flag.slices) == (FlagReason.UNCERTAIN, LOOK, *SPOT[1:])


def test_the_highest_of_all_is_to_be_looked_at_first_and_is_not_called_100_per_cent() -> None:
    flag = uncertain_flag(SIGNALS[1], Standing(61, 61), None)
    assert flag is not None
    assert (flag.severity, flag.text) == (FIRST, "Doubt is higher than in all 61 other cases.")


@pytest.mark.parametrize("standing", [Standing(94, 100), Standing(FEWEST - 1, FEWEST - 1), Standing(0, 0)])
def test_a_usual_signal_and_one_among_few_cases_say_nothing(standing: Standing) -> None:
    assert uncertain_flag(SIGNALS[0], standing, SPOT) is None


def test_among_few_cases_there_is_no_percentile() -> None:
    assert math.isnan(Standing(3, FEWEST - 1).percentile)
    assert Standing(FEWEST, FEWEST).percentile == 100.0


def test_signals_are_scores_that_are_stored() -> None:
    assert all(KEYS[one.key].measure is one.measure for one in SIGNALS)


@pytest.mark.parametrize(
    ("severities", "level"),
    [([], Level.NONE), ([1], Level.LOOK), ([1, 2, 2], Level.LOOK), ([1, 3], Level.LOOK_FIRST)],
)
def test_the_level_is_that_of_the_most_severe_flag(severities: list[int], level: Level) -> None:
    assert level_of(severities) is level
