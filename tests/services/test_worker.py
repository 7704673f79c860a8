"""The worker in processes of its own: killed, cancelled, stopped, doubled; and what a failing job leaves."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from db.job_records import Counts
from db.vocabulary import JobState, Taken
from services import worker, workflow
from services.errors import InputRefused, JobCancelled, NotFound
from services.foreman import Foreman
from services.jobs import MOST_ATTEMPTS
from tests.small_case import write_small_case
from tests.uploads import queue, run_worker, start_worker, wait_until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from services.desk import Desk

MANY = 80
"""Cases that take a worker some seconds, so that there is a middle to end it in."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of so many cases. Never written to."""
    folder = tmp_path_factory.mktemp("many")
    for offset in range(MANY):
        write_small_case(folder / f"case{offset}", offset=offset)
        shutil.rmtree(folder / f"case{offset}" / "readers")
    return folder


def state(desk: Desk, number: int) -> str:
    return desk.jobs.state(desk.jobs.find(number))


def uploads(desk: Desk) -> list[str]:
    root = desk.jobs.incoming.root
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def begun(desk: Desk, number: int) -> subprocess.Popen[bytes]:
    """A worker in the middle of a job."""
    process = start_worker(desk)
    wait_until(lambda: len(workflow.cases(desk)) > 0)
    assert state(desk, number) == "running"
    return process


def lease_runs_out(desk: Desk) -> None:
    """Time goes by."""
    with desk.store.begin() as session:
        session.execute(text("UPDATE job SET lease_until = '2001-01-01 00:00:00.000000'"))


def test_a_queued_upload_is_taken_in_reported_and_its_files_are_gone(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "models" / "C.nii.gz").write_bytes(b"broken")
    number = queue(desk, folder)
    run_worker(desk)
    job = desk.jobs.find(number)
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 100, 100, None)
    assert job.counts == Counts(accepted=1, refused=1, new=1)
    refused, accepted = sorted(desk.jobs.report(number), key=lambda item: item.taken is not Taken.REFUSED)
    assert refused.must and refused.found and refused.todo  # noqa: PT018 -- three parts of one thing
    assert [accepted.key] == [case.key for case in workflow.cases(desk)]
    assert uploads(desk) == []


def test_a_worker_that_is_killed_leaves_an_interrupted_job_that_is_completed_by_a_retry(desk: Desk, many: Path) -> None:
    number = queue(desk, many)
    with begun(desk, number) as process:
        process.send_signal(signal.SIGKILL)
    assert state(desk, number) == "running"
    lease_runs_out(desk)
    assert state(desk, number) == "interrupted"
    desk.jobs.retry(number)
    run_worker(desk)
    assert (state(desk, number), len(workflow.cases(desk))) == ("done", MANY)
    assert desk.jobs.find(number).counts.accepted == MANY
    assert uploads(desk) == []
    assert [problem for problem in workflow.check(desk) if problem.severity != "note"] == []


def test_a_cancelled_job_ends_early_and_keeps_what_it_stored(desk: Desk, many: Path) -> None:
    number = queue(desk, many)
    with begun(desk, number) as process:
        desk.jobs.cancel(number, "reader B")
        assert state(desk, number) in {"cancelling", "cancelled"}
        assert process.wait(timeout=60) == 0
    job = desk.jobs.find(number)
    assert job.state is JobState.CANCELLED
    assert job.error is not None
    assert 0 < job.counts.accepted == len(workflow.cases(desk)) < MANY
    assert uploads(desk) == []


def test_a_worker_whose_server_ends_gives_its_job_back_and_the_next_one_completes_it(desk: Desk, many: Path) -> None:
    number = queue(desk, many)
    with begun(desk, number) as process:
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert (state(desk, number), len(uploads(desk))) == ("queued", 1)
    run_worker(desk)
    assert desk.jobs.find(number).counts == Counts(accepted=MANY, new=MANY)


def test_two_workers_do_every_job_once(desk: Desk, tmp_path: Path) -> None:
    numbers = [queue(desk, write_small_case(tmp_path / str(n), offset=n)) for n in range(4)]
    with start_worker(desk) as first, start_worker(desk) as second:
        assert (first.wait(timeout=120), second.wait(timeout=120)) == (0, 0)
    assert [desk.jobs.find(number).attempts for number in numbers] == [1] * 4
    assert [desk.jobs.find(number).counts for number in numbers] == [Counts(accepted=1, new=1)] * 4


def test_a_job_whose_files_are_gone_fails_in_three_parts_and_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    gone, there = (queue(desk, write_small_case(tmp_path / str(n), offset=n)) for n in range(2))
    desk.jobs.incoming.remove(str(desk.jobs.find(gone).details["folder"]))
    run_worker(desk)
    assert (state(desk, gone), state(desk, there)) == ("failed", "done")
    assert desk.jobs.find(gone).error == (
        "An upload must be there to be used.",
        "none of that name.",
        "Upload the files again.",
    )
    assert not desk.jobs.can_retry(desk.jobs.find(gone))


def test_an_error_nobody_thought_of_is_kept_with_its_job_and_names_nobody(desk: Desk, tmp_path: Path) -> None:
    broken = queue(desk, write_small_case(tmp_path / "a"), label_source="Meier^Anna")
    sound = queue(desk, write_small_case(tmp_path / "b", offset=1))
    with start_worker(desk) as process:
        assert process.stderr
        said = process.stderr.read().decode()
    assert (state(desk, broken), state(desk, sound)) == ("failed", "done")
    assert "ValueError" in str(desk.jobs.find(broken).error)
    assert "Meier" not in said + str(desk.jobs.find(broken).error)
    assert "Traceback" not in said


