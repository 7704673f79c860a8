"""What tests do on the page Intake, and what they see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from db import jobs
from db.job_records import NewJob
from db.moments import now
from db.records import IntakeItem
from db.vocabulary import JobState, Taken

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from services.desk import Desk

REFUSED = IntakeItem(Taken.REFUSED, "a series", must="Slices must be even.", found="2 gaps.", todo="Send them again.")


def choose(page: Page, folder: Path) -> None:
    page.locator("input[webkitdirectory]").set_input_files(folder)


def newest(page: Page, state: str) -> Locator:
    """The first intake of the list, when it is in this state."""
    row = page.locator(".intake").first
    expect(row).to_have_attribute("data-state", state, timeout=60_000)
    return row


def followed(page: Page, state: str = "done") -> Locator:
    """The intake that an upload has become: it opens by itself."""
    row = page.locator(".intake:has(button.open[aria-expanded=true])")
    expect(row).to_have_attribute("data-state", state, timeout=60_000)
    return row


def arriving(desk: Desk) -> list[Path]:
    return [path for path in desk.jobs.incoming.root.rglob("*") if path.is_file()]


def ended(desk: Desk, items: list[IntakeItem]) -> int:
    with desk.store.begin() as session:
        number = jobs.add_job(session, NewJob("ingest", "reader A", {"origin": "upload"}, "one"), lease_until=now())
        jobs.add_lines(session, number, items)
        jobs.end(session, number, "one", JobState.DONE, now())
    return number
