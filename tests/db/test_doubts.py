"""Figures of doubt: every one comes back as it was stored, of each case the newest, on either database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from db import commands, doubts, error_pieces, findings, forgetting, measurements, queries, scorings
from db.vocabulary import LabelSource
from services.uncertainty.figure_names import CALIBRATION, ERROR, Figure, name_of
from services.uncertainty.names import Measure
from tests import doubted_case, factories

if TYPE_CHECKING:
    from db.records import NewScore
    from db.store import Store

SAID = {"model": "aorta", "model_version": "1"}
MEAN = name_of(Measure.ALEATORIC, Figure.MEAN)


def add(store: Store, patient: str = "P7K3QX", **said: Any) -> str:
    with store.begin() as session:
        return commands.add_case(session, factories.case(patient, **said))


def doubt(store: Store, key: str, rows: list[NewScore] | None = None) -> int:
    with store.begin() as session:
        return doubts.set_doubt(session, key, doubted_case.rows() if rows is None else rows, SAID)


def test_figures_come_back_as_they_were_stored(store: Store) -> None:
    key = add(store)
    doubt(store, key)
    with store.read() as session:
        assert doubts.of_case(session, key) == (SAID, tuple(doubted_case.rows()))


def test_the_newest_figures_of_a_case_count_and_earlier_ones_stay(store: Store) -> None:
    key = add(store)
    first, second = doubt(store, key), doubt(store, key, doubted_case.rows(0.04))
    with store.read() as session:
        assert doubts.of_case(session, key) == (SAID, tuple(doubted_case.rows(0.04)))
        assert [case.run_id for case in doubts.newest_cases(session, 10)] == [second]
        values = {one.run_id: one.value for one in doubts.figures(session, [first, second]) if one.name == MEAN}
        assert values == {first: 0.02, second: 0.04}
        assert doubts.count_cases(session) == 1


def test_cases_come_newest_figures_first_with_scanner_and_source_and_no_more_than_asked_for(store: Store) -> None:
    series = factories.series(facts={"kernel": "soft"})
    one = add(store, "P1", source=LabelSource.SYNTHETIC, series=series)
    two, three = add(store, "P2"), add(store, "P3")
    for key in (two, three, one):
        doubt(store, key)
    with store.read() as session:
        found = doubts.newest_cases(session, 2)
    assert [(case.case_key, case.synthetic) for case in found] == [(one, True), (three, False)]
    assert (found[0].facts, found[0].said) == ({"kernel": "soft"}, SAID)


def test_curves_and_bins_come_by_name_with_what_they_are_made_of(store: Store) -> None:
    run = doubt(store, add(store))
    name = name_of(doubted_case.OUTER_WALL, CALIBRATION)
    with store.read() as session:
        (bins,) = doubts.curves(session, [run], [name])
        assert doubts.curves(session, [run], []) == doubts.curves(session, [], [name]) == ()
    assert (bins.run_id, bins.name, bins.said["count"]) == (run, name, [900, 0, 100])


def test_more_runs_than_one_statement_may_name_are_all_read(store: Store) -> None:
    run = doubt(store, add(store))
    many = [run, *range(run + 1, run + 2 * doubts.AT_ONCE), run]
    with store.read() as session:
        assert len([one for one in doubts.figures(session, many) if one.name == ERROR]) == 2


def test_the_state_changes_when_figures_come_and_when_they_go(store: Store) -> None:
    key = add(store)
    with store.read() as session:
        states = [doubts.state(session)]
    for number in range(2):
        doubt(store, key if number else add(store, "P2"))
        with store.read() as session:
            states.append(doubts.state(session))
    with store.begin() as session:
        forgetting.forget(session, "P2")
    with store.read() as session:
        states.append(doubts.state(session))
    assert states[0] == (0, 0)
    assert len(set(states)) == 4


def test_a_case_that_is_not_there_has_none_and_takes_none(store: Store) -> None:
    with store.read() as session:
        assert doubts.of_case(session, "P0-1") is None
    with pytest.raises(KeyError):
        doubt(store, "P0-1")


def test_figures_of_doubt_change_neither_flags_nor_scores_of_the_case_page(store: Store) -> None:
    key = add(store, flags=(factories.flag(),), scores=(factories.dice(0.9),))
    with store.read() as session:
        before = queries.case_page(session, key)
    doubt(store, key)
    with store.read() as session:
        assert queries.case_page(session, key) == before


def test_a_case_is_waiting_as_long_as_its_measures_its_doubt_its_scores_or_its_errors_are_missing(store: Store) -> None:
    measured, doubted, both, erred = (add(store, patient) for patient in ("P1", "P2", "P3", "P4"))
    for key in (measured, both):
        with store.begin() as session:
            measurements.set_measurements(session, key, [], factories.headline(), {})
    for key in (doubted, both):
        doubt(store, key, [])
    for key in (erred, both):
        with store.begin() as session:
            error_pieces.set_errors(session, key, [], [], {})
    with store.read() as session:
        assert both in queries.keys_never_measured(session)
    with store.begin() as session:
        scorings.set_scores(session, both, [], {}, {})
    with store.read() as session:
        assert queries.keys_never_measured(session) == (measured, doubted, erred)
        assert measurements.said_of(session, both, findings.DOUBT) == SAID