def test_a_full_disk_keeps_the_files_for_a_retry(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    number = queue(desk, write_small_case(tmp_path / "case"))
    monkeypatch.setattr(os, "fsync", full)
    worker.work(desk, threading.Event())
    monkeypatch.undo()
    assert "no space left" in str(desk.jobs.find(number).error)
    assert desk.jobs.can_retry(desk.jobs.find(number))
    desk.jobs.retry(number)
    worker.work(desk, threading.Event())
    assert (state(desk, number), uploads(desk)) == ("done", [])


def test_a_folder_with_nothing_to_read_fails_and_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "letter.txt").write_text("Dear colleague")
    number = queue(desk, tmp_path / "empty")
    run_worker(desk)
    assert (state(desk, number), uploads(desk)) == ("failed", [])
    with pytest.raises(InputRefused, match="tried again"):
        desk.jobs.retry(number)


def test_a_queued_job_that_is_cancelled_is_never_begun(desk: Desk, tmp_path: Path) -> None:
    number = queue(desk, write_small_case(tmp_path / "case"))
    desk.jobs.cancel(number, "reader A")
    run_worker(desk)
    assert (state(desk, number), uploads(desk), workflow.cases(desk)) == ("cancelled", [], [])
    with pytest.raises(InputRefused, match="to be cancelled"):
        desk.jobs.cancel(number, "reader A")


def test_an_interrupted_job_can_be_given_up(desk: Desk, tmp_path: Path) -> None:
    number = queue(desk, write_small_case(tmp_path / "case"))
    desk.jobs.claim("somebody who died", ("ingest",))
    with pytest.raises(InputRefused, match="given up"):
        desk.jobs.dismiss(number)
    lease_runs_out(desk)
    desk.jobs.dismiss(number)
    assert (state(desk, number), uploads(desk)) == ("failed", [])


def test_a_server_takes_up_what_is_queued_and_what_was_interrupted(desk: Desk, tmp_path: Path) -> None:
    interrupted, queued = (queue(desk, write_small_case(tmp_path / str(n), offset=n)) for n in range(2))
    desk.jobs.claim("somebody who died", ("ingest",))
    lease_runs_out(desk)
    foreman, before = Foreman(desk), children()
    foreman.start()
    wait_until(lambda: (state(desk, interrupted), state(desk, queued)) == ("done", "done"))
    foreman.stop()
    assert children() <= before


def test_a_job_that_ends_its_process_again_and_again_is_left_to_a_person(desk: Desk, tmp_path: Path) -> None:
    number = queue(desk, write_small_case(tmp_path / "case"))
    for _ in range(MOST_ATTEMPTS):
        desk.jobs.claim("somebody who died", ("ingest",))
        lease_runs_out(desk)
        assert desk.jobs.take_up(number)
    assert state(desk, number) == "interrupted"
    assert desk.jobs.can_retry(desk.jobs.find(number))


def test_a_foreman_starts_a_worker_when_called_and_leaves_no_process_behind(desk: Desk, many: Path) -> None:
    foreman, before = Foreman(desk), children()
    foreman.start()
    number = queue(desk, many)
    foreman.call()
    wait_until(lambda: len(workflow.cases(desk)) > 0)
    foreman.stop()
    assert state(desk, number) == "queued"
    assert children() <= before


def children() -> set[str]:
    """The processes that this one has started and not yet waited for, zombies too."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(file.read().split())


def test_an_ingest_on_the_command_line_is_recorded_without_its_path(desk: Desk, tmp_path: Path) -> None:
    workflow.ingest(desk, write_small_case(tmp_path / "Meier^Anna" / "case"))
    (job,) = desk.jobs.recent().jobs
    assert (job.state, job.actor, job.details["origin"]) == (JobState.DONE, "local reader", "command line")
    assert job.counts == Counts(accepted=1, new=1)
    assert "Meier" not in str(job)


def test_a_refused_ingest_keeps_its_three_parts(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refusal:
        workflow.ingest(desk, tmp_path / "nowhere")
    (job,) = desk.jobs.recent().jobs
    assert (job.state, job.error) == (
        JobState.FAILED,
        (refusal.value.must, refusal.value.found, refusal.value.todo),
    )
    assert not desk.jobs.can_retry(job)


def test_ctrl_c_and_a_click_on_cancel_end_an_ingest_on_the_command_line(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def click(*_: object) -> None:
        number = desk.jobs.recent().jobs[0].id
        desk.jobs.cancel(number, "reader A")
        import time

        time.sleep(2.5)

    with pytest.raises(KeyboardInterrupt):
        workflow.ingest(desk, folder, progress=interrupt)
    with pytest.raises(JobCancelled):
        workflow.ingest(desk, folder, progress=click)
    assert [job.state for job in desk.jobs.recent().jobs] == [JobState.CANCELLED] * 2


def test_a_job_that_is_not_there_is_not_found(desk: Desk) -> None:
    for use in (desk.jobs.find, desk.jobs.retry, desk.jobs.dismiss, lambda number: desk.jobs.cancel(number, "A")):
        with pytest.raises(NotFound):
            use(4711)
