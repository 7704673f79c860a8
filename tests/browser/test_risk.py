"""A budget in a real browser: the table follows the slider, and the worklist follows the score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from services import workflow
from services.aggregation.names import DEFAULT, SIZE
from services.settings import Settings
from tests import judged_case
from tests.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on 24 judged cases and one without any score."""
    home = tmp_path_factory.mktemp("judged") / "home"
    desk = workflow.open_home(Settings(home=home))
    judged_case.add(desk, "P999")
    judged_case.fill(desk)
    desk.store.close()
    with RunningServer(home) as server:
        yield server


def test_a_budget_is_set_and_the_worklist_is_ordered_by_the_score(page: Page, judged: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(judged.sign_in_link)
    page.goto(f"{judged.url}/risk?budget=15")
    expect(page.get_by_text("15 of 60 cases a week are reviewed")).to_be_visible(timeout=PATIENCE_MS)
    size = page.locator(".sl-table tr", has_text="size alone")
    expect(size).to_contain_text("100 (")
    page.get_by_role("slider").press("End")
    expect(page.get_by_text("60 of 60 cases a week are reviewed")).to_be_visible()
    expect(size).to_contain_text("0 (0")
    expect(page).to_have_url(re.compile("budget=60"))
    page.locator(".sl-table tr", has_text=DEFAULT).get_by_text("order the worklist").click()
    heading = page.get_by_role("columnheader", name="Score")
    expect(heading).to_have_attribute("title", DEFAULT)
    expect(heading).to_have_attribute("aria-sort", "descending")
    row = page.locator(".body .row.focused")
    expect(row.locator(".case")).to_contain_text("P000-1")
    expect(row.locator(".agreement")).to_have_text("24")
    page.keyboard.press("End")
    expect(row.locator(".case")).to_contain_text("P999-1")
    expect(row.locator(".agreement")).to_have_text("\u2013")


def test_the_sort_control_offers_every_score_and_leads_back(page: Page, judged: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(judged.sign_in_link)
    control = page.get_by_label("Sort by", exact=True)
    expect(control.locator("option")).to_have_text(["flags first", DEFAULT, SIZE, judged_case.MEAN])
    control.select_option(SIZE)
    expect(page.locator(".body .row.focused .case")).to_contain_text("P023-1")
    expect(page).to_have_url(re.compile(r"#.*sort=score%3Apredicted\+volume"))
    page.get_by_role("columnheader", name="Score").click()
    expect(page.locator(".body .row.focused .case")).to_contain_text("P000-1")
    control.select_option("flags first")
    expect(page.get_by_role("columnheader", name="Agreement")).to_be_visible()


def test_a_point_of_a_curve_opens_the_case_that_would_be_reviewed_next(page: Page, judged: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(judged.sign_in_link)
    page.goto(f"{judged.url}/risk")
    page.locator("[class*=st-key-risk] .scatterlayer path.point").first.click(force=True)
    expect(page).to_have_url(re.compile(r"/case\?case=P\d+-1"), timeout=PATIENCE_MS)
