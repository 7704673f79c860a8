"""Values for sorting and counting: the newest of each case, on either database, never more rows than asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from db import case_values, commands, forgetting
from db.failure_records import Cell
from db.vocabulary import LabelSource
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

ERROR, DOUBT = "diameter error", "predictive entropy, mean"


def add(store: Store, patient: str, source: LabelSource | None = None, **values: float | None) -> str:
    said = {"error": ERROR, "doubt": DOUBT}
    with store.begin() as session:
        key = commands.add_case(session, factories.case(patient, source=source))
        case_values.set_values(session, key, {said[name]: value for name, value in values.items()})
    return key


def test_the_newest_value_counts_and_what_became_undefined_is_gone(store: Store) -> None:
    key = add(store, "P1", error=2.0, doubt=0.5)
    with store.begin() as session:
        case_values.set_values(session, key, {ERROR: 3.0, DOUBT: None})
    with store.read() as session:
        assert case_values.of_case(session, key) == {ERROR: 3.0}
        assert case_values.names(session) == {ERROR: 1}


def test_names_that_are_not_given_stay(store: Store) -> None:
    key = add(store, "P1", error=2.0, doubt=0.5)
    with store.begin() as session:
        case_values.set_values(session, key, {ERROR: math.nan})
    with store.read() as session:
        assert case_values.of_case(session, key) == {DOUBT: 0.5}


def test_a_case_that_is_not_there_takes_none(store: Store) -> None:
    with pytest.raises(KeyError), store.begin() as session:
        case_values.set_values(session, "P0-1", {ERROR: 1.0})


def test_the_worst_come_first_and_of_equal_ones_the_older_case(store: Store) -> None:
    one, two, three = (add(store, f"P{n}", error=error) for n, error in enumerate((5.0, 9.0, 5.0)))
    with store.read() as session:
        high = case_values.worst(session, ERROR, 9, descending=True)
        low = case_values.worst(session, ERROR, 2, descending=False)
    assert [found.case_key for found in high] == [two, one, three]
    assert [(found.case_key, found.value) for found in low] == [(one, 5.0), (three, 5.0)]


def test_the_worst_below_a_value_of_another_name_need_that_value(store: Store) -> None:
    add(store, "P1", error=9.0, doubt=0.8)
    silent = add(store, "P2", LabelSource.SYNTHETIC, error=7.0, doubt=0.1)
    add(store, "P3", error=8.0)
    with store.read() as session:
        (found,) = case_values.worst(session, ERROR, 9, descending=True, below=(DOUBT, 0.5))
    assert (found.case_key, found.value, found.synthetic) == (silent, 7.0, True)


def test_ranges_shares_and_quantiles_by_hand(store: Store) -> None:
    for number in range(1, 6):
        add(store, f"P{number}", error=float(number))
    with store.read() as session:
        assert case_values.range_of(session, ERROR) == (1.0, 5.0)
        assert case_values.share_above(session, ERROR, 3.0) == 0.4
        assert case_values.quantiles(session, ERROR, (0.0, 0.5, 0.6, 0.61, 1.0)) == (1.0, 3.0, 3.0, 4.0, 5.0)


def test_of_a_name_that_nobody_has_nothing_is_known(store: Store) -> None:
    with store.read() as session:
        assert case_values.range_of(session, DOUBT) is None
        assert case_values.share_above(session, DOUBT, 0.0) is None
        assert case_values.quantiles(session, DOUBT, (0.5,)) == ()
        assert case_values.worst(session, DOUBT, 3, descending=True) == ()


def test_pairs_are_of_cases_with_both_values_newest_first(store: Store) -> None:
    first = add(store, "P1", error=1.0, doubt=0.1)
    add(store, "P2", error=2.0)
    last = add(store, "P3", error=3.0, doubt=0.3)
    with store.read() as session:
        assert case_values.count_pairs(session, DOUBT, ERROR) == 2
        found = case_values.pairs(session, DOUBT, ERROR, 5)
        assert case_values.pairs(session, DOUBT, ERROR, 1) == found[:1]
    assert [(one.case_key, one.x, one.y) for one in found] == [(last, 0.3, 3.0), (first, 0.1, 1.0)]


def test_a_cell_holds_its_lower_edge_and_the_last_one_its_upper_too(store: Store) -> None:
    for number, (doubt, error) in enumerate([(0.0, 0.0), (0.5, 1.0), (1.0, 2.0), (0.9, 1.9), (0.4, 2.1)]):
        add(store, f"P{number}", error=error, doubt=doubt)
    with store.read() as session:
        found = case_values.grid(session, DOUBT, ERROR, (0.0, 0.5, 1.0), (0.0, 1.0, 2.0))
    assert found == (Cell(0, 0, 1), Cell(1, 1, 3))


def test_a_forgotten_patient_takes_the_values_along(store: Store) -> None:
    add(store, "P1", error=1.0)
    with store.begin() as session:
        forgetting.forget(session, "P1")
    with store.read() as session:
        assert case_values.names(session) == {}
