"""Simulated verdicts of the demonstration: drawn the same every time, said to be drawn, never about a real case."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db import commands, models, simulated
from db.failure_records import CaseError
from db.moments import now
from db.vocabulary import AuditAction, Verdict
from services import simulating, worker, workflow
from services.imaging.progress import silent
from services.jobs import SIMULATION
from services.simulating import NOTE, READER, REVIEWED, WEEKS, draw, verdict_of
from tests import factories, judged_case

if TYPE_CHECKING:
    from services.desk import Desk

END = datetime(2026, 6, 1, tzinfo=UTC)
DICE = CaseError.DICE.value


def add(desk: Desk, count: int, *, synthetic: bool = True) -> list[str]:
    return [judged_case.add(desk, f"P{number:03d}", None, {DICE: 0.95}, synthetic=synthetic) for number in range(count)]


def test_cases_are_spread_over_the_weeks_in_their_order_and_reviewed_soon_after() -> None:
    drawn = draw([0.9] * 48, END)
    arrived = [one.arrived for one in drawn]
    assert arrived == sorted(arrived)
    assert timedelta(weeks=WEEKS - 1) < END - arrived[0] <= timedelta(weeks=WEEKS)
    judged = [one for one in drawn if one.reviewed]
    assert all(one.arrived <= one.reviewed <= END for one in judged if one.reviewed)
    assert len(judged) / 48 == pytest.approx(REVIEWED, abs=0.15)


def test_a_case_gets_the_same_verdict_whatever_comes_after_it_and_none_without_a_dice() -> None:
    verdicts = [one.verdict for one in draw([0.9] * 30, END)]
    assert [one.verdict for one in draw([0.9] * 10, END)] == verdicts[:10]
    assert {one.verdict for one in draw([None] * 30, END)} == {None}


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (0.90, Verdict.ACCEPTABLE),
        (0.899, Verdict.MINOR_EDIT),
        (0.85, Verdict.MAJOR_EDIT),
        (0.77, Verdict.REJECT),
    ],
)
def test_a_reader_goes_by_the_dice_that_he_sees(seen: float, verdict: Verdict) -> None:
    assert verdict_of(seen) is verdict


def test_the_reviews_say_what_they_are_and_the_audit_trail_when_they_were_made(desk: Desk) -> None:
    keys = add(desk, 12)
    begun = now()
    count = simulating.simulate(desk.store, keys, silent)
    pages = [workflow.case_page(desk, key) for key in keys]
    judged = [page for page in pages if page.reviews]
    assert 0 < len(judged) == count < 12
    for page in judged:
        (review,) = page.reviews
        assert (review.spec.note, review.spec.reviewer) == (NOTE, READER)
        assert page.row.created_at <= review.created_at <= now()
    with desk.store.read() as session:
        events = session.scalars(
            select(models.AuditEvent).where(models.AuditEvent.action == AuditAction.SIMULATED)
        ).all()
    assert len(events) == 12
    assert all(event.at >= begun and event.details["seed"] == simulating.SEED for event in events)
    assert sum("verdict" in event.details for event in events) == count


def test_a_real_case_and_one_that_is_judged_already_stay_as_they_are(desk: Desk) -> None:
    real = add(desk, 2, synthetic=False)
    judged = judged_case.add(desk, "P9", Verdict.REJECT, {DICE: 0.95})
    before = {key: workflow.require_case(desk, key) for key in (*real, judged)}
    assert simulating.simulate(desk.store, [*real, judged], silent) == 0
    assert {key: workflow.require_case(desk, key) for key in before} == before
    with desk.store.begin() as session, pytest.raises(ValueError, match="Only a generated case"):
        simulated.simulate(session, real[0], END, factories.review(), END, actor=READER, details={})


def test_without_a_reference_the_agreement_at_intake_is_taken(desk: Desk) -> None:
    case = factories.case("P1", source="synthetic", scores=(factories.dice(0.7),))
    with desk.store.begin() as session:
        key = commands.add_case(session, case)
        assert simulated.judgeable(session, [key]) == (simulated.Judgeable(key, 0.7),)


def test_the_worker_simulates_when_nothing_else_is_left(desk: Desk) -> None:
    keys = add(desk, 8)
    simulating.queue(desk.store, "reader A", [])
    assert desk.jobs.oldest_queued() is None
    simulating.queue(desk.store, "reader A", keys)
    assert list(worker.KINDS)[-1] == SIMULATION
    worker.work(desk, threading.Event())
    assert any(workflow.require_case(desk, key).verdict for key in keys)
    assert desk.jobs.oldest_queued() is None
