"""How analyses stand, in a real browser: the line above the worklist, and the line of a case that gets its result."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from db import jobs
from db.moments import now
from services import worker, workflow
from services.jobs import ANALYSIS, new_worker
from services.settings import Settings
from tests import known_model
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from services.desk import Desk

pytestmark = pytest.mark.browser
KINDS = {
    "works": {ANALYSIS: partial(worker.analyse, predict=known_model.predict)},
    "fails": {ANALYSIS: partial(worker.analyse, predict=known_model.broken)},
}
HELD = timedelta(hours=1)


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Three cases: the first is analysed, the second failed, the third is held by a worker that is half through."""
    folder = tmp_path_factory.mktemp("analysis")
    for number in range(3):
        write_small_case(folder / "cases" / str(number), offset=number)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    first, second, third = desk.analyses.queue(known_model.add(folder / "home"), "reader A")
    finish(desk, first, "works")
    finish(desk, second, "fails")
    hold(desk, third)
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


def finish(desk: Desk, number: int, how: str) -> None:
    name = new_worker()
    job = desk.jobs.claim_one(name, number)
    assert job is not None
    worker.do(desk, job, name, threading.Event(), KINDS[how])


def hold(desk: Desk, number: int) -> None:
    desk.jobs.claim_one("one", number)
    with desk.store.begin() as session:
        told = {"doing": "segmenting: 40 of 80", "done": 50, "total": 100}
        jobs.renew(session, number, "one", now() + HELD, **told)


def test_the_lists_line_counts_and_a_case_gets_its_result_when_it_is_asked_for(
    page: Page, served: RunningServer
) -> None:
    desk = workflow.open_home(Settings(home=served.home))
    done, failed, running = (case.key for case in workflow.cases(desk))
    page.set_default_timeout(60_000)
    page.goto(served.sign_in_link)
    expect(page.locator(".analyses .words")).to_contain_text("Analysing: 1 of 3 done, 1 failed", timeout=60_000)
    page.locator(".analyses").get_by_role("button", name=failed).click()
    line = page.locator(".secondlook-analysis")
    expect(line).to_contain_text("The analysis failed", timeout=60_000)
    expect(line.get_by_role("button", name="Try again")).to_be_visible()
    page.goto(f"{served.url}/case?case={done}")
    expect(line).to_contain_text("Analysed by tube finder@1", timeout=60_000)
    page.goto(f"{served.url}/case?case={running}")
    expect(line.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50", timeout=60_000)
    job = desk.jobs.find(desk.analyses.waiting()[0].id)
    worker.do(desk, job, "one", threading.Event(), KINDS["works"])
    line.get_by_role("button", name="Show the result").click()
    page.locator(".chip .name", has_text="mutual information").wait_for(state="attached")  # folded away
    desk.store.close()
