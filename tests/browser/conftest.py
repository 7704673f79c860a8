"""A real Chromium, the viewer alone, and the whole application."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services import workflow
from services.settings import Settings
from tests.browser.viewer_harness import Harness
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab of 1400 x 900; an error in any page script fails the test, and so does a request elsewhere."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if _is_ours(request.url) else wrong.append(request.url))
    yield page
    context.close()
    assert not wrong


def _is_ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "blob:http://127.0.0.1:", "data:", "about:"))


@pytest.fixture(scope="session")
def _serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness(tmp_path_factory.mktemp("viewer") / "blobs") as harness:
        yield harness


@pytest.fixture
def harness(_serving: Harness) -> Harness:
    """The viewer alone, with nothing to show yet and every token valid."""
    _serving.stale.clear()
    _serving.asked.clear()
    _serving.answers.clear()
    _serving.sent.clear()
    return _serving


@pytest.fixture
def opened(page: Page, harness: Harness) -> Callable[..., Page]:
    """`opened("#k=3")` opens what `harness.show` prepared and waits until every layer is drawn."""

    def open_page(hash_text: str = "", ready: str = "all") -> Page:
        page.goto(f"{harness.url}/{hash_text}")
        page.wait_for_selector(f".secondlook-viewer[data-ready={ready}]")
        page.wait_for_function("window.host.dataset.frames > 0 && !window.viewer.pending")
        return page

    return open_page


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on a store with three small cases."""
    folder = tmp_path_factory.mktemp("journeys")
    for number in range(3):
        write_small_case(folder / "cases" / f"case{number}", offset=number, synthetic=number > 0)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server
        assert server.connections_outward == ""


@pytest.fixture(scope="module")
def intake_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on an empty store."""
    home = tmp_path_factory.mktemp("intake") / "home"
    workflow.open_home(Settings(home=home)).store.close()
    with RunningServer(home) as server:
        yield server


@pytest.fixture
def desk(intake_server: RunningServer) -> Iterator[workflow.Desk]:
    desk = workflow.open_home(Settings(home=intake_server.home))
    yield desk
    desk.store.close()


@pytest.fixture
def intake(page: Page, intake_server: RunningServer) -> Page:
    """Signed in, with the page Intake on screen."""
    page.set_default_timeout(30_000)
    page.goto(intake_server.sign_in_link)
    page.goto(f"{intake_server.url}/intake")
    page.wait_for_selector(".secondlook-intake[data-ready=true]")
    return page
