"""Jobs: claimed once, held by a lease, written to by their worker alone; and the report of an intake."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from db import commands, jobs
from db.job_records import Counts, Job, NewJob
from db.moments import now
from db.records import IntakeItem
from db.vocabulary import JobState, Outcome, Taken
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

KINDS = ("ingest",)
LATER, EARLIER = timedelta(seconds=20), timedelta(seconds=-1)
ERROR = ("This must hold.", "that.", "Do so.")
REFUSED = IntakeItem(Taken.REFUSED, "a series", must="This must hold.", found="that.", todo="Do so.")


@pytest.fixture
def queued(store: Store) -> int:
    with store.begin() as session:
        return jobs.add_job(session, NewJob("ingest", "reader A"))


def claim(store: Store, worker: str = "one", lease: timedelta = LATER) -> Job | None:
    with store.begin() as session:
        return jobs.claim(session, worker, KINDS, now() + lease)


def find(store: Store, number: int) -> Job:
    with store.read() as session:
        job = jobs.find(session, number)
        assert job is not None
        return job


def stored_case(store: Store) -> IntakeItem:
    with store.begin() as session:
        key = commands.add_case(session, factories.case())
    return IntakeItem(Taken.ACCEPTED, "CT, 40 slices", key, Outcome.NEW, 2)


def test_jobs_are_claimed_oldest_first_and_once(store: Store, queued: int) -> None:
    with store.begin() as session:
        second = jobs.add_job(session, NewJob("ingest", "reader B"))
    claimed = [claim(store), claim(store, "two"), claim(store, "three")]
    assert [job and (job.id, job.state, job.attempts) for job in claimed] == [
        (queued, JobState.RUNNING, 1),
        (second, JobState.RUNNING, 1),
        None,
    ]


def test_of_many_that_ask_at_once_one_gets_the_job(store: Store, queued: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda number: claim(store, f"worker {number}"), range(16)))
    assert [job.id for job in claimed if job] == [queued]


def test_a_job_of_another_kind_waits_for_somebody_who_can_do_it(store: Store, queued: int) -> None:
    with store.begin() as session:
        assert jobs.claim(session, "one", ("analysis",), now()) is None
    assert find(store, queued).state is JobState.QUEUED


def test_a_worker_says_how_far_it_is_and_hears_whether_to_cancel(store: Store, queued: int) -> None:
    claim(store)
    with store.begin() as session:
        assert jobs.renew(session, queued, "one", now() + LATER, doing="slices", done=3, total=9) is False
        assert jobs.ask_cancel(session, queued, now(), ERROR)
        assert jobs.renew(session, queued, "one", now() + LATER) is True
    job = find(store, queued)
    assert (job.doing, job.done, job.total, job.state) == ("slices", 3, 9, JobState.RUNNING)


def test_a_worker_whose_job_was_given_to_another_changes_nothing_any_more(store: Store, queued: int) -> None:
    claim(store, "one", EARLIER)
    with store.begin() as session:
        assert jobs.retry(session, queued, now())
    claim(store, "two")
    with store.begin() as session:
        assert jobs.renew(session, queued, "one", now() + LATER, done=5) is None
        assert not jobs.end(session, queued, "one", JobState.DONE, now())
        assert not jobs.give_back(session, queued, "one")
    job = find(store, queued)
    assert (job.state, job.done, job.attempts) == (JobState.RUNNING, 0, 2)


@pytest.mark.parametrize(("lease", "interrupted"), [(LATER, False), (EARLIER, True)])
def test_a_running_job_without_a_living_lease_is_interrupted(
    store: Store, queued: int, lease: timedelta, *, interrupted: bool
) -> None:
    claim(store, "one", lease)
    assert find(store, queued).is_interrupted(now()) is interrupted
    with store.begin() as session:
        assert jobs.retry(session, queued, now()) is interrupted


def test_a_queued_job_is_cancelled_at_once_and_an_ended_one_not_at_all(store: Store, queued: int) -> None:
    with store.begin() as session:
        assert jobs.ask_cancel(session, queued, now(), ERROR)
        assert not jobs.ask_cancel(session, queued, now(), ERROR)
    assert (find(store, queued).state, find(store, queued).error) == (JobState.CANCELLED, ERROR)
    assert claim(store) is None


def test_an_error_keeps_its_three_parts_however_long_they_are(store: Store, queued: int) -> None:
    claim(store)
    with store.begin() as session:
        jobs.end(session, queued, "one", JobState.FAILED, now(), ("m" * 500, "two\nlines", "t" * 400))
    assert find(store, queued).error == ("m" * 400, "two lines", "t" * 400)


def test_a_report_is_counted_and_read_in_parts(store: Store, queued: int) -> None:
    case = stored_case(store)
    with store.begin() as session:
        jobs.add_lines(session, queued, [case, *[REFUSED] * 4])
        first = jobs.lines(session, queued, limit=3)
        rest = jobs.lines(session, queued, after=first.next, limit=3)
        refused = jobs.lines(session, queued, taken=Taken.REFUSED)
    assert find(store, queued).counts == Counts(accepted=1, refused=4, new=1)
    assert [line.item for line in (*first.lines, *rest.lines)] == [case, *[REFUSED] * 4]
    assert (len(first.lines), rest.next, len(refused.lines)) == (3, 0, 4)


def test_a_second_attempt_adds_to_the_report_what_the_first_did_not_say(store: Store, queued: int) -> None:
    case = stored_case(store)
    unchanged = IntakeItem(Taken.ACCEPTED, case.what, case.key, Outcome.UNCHANGED)
    claim(store, "one", EARLIER)
    with store.begin() as session:
        jobs.add_lines(session, queued, [case, REFUSED])
        jobs.retry(session, queued, now())
        assert jobs.add_lines(session, queued, [unchanged, REFUSED]) == Counts(accepted=1, refused=1, new=1)
        assert [line.item for line in jobs.lines(session, queued).lines] == [case, REFUSED]


def test_intakes_are_listed_newest_first_in_pages(store: Store) -> None:
    with store.begin() as session:
        numbers = [jobs.add_job(session, NewJob("ingest", "reader A")) for _ in range(5)]
        jobs.add_job(session, NewJob("analysis", "reader A"))
        first = jobs.recent(session, "ingest", limit=3)
        rest = jobs.recent(session, "ingest", before=first.next, limit=3)
    assert [job.id for job in (*first.jobs, *rest.jobs)] == numbers[::-1]
    assert rest.next == 0
