"""Models in a real browser: from what changed between two of them to the case where it did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.running import RunningServer

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000


def open_changes(page: Page, server: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(server.sign_in_link)
    page.goto(f"{server.url}/models")
    page.get_by_role("tab", name="Side by side").click()
    expect(page.get_by_text("3 newly broken")).to_be_visible(timeout=PATIENCE_MS)


def test_a_case_that_changed_opens_from_the_table(page: Page, server: RunningServer) -> None:
    open_changes(page, server)
    link = page.get_by_role("table").get_by_role("link").first
    key = link.inner_text()
    link.click(no_wait_after=True)
    expect(page).to_have_url(re.compile(rf"/case\?case={key}"), timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name=key)).to_be_visible(timeout=PATIENCE_MS)


def test_a_case_that_changed_opens_from_its_point_in_the_figure(page: Page, server: RunningServer) -> None:
    open_changes(page, server)
    page.locator(".js-plotly-plot:visible .scatterlayer path.point").first.click(force=True)
    expect(page).to_have_url(re.compile(r"/case\?case=P\w+-\d"), timeout=PATIENCE_MS)
