"""Cases wait to be measured as jobs, in the background or on the command line."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from db import models
from db.findings import AGREEMENT
from db.vocabulary import JobState
from services import worker, workflow
from services.desk import Desk
from services.errors import NotFound
from services.jobs import MEASUREMENT, new_worker
from services.measurings import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


def by_themselves(desk: Desk) -> Desk:
    return Desk(desk.settings.model_copy(update={"measure": True}), desk.store)


def test_a_case_waits_once_and_its_job_says_whether_anything_was_new(desk: Desk, key: str) -> None:
    (number,) = desk.measurings.queue("reader A")
    assert desk.measurings.queue("reader A", [key]) == ()
    worker.work(desk, threading.Event())
    job = desk.jobs.find(number)
    assert (job.kind, job.state, job.details[OUTCOME]) == (MEASUREMENT, JobState.DONE, "unchanged")


def test_a_case_whose_measuring_runs_is_queued_again_since_it_may_have_read_the_case_before(
    desk: Desk, key: str
) -> None:
    (number,) = desk.measurings.queue("reader A", [key])
    assert desk.jobs.claim_one(new_worker(), number) is not None
    assert len(desk.measurings.queue("reader A", [key])) == 1


def test_a_case_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.measurings.queue("reader A", ["P0-1"])


def test_cases_are_measured_by_themselves_only_where_that_is_wanted(desk: Desk, key: str) -> None:
    assert desk.measurings.queue_new("reader A", [key]) == ()
    assert len(by_themselves(desk).measurings.queue_new("reader A", [key])) == 1


def test_cases_of_an_older_store_are_queued_when_the_server_starts(desk: Desk, key: str, tmp_path: Path) -> None:
    from tests.small_case import write_small_case

    workflow.ingest(desk, write_small_case(tmp_path / "other", offset=7))
    (fresh,) = {case.key for case in workflow.cases(desk)} - {key}
    assert desk.measurings.queue_forgotten("server") == ()
    automatic = by_themselves(desk)
    automatic.measurings.queue_forgotten("server")
    automatic.measurings.queue_forgotten("server")
    assert [job.case_key for job in map(desk.jobs.find, desk.measurings.waiting_for())] == [fresh]


def test_a_case_that_was_measured_before_readers_were_compared_is_queued_again(desk: Desk, key: str) -> None:
    with desk.store.begin() as session:
        session.execute(update(models.Run).where(models.Run.kind == AGREEMENT).values(kind="none yet"))
    by_themselves(desk).measurings.queue_forgotten("server")
    assert [job.case_key for job in map(desk.jobs.find, desk.measurings.waiting_for())] == [key]


def test_the_command_measures_what_is_new_and_says_what_was_before(run: Run, desk: Desk, key: str) -> None:
    code, out, error = run("measure", key, "--json")
    assert (code, json.loads(out)) == (0, {"measured": [], "before": [key], "elsewhere": [], "failed": {}}), error
    assert "1 case as they were measured before." in run("measure", "--all")[1]


def test_the_command_refuses_thresholds_that_make_no_sense_before_any_work(
    run: Run, desk: Desk, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.toml").write_text("name = 3")
    monkeypatch.setenv("SECONDLOOK_THRESHOLDS", str(tmp_path / "t.toml"))
    code, _, error = run("measure", key)
    assert code == 2
    assert "SECONDLOOK_THRESHOLDS must name a file" in error
    assert desk.measurings.waiting_for() == ()


def test_the_command_wants_cases_or_all(run: Run, desk: Desk) -> None:
    assert run("measure")[0] == 2
