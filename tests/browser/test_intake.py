"""The page Intake in a real browser: watch, read the report, cancel, try again; keys and contrast."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from db import jobs
from db.job_records import NewJob
from db.moments import now
from db.records import IntakeItem
from db.vocabulary import JobState, Taken
from services import workflow
from services.settings import Settings
from tests.browser.intake_page import REFUSED, choose, ended, followed, newest
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LONG = 5000
CONTRAST = """(element) => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const host = element.closest(".secondlook-intake");
  const page = getComputedStyle(host).getPropertyValue("--st-background-color").trim();
  const [a, b] = [light(getComputedStyle(element).color), light(page)];
  return Math.max(a, b) / Math.min(a, b);
}"""
LIGHT = """(host) => Object.entries({ "--st-background-color": "#FFFFFF", "--st-text-color": "#1F2328",
  "--st-border-color": "#D0D7DE" }).forEach(([name, value]) => host.style.setProperty(name, value))"""


def test_an_empty_store_says_what_to_do(page: Page, tmp_path: Path) -> None:
    workflow.open_home(Settings(home=tmp_path / "home")).store.close()
    with RunningServer(tmp_path / "home") as server:
        page.goto(server.sign_in_link)
        page.get_by_role("link", name="Intake").click()
        page.get_by_text("Nothing has come in yet").wait_for()
        assert page.get_by_text("Not for diagnosis").is_visible()


def test_what_is_refused_says_why_in_three_lines_and_is_found_by_its_filter(intake: Page, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case", offset=3)
    (folder / "models" / "C.nii.gz").write_bytes(b"broken")
    choose(intake, folder)
    row = followed(intake)
    expect(row.locator(".line")).to_have_count(2)
    row.get_by_role("button", name="Refused only").click()
    expect(row.locator(".line")).to_have_count(1)
    expect(row.locator(".line dt")).to_have_text(["must", "found", "do"], use_inner_text=True)
    assert all(row.locator(".line dd").all_inner_texts())


def test_the_report_is_downloaded_as_json(intake: Page, desk: workflow.Desk) -> None:
    number = ended(desk, [REFUSED])
    intake.goto(f"{intake.url.partition('#')[0]}#intake={number}")
    intake.reload()
    with intake.expect_download() as download:
        intake.locator(f"#report-{number}").get_by_text("Download as JSON").click()
    report = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename == f"intake-{number}.json"
    assert report["items"][0]["found"] == "2 gaps."


def test_an_interrupted_intake_is_tried_again_and_completed(intake: Page, desk: workflow.Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case", offset=6)
    incoming = desk.jobs.incoming
    token = incoming.begin(1, 1)
    shutil.copytree(folder, incoming.content(token), dirs_exist_ok=True)
    details = {"origin": "upload", "folder": incoming.close(token)}
    with desk.store.begin() as session:
        job = NewJob("ingest", "reader A", details, "somebody who died")
        jobs.add_job(session, job, lease_until=now() - timedelta(seconds=1))
    row = newest(intake, "interrupted")
    row.get_by_role("button", name="Try again").click()
    newest(intake, "done")
    expect(row.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_running_intake_shows_how_far_it_is_without_a_reload(intake: Page, desk: workflow.Desk) -> None:
    with desk.store.begin() as session:
        job = NewJob("ingest", "local reader", {"origin": "command line"}, "one")
        number = jobs.add_job(session, job, lease_until=now() + timedelta(minutes=1))
        jobs.renew(
            session, number, "one", now() + timedelta(minutes=1), doing="slices read: 12 of 40", done=30, total=100
        )
    bar = newest(intake, "running").get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "30")
    with desk.store.begin() as session:
        jobs.renew(
            session, number, "one", now() + timedelta(minutes=1), doing="slices read: 36 of 40", done=81, total=100
        )
    expect(bar).to_have_attribute("aria-valuenow", "81")
    intake.locator(".intake").first.get_by_role("button", name="Cancel").click()
    newest(intake, "cancelling")
    with desk.store.begin() as session:
        jobs.end(session, number, "one", JobState.CANCELLED, now(), ("It ran.", "a click.", "Nothing."))
    newest(intake, "cancelled")


def test_a_long_report_comes_in_parts(intake: Page, desk: workflow.Desk) -> None:
    number = ended(desk, [REFUSED] * LONG)
    row = intake.locator(f".intake[data-id='{number}']")
    row.locator("button.open").click()
    expect(row.locator(".line")).to_have_count(100)
    row.get_by_role("button", name="4,900 of 5,000 lines are not shown").click()
    expect(row.locator(".line")).to_have_count(200)


def test_the_keyboard_is_enough(intake: Page, desk: workflow.Desk) -> None:
    number = ended(desk, [REFUSED])
    head = intake.locator(f".intake[data-id='{number}'] button.open")
    head.focus()
    intake.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-expanded", "true")
    intake.keyboard.press("Tab")
    intake.keyboard.press("Enter")
    expect(intake.locator(f"#report-{number} .filter")).to_have_attribute("aria-pressed", "true")
    assert f"#intake={number}" in intake.url


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_words_stand_out_from_the_page_in_both_themes(intake: Page, desk: workflow.Desk, theme: str) -> None:
    mended = IntakeItem(Taken.MENDED, "CT", mended=("straightened",), remarks=("lossy",))
    number = ended(desk, [IntakeItem(Taken.ACCEPTED, "CT"), mended, REFUSED])
    row = intake.locator(f".intake[data-id='{number}']")
    row.locator("button.open").click()
    expect(row.locator(".line")).to_have_count(3)
    if theme == "light":
        intake.locator(".secondlook-intake").evaluate(LIGHT)
    words = (".sign", ".what", ".how", ".remark", "dt", "dd", ".download", ".filter", ".cell", ".words")
    found = [row.locator(name) for name in words] + [intake.locator(name) for name in (".area .muted", ".said label")]
    contrasts = [one.evaluate(CONTRAST) for locator in found for one in locator.all()]
    assert len(contrasts) > 20
    assert min(contrasts) >= 4.5
