"""Doubt in a real browser: from a point among all cases to its case, and there to the place of the highest value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from services import analysing, doubting, workflow
from services.imaging.progress import silent
from services.settings import Settings
from tests import known_model
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on two small cases that a model of two members has outlined."""
    folder = tmp_path_factory.mktemp("doubted")
    for number in range(2):
        write_small_case(folder / "cases" / f"case{number}", offset=number)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    for case in workflow.cases(desk):
        analysing.analyse(desk.store, case.key, known_model.CARD, known_model.predict, silent)
        doubting.bring_up_to_date(desk.store, case.key, silent)
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


def test_a_point_opens_its_case_and_the_tab_leads_to_the_map_at_its_highest_value(
    page: Page, doubted: RunningServer
) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(doubted.sign_in_link)
    page.goto(f"{doubted.url}/uncertainty")
    expect(page.get_by_text("2 cases of tube finder; 2 with two readers.")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("[class*=st-key-parts] .scatterlayer path.point").first.click(force=True)
    expect(page).to_have_url(re.compile(r"/case\?case=P\w+-\d&at=0%2C"), timeout=PATIENCE_MS)
    page.wait_for_selector(".secondlook-viewer[data-ready=all]")
    page.get_by_role("tab", name="Doubt").click()
    chip = page.locator(".chip.layer", has=page.locator(".name", has_text=re.compile("^epistemic")))
    expect(chip).to_have_class(re.compile("off"))
    page.get_by_role("button", name="Show the map at its highest value").last.click()
    expect(chip).not_to_have_class(re.compile("off"))
    expect(page.locator(".secondlook-viewer")).to_have_attribute("data-k", "0")
    expect(chip).to_have_attribute("title", re.compile("Not shown to separate here"))


def test_a_figures_data_are_downloaded(page: Page, doubted: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(doubted.sign_in_link)
    page.goto(f"{doubted.url}/uncertainty")
    with page.expect_download() as told:
        page.locator('a[href*="/doubt/parts.csv"]').click()  # named: the second figure may stand there before the first
    assert told.value.suggested_filename == "doubt-parts.csv"
    lines = told.value.path().read_text().splitlines()
    assert lines[0].startswith("case,generated,")
