"""Readers in a real browser: from a square of the matrix to the slice, and layers in groups that fold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from services import agreeing, workflow
from services.imaging.progress import silent
from services.settings import Settings
from tests.browser.viewer_harness import axial
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

    Opened = Callable[..., Page]

pytestmark = pytest.mark.browser
PATIENCE_MS = 30_000
READY = ".secondlook-viewer[data-ready=all]"
MANY = [("models", "models", 4), ("reader", "readers", 4), ("soft label", "consensus", 3), ("entropy", "doubt", 3)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on a store with one small case whose readers were compared."""
    folder = tmp_path_factory.mktemp("compared")
    write_small_case(folder / "case")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "case")
    agreeing.agree(desk.store, workflow.cases(desk)[0].key, silent)
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


def test_a_square_opens_the_case_at_the_slice_where_the_two_are_furthest_apart(
    page: Page, compared: RunningServer
) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(compared.sign_in_link)
    page.goto(f"{compared.url}/agreement")
    link = page.get_by_role("table").get_by_role("link").first
    expect(link).to_have_attribute("href", re.compile(r"case\?case=P\w+-1&at=0,\d+,\d+"))
    place = re.findall(r"\d+", str(link.get_attribute("href")).partition("at=")[2])
    page.locator("[class*=st-key-matrix] .scatterlayer path.point").first.click(force=True)
    expect(page).to_have_url(re.compile(r"/case\?case=P\w+-1&at="), timeout=PATIENCE_MS)
    viewer = page.wait_for_selector(READY)
    assert viewer is not None
    assert [viewer.get_attribute(f"data-{axis}") for axis in "kji"] == place


def show(harness: Harness, groups: list[tuple[str, str, int]]) -> None:
    """Layers in groups; those of models and readers are shown."""
    layers: list[dict[str, Any]] = []
    for author, group, count in groups:
        for _ in range(count):
            number = len(layers) + 1
            said = {"author": author, "group": group, "visible": group in {"models", "readers"}}
            layers.append(harness.layer(np.ones((9, 14, 16), np.uint8), number, **said))
    harness.show(np.zeros((9, 14, 16), np.int16), axial(), layers=layers)


def shown_chips(page: Page) -> int:
    return page.locator(".chip.layer:visible").count()


def test_with_many_layers_the_groups_that_are_not_shown_are_folded(harness: Harness, opened: Opened) -> None:
    show(harness, MANY)
    page = opened()
    heads = page.locator(".strip .group")
    assert heads.all_inner_texts() == ["models", "readers", "consensus +3", "doubt +3"]
    assert shown_chips(page) == 8
    heads.nth(3).click()
    assert (shown_chips(page), heads.nth(3).get_attribute("aria-expanded")) == (11, "true")
    heads.nth(3).click()
    assert shown_chips(page) == 8


def test_a_layer_that_its_key_shows_leaves_its_folded_group(harness: Harness, opened: Opened) -> None:
    show(harness, MANY)
    page = opened()
    page.keyboard.press("Alt+9")
    assert page.locator(".strip .group").nth(2).inner_text() == "consensus +2"
    assert shown_chips(page) == 9


def test_with_few_layers_nothing_is_folded(harness: Harness, opened: Opened) -> None:
    show(harness, [("models", "models", 2), ("entropy", "doubt", 3)])
    page = opened()
    assert shown_chips(page) == 5
    assert page.locator(".strip .group").all_inner_texts() == ["models", "doubt"]


def test_a_reader_has_the_colour_of_the_letter_and_a_consensus_its_own(harness: Harness, opened: Opened) -> None:
    mask = np.ones((9, 14, 16), np.uint8)
    reader = harness.layer(mask, 1, author_kind="reader", reader=3, letter="C", author="Ann", version="")
    agreed = harness.layer(mask, 2, author_kind="reader", kind="consensus", source="consensus", author="consensus")
    harness.show(np.zeros((9, 14, 16), np.int16), axial(), layers=[reader, agreed])
    page = opened()
    assert page.evaluate("viewer.layers.map(({ colour }) => colour)") == ["#2E93CE", "#009E73"]
    assert page.locator(".chip.layer .name").first.inner_text() == "C: Ann"
    assert page.evaluate("viewer.layers.map(({ isMap, drawsWall }) => [isMap, drawsWall])") == [
        [False, True],
        [False, False],
    ]
