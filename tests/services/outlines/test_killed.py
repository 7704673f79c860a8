"""A worker that is killed in the middle of an outline: it begins again, is stored once, and leaves no image behind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from db.upkeep import unnamed
from db.vocabulary import JobState
from services import outlines, workflow
from tests.running import ROOT
from tests.services.outlines.conftest import BOX
from tests.services.outlines.test_ends import lease_runs_out
from tests.services.outlines.test_outlines import AUTHOR, job_of, layers_of, work
from tests.uploads import wait_until

if TYPE_CHECKING:
    from services.desk import Desk

SLOW_WORKER = """
import threading, time
from services import outlining, worker, workflow
from services.jobs import OUTLINE
from services.settings import Settings
from tests import known_follower

def slow(*said, partial, **more):
    def kept(region, mask):
        partial(region, mask)
        time.sleep(0.5)
    return known_follower.follow(*said, partial=kept, **more)

def outline(desk, job, run):
    outlining.outline(desk.store, job, run, slow)

worker.work(workflow.open_home(Settings()), threading.Event(), {OUTLINE: outline})
"""


def begun_and_killed(desk: Desk, key: str) -> str:
    """The mask that it had so far."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", SLOW_WORKER], env=environment) as process:
        wait_until(lambda: outlines.partial_of(job_of(desk, key)) is not None)
        process.kill()
    partial = outlines.partial_of(job_of(desk, key))
    assert partial is not None
    return partial[0]


def nobodys(desk: Desk) -> set[str]:
    return {digest for first in "0123456789abcdef" for digest in unnamed(desk.store, first)}


def test_a_worker_that_is_killed_leaves_an_outline_that_begins_again(desk: Desk, key: str) -> None:
    number = desk.outlines.queue("Dr Who", key, BOX)
    so_far = begun_and_killed(desk, key)
    assert workflow.stored_image(desk, key, so_far).digest == so_far
    assert layers_of(desk, key) == []
    lease_runs_out(desk)
    assert desk.jobs.take_up(number)
    work(desk)
    assert job_of(desk, key).state is JobState.DONE
    assert {layer.spec.author_version for layer in layers_of(desk, key, AUTHOR)} == {"1"}
    assert nobodys(desk) == set()


def test_one_that_is_cancelled_after_its_process_died_leaves_nothing(desk: Desk, key: str) -> None:
    number, images = desk.outlines.queue("Dr Who", key, BOX), set(desk.store.blobs.digests())
    begun_and_killed(desk, key)
    desk.outlines.cancel(key, "Dr No")
    lease_runs_out(desk)
    assert desk.jobs.take_up(number)
    assert job_of(desk, key).state is JobState.CANCELLED
    assert set(desk.store.blobs.digests()) == images
