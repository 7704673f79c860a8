"""Sums by week: what a plain list would say, at the edges too, with few rows for many cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from db import case_values, commands, models, weeks
from db.vocabulary import Verdict
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
EDGES = [MONDAY + timedelta(weeks=number) for number in range(4)]
MOMENT = timedelta(microseconds=1)


def add(store: Store, when: datetime, **said: object) -> str:
    with store.begin() as session:
        key = commands.add_case(session, factories.case(series=factories.series(facts=said.pop("facts", {}))))
        session.execute(update(models.Case).where(models.Case.key == key).values(created_at=when, **said))
    return key


def test_a_week_holds_its_first_moment_and_not_that_of_the_next(store: Store) -> None:
    said = ((MONDAY, 40.0), (EDGES[1] - MOMENT, 50.0), (EDGES[1], 60.0), (EDGES[3], 99.0))
    keys = [add(store, when, diameter_mm=diameter) for when, diameter in said]
    add(store, MONDAY)
    with store.read() as session:
        found = weeks.sums(session, EDGES, weeks.diameter())
        assert weeks.span(session) == (MONDAY, EDGES[3])
        widest, narrowest = (
            weeks.farthest(session, MONDAY, EDGES[1], weeks.diameter(), descending=down) for down in (True, False)
        )
        assert weeks.farthest(session, EDGES[2], EDGES[3], weeks.diameter(), descending=True) is None
    assert (widest, narrowest) == (keys[1], keys[0])
    assert found == ((0, 2, 90.0, 40.0**2 + 50.0**2), (1, 1, 60.0, 3600.0))


def test_scores_and_facts_go_with_the_day_of_their_case(store: Store) -> None:
    key = add(store, EDGES[2], facts={"slice_thickness_mm": 2.5})
    add(store, EDGES[2], facts={"kernel": "soft"})
    with store.begin() as session:
        case_values.set_values(session, key, {"size": 7.0, "another": 1.0})
    with store.read() as session:
        assert weeks.sums(session, EDGES, weeks.score("size")) == ((2, 1, 7.0, 49.0),)
        assert weeks.sums(session, EDGES, weeks.fact("slice_thickness_mm")) == ((2, 1, 2.5, 6.25),)
        assert weeks.sums(session, EDGES, weeks.fact("kvp")) == ()


def test_verdicts_go_with_their_own_day_and_those_of_no_use_are_left_out(store: Store) -> None:
    key = add(store, EDGES[0])
    said = (Verdict.REJECT, Verdict.ACCEPTABLE, Verdict.NOT_ASSESSABLE)
    with store.begin() as session:
        for verdict in said:
            commands.add_review(session, key, factories.review(verdict), when=EDGES[1])
    with store.read() as session:
        assert weeks.sums(session, EDGES, weeks.verdicts({Verdict.REJECT})) == ((1, 2, 1.0, 1.0),)
        assert weeks.span(session) == (EDGES[0], EDGES[1])
        assert weeks.farthest(session, EDGES[1], EDGES[2], weeks.verdicts({Verdict.REJECT}), descending=True) == key


def test_a_store_without_cases_has_no_weeks(store: Store) -> None:
    with store.read() as session:
        assert weeks.span(session) is None
        assert weeks.sums(session, EDGES, weeks.diameter()) == ()
