"""Analyses in the background: queued once, done one by one, cancelled, tried again; and what is said of them."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db.vocabulary import JobState
from services import worker, workflow
from services.analyses import Analyses, seconds_left
from services.errors import NotFound
from services.jobs import ANALYSIS, INGEST, MOST_ATTEMPTS
from tests import known_model
from tests.services.analysis.conftest import CASES
from tests.small_case import write_small_case
from tests.uploads import queue as queue_upload

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from services.segmentation.card import ModelCard
    from tests.services.conftest import Run

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
WORKING = {ANALYSIS: partial(worker.analyse, predict=known_model.predict)}
FAILING = {ANALYSIS: partial(worker.analyse, predict=known_model.broken)}


def work(desk: Desk, kinds: worker.Kinds) -> None:
    worker.work(desk, threading.Event(), kinds)


def state_of(desk: Desk, key: str) -> str:
    job = desk.analyses.of_case(key)
    assert job is not None
    return desk.jobs.state(job)


def lease_runs_out(desk: Desk) -> None:
    """Time goes by."""
    with desk.store.begin() as session:
        session.execute(text("UPDATE job SET lease_until = '2001-01-01 00:00:00.000000'"))


def test_every_case_is_queued_once_and_analysed_once(desk: Desk, keys: list[str], card: ModelCard) -> None:
    assert len(desk.analyses.queue(card, "reader A")) == CASES
    assert desk.analyses.queue(card, "reader B") == ()
    work(desk, WORKING)
    assert [state_of(desk, key) for key in keys] == ["done"] * CASES
    assert desk.analyses.queue(card, "reader A") == ()
    for key in keys:
        assert "tube finder" in {layer.spec.author for layer in workflow.case_page(desk, key).layers}


def test_a_new_version_is_missing_everywhere(desk: Desk, keys: list[str], card: ModelCard, home: Path) -> None:
    desk.analyses.queue(card, "reader A", keys[:1])
    work(desk, WORKING)
    assert len(desk.analyses.queue(known_model.add(home, "2"), "reader A")) == CASES
    assert len(desk.analyses.queue(card, "reader A")) == CASES - 1


def test_a_case_that_is_not_there_is_not_found_and_nothing_is_queued(
    desk: Desk, keys: list[str], card: ModelCard
) -> None:
    with pytest.raises(NotFound, match="1 that is not"):
        desk.analyses.queue(card, "reader A", [keys[0], "P0000000000-1"])
    assert desk.analyses.waiting() == ()


def test_an_intake_goes_before_analyses_that_wait_longer(
    desk: Desk, keys: list[str], card: ModelCard, tmp_path: Path
) -> None:
    desk.analyses.queue(card, "reader A", keys[:1])
    queue_upload(desk, write_small_case(tmp_path / "urgent", offset=9))
    claimed = [desk.jobs.claim("one", tuple(worker.KINDS)) for _ in range(3)]
    assert [job and job.kind for job in claimed] == [INGEST, ANALYSIS, None]


def test_a_failed_case_keeps_its_error_names_nobody_and_stops_nothing(
    desk: Desk, keys: list[str], card: ModelCard
) -> None:
    desk.analyses.queue(card, "reader A", keys[:1])
    work(desk, FAILING)
    desk.analyses.queue(card, "reader A", keys[1:])
    work(desk, WORKING)
    assert [state_of(desk, key) for key in keys] == ["failed", "done", "done"]
    job = desk.analyses.of_case(keys[0])
    assert job is not None
    assert "RuntimeError" in str(job.error)
    assert "Meier" not in str(job)


def test_what_failed_is_tried_again_as_new_jobs(desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A")
    work(desk, FAILING)
    progress = desk.analyses.progress()
    assert progress is not None
    assert (len(progress.batch.failed), progress.batch.total, progress.is_over) == (CASES, CASES, True)
    assert len(desk.analyses.try_again("reader A")) == CASES
    work(desk, WORKING)
    assert [state_of(desk, key) for key in keys] == ["done"] * CASES
    assert desk.analyses.try_again("reader A") == ()


def test_one_case_is_tried_again_alone(desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A")
    work(desk, FAILING)
    desk.analyses.try_again("reader A", keys[1])
    assert [job.case_key for job in desk.analyses.waiting()] == [keys[1]]


def test_progress_counts_those_that_were_wanted_together(desk: Desk, keys: list[str], card: ModelCard) -> None:
    assert desk.analyses.progress() is None
    desk.analyses.queue(card, "reader A", keys[:1])
    work(desk, WORKING)
    desk.analyses.queue(card, "reader A", keys[1:2])
    desk.analyses.queue(card, "reader A", keys[2:])
    desk.jobs.claim("one", (ANALYSIS,))
    progress = desk.analyses.progress()
    assert progress is not None
    batch = progress.batch
    assert (batch.total, batch.queued, batch.running, batch.done, progress.is_over) == (2, 1, 1, 0, False)


def test_all_are_cancelled_at_once(desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A")
    assert desk.analyses.cancel_all("reader A") == CASES
    work(desk, WORKING)
    assert [state_of(desk, key) for key in keys] == ["cancelled"] * CASES
    assert len(desk.analyses.queue(card, "reader A")) == CASES


def test_an_analysis_whose_process_died_goes_on_and_fails_after_the_third_time(
    desk: Desk, keys: list[str], card: ModelCard
) -> None:
    (number,) = desk.analyses.queue(card, "reader A", keys[:1])
    for _ in range(MOST_ATTEMPTS):
        assert desk.jobs.claim("somebody who died", (ANALYSIS,)) is not None
        assert not desk.jobs.take_up(number)
        lease_runs_out(desk)
        assert desk.jobs.take_up(number)
    job = desk.jobs.find(number)
    assert (job.state, job.attempts) == (JobState.FAILED, MOST_ATTEMPTS)
    assert "ended early" in str(job.error)


def test_a_model_that_is_gone_fails_its_case_alone(desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A", keys[:1])
    (card.folder / "card.toml").unlink()
    work(desk, WORKING)
    assert state_of(desk, keys[0]) == "failed"


def test_a_patient_who_is_forgotten_takes_the_analyses_along(desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A")
    workflow.forget(desk, keys[0])
    assert keys[0] not in {job.case_key for job in desk.analyses.waiting()}


def test_nothing_is_analysed_by_itself_where_that_is_switched_off(desk: Desk, keys: list[str]) -> None:
    assert Analyses(desk.store, by_themselves=False).queue_shipped("reader A", keys) == ()


@pytest.mark.parametrize(
    ("ends", "left", "seconds"),
    [((), 4, None), ((0,), 4, None), ((0, 10), 4, 40), ((0, 10, 20), 1.5, 15), ((0, 10), 0, 0)],
)
def test_the_time_left_is_that_of_the_last_ones(ends: tuple[int, ...], left: float, seconds: float | None) -> None:
    moments = [MOMENT + timedelta(seconds=end) for end in ends]
    assert seconds_left(moments, left) == seconds


def test_the_command_says_which_were_analysed_before(run: Run, desk: Desk, keys: list[str], card: ModelCard) -> None:
    desk.analyses.queue(card, "reader A")
    work(desk, WORKING)
    code, out, _ = run("analyse", "--all", "--model", card.key, "--json")
    assert (code, json.loads(out)["before"]) == (0, keys)


def test_the_command_says_why_a_case_failed_and_goes_on(run: Run, desk: Desk, keys: list[str], card: ModelCard) -> None:
    for key in keys[:2]:
        desk.store.blobs.delete(workflow.case_page(desk, key).series.image.digest)
    code, out, _ = run("analyse", *keys[:2], "--model", card.key, "--json")
    assert (code, list(json.loads(out)["failed"])) == (1, keys[:2])


@pytest.mark.parametrize("words", [(), ("P0000000000-1", "--all"), ("P0000000000-1",), ("--all", "--model", "none@0")])
def test_the_command_refuses_what_cannot_be_done(run: Run, keys: list[str], words: tuple[str, ...]) -> None:
    code, _, error = run("analyse", *words)
    assert (code, len(error.splitlines())) == (2, 3)


def test_jobs_are_listed_and_cancelled(run: Run, desk: Desk, keys: list[str], card: ModelCard) -> None:
    numbers = desk.analyses.queue(card, "reader A")
    assert run("jobs", "--cancel", numbers[0])[0] == 0
    assert state_of(desk, keys[0]) == "cancelled"
    listed = json.loads(run("jobs", "--cancel-analyses", "--json")[1])
    assert [job["state"] for job in listed] == ["cancelled"] * CASES + ["done"]
    assert listed[-1]["kind"] == "ingest"
    assert keys[0] in run("jobs")[1]
