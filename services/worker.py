"""The process that does what is queued: `python -P -m services.worker`. See docs/decisions/0007.

It takes one job after another and ends when none is left, or when the pipe on its standard input closes because the
server that started it has ended.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.vocabulary import LabelSource
from services import logs, soundness, workflow
from services.analyses import MODEL
from services.errors import InputRefused, JobCancelled, JobGivenBack, NotFound
from services.imaging.progress import silent
from services.jobs import ANALYSIS, INGEST, MEASUREMENT, OUTLINE, SIMULATION, new_worker
from services.measurings import OUTCOME
from services.outlines import model_of
from services.running import RunningJob, running
from services.segmentation import registry
from services.settings import Settings

if TYPE_CHECKING:
    from db.job_records import Job
    from services.desk import Desk
    from services.imaging.progress import Tell
    from services.outlining import Follow
    from services.pipeline import Predict

NICENESS = 10
"""Reading a case comes before taking one in."""
log = logging.getLogger(__name__)


def take_upload_in(desk: Desk, job: Job, run: RunningJob) -> None:
    """Take an upload's cases in. Raises NotFound when its files are gone."""
    from services.intake import IntakeOptions  # noqa: PLC0415 -- reading images loads pydicom and highdicom

    said: dict[str, Any] = dict(job.details)
    source = LabelSource(said["label_source"]) if said.get("label_source") else None
    options = IntakeOptions(label_source=source, allow_burned_in=bool(said.get("allow_burned_in")))
    report = workflow.take_in(desk, desk.jobs.incoming.content(str(said.get("folder", ""))), options, run)
    keys = [item.key for item in report.cases]
    desk.analyses.queue_shipped(job.actor, keys)
    desk.measurings.queue_new(job.actor, keys)


def analyse(desk: Desk, job: Job, run: RunningJob, predict: Predict | None = None) -> None:
    """Analyse a case with a model. Raises NotFound where one of them is gone. `predict` as in `workflow.analyse`."""
    workflow.analyse(desk, job.case_key, str(job.details[MODEL]), run, predict)


def outline(desk: Desk, job: Job, run: RunningJob, follow: Follow | None = None) -> None:
    """Outline a case from one box or one click. Raises NotFound where it, or the model, is gone.

    follow: how the vessel is followed; with the model that the job names where None.
    """
    from services import outlining  # noqa: PLC0415 -- loads highdicom; a page that imports this module must not

    with soundness.answers():
        card = registry.find_promptable(model_of(job), desk.settings.home)
        outlining.outline(desk.store, job, run, follow or outlining.following(desk.store, card))
    desk.measurings.queue_new(job.actor, [job.case_key])


def measure(desk: Desk, job: Job, run: RunningJob) -> None:
    """Measure a case as it stands. Raises NotFound where it is gone."""
    from services import measuring  # noqa: PLC0415 -- loads highdicom and scipy; a page must not

    with soundness.answers():
        limits, fits, share = desk.measurings.thresholds(), desk.measurings.fits(), desk.settings.audit_share
        outcome = measuring.measure(desk.store, job.case_key, limits, run.tell, fits=fits, audit_share=share)
    run.note(**{OUTCOME: outcome.value})


def simulate(desk: Desk, job: Job, run: RunningJob) -> None:
    """Give the demonstration's cases dates and verdicts that are drawn."""
    from services import simulating  # noqa: PLC0415 -- only the demonstration does this

    with soundness.answers():
        said = job.details.get(simulating.KEYS)
        simulating.simulate(desk.store, [str(key) for key in said] if isinstance(said, list) else [], run.tell)


Kinds = Mapping[str, Callable[["Desk", "Job", RunningJob], None]]
KINDS: Kinds = {
    OUTLINE: outline,
    INGEST: take_upload_in,
    ANALYSIS: analyse,
    MEASUREMENT: measure,
    SIMULATION: simulate,
}
"""What can be queued, and who does it; the most urgent first."""


def main() -> None:
    """Do every queued job, then end."""
    os.nice(NICENESS)
    logs.keep_contents_out()
    settings = Settings()
    logs.set_level(settings.log_level)
    stop = threading.Event()
    threading.Thread(target=_wait_for_the_server, args=(stop,), daemon=True).start()
    work(workflow.open_home(settings), stop)


def work(desk: Desk, stop: threading.Event, kinds: Kinds = KINDS) -> None:
    """Do queued jobs until none is left or `stop` is set."""
    worker = new_worker()
    while not stop.is_set() and (job := desk.jobs.claim(worker, tuple(kinds))) is not None:
        do(desk, job, worker, stop, kinds)


def do(desk: Desk, job: Job, worker: str, stop: threading.Event, kinds: Kinds = KINDS, also: Tell = silent) -> None:
    """Do one claimed job. However it ends stands in the job; no error stops the next one. `also` hears its progress.

    The files of an upload are deleted with the end of its intake, except where the machine was the reason.
    """
    try:
        with running(desk.store, job.id, worker, also, stop) as run:
            kinds[job.kind](desk, job, run)
    except JobGivenBack:
        return
    except (InputRefused, NotFound, JobCancelled):
        log.info("job %d was refused or cancelled", job.id)
    except Exception as error:  # noqa: BLE001 -- a job's error is kept with the job and ends nothing else
        log.error("job %d failed: %s", job.id, _where(error))  # noqa: TRY400 -- a traceback may quote a file
        return
    with suppress(NotFound):  # its patient was forgotten meanwhile, and the job with it
        desk.jobs.clear(job.id)


def _where(error: BaseException) -> str:
    """An error's type and its place in the code; its own words may quote a file's content or name."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"


def _wait_for_the_server(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):  # unbuffered: a buffer that a thread waits on may not be closed at the end
        pass
    stop.set()


if __name__ == "__main__":
    main()
