"""One table of keys a page: without duplicates, and the same in docs/keys.md, on screen and on the buttons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dashboard.views.case import KEYS as VERDICT_KEYS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
Table = dict[str, str]
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
WINDOWS = {"soft tissue": "400/40", "angio": "600/200", "thrombus": "250/60"}


def documented(heading: str) -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "keys.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return ROW.findall(section)


def in_code(page: Page, harness: Harness, module: str) -> list[tuple[str, str]]:
    page.goto(f"{harness.url}/data")
    take = "(m) => [...m.KEYS, ...(m.REVIEW_KEYS ?? [])].map(([a, b]) => [a, b])"
    script = f"import('/assets/x/{module}/keys.js').then({take})"
    return [(key, text) for key, text in page.evaluate(script)]


@pytest.mark.parametrize(("module", "heading"), [("viewer", "On a case"), ("table", "In the worklist")])
def test_the_document_says_what_the_code_does_and_no_key_stands_twice(
    page: Page, harness: Harness, module: str, heading: str
) -> None:
    table = in_code(page, harness, module)
    assert table == documented(heading)
    assert len({key for key, _ in table}) == len(table) > 10


def test_the_verdicts_keys_are_those_of_the_table() -> None:
    shown = {text.removeprefix("verdict: "): key.lower() for key, text in documented("On a case") if "verdict" in text}
    assert shown == {verdict.value: key for verdict, key in VERDICT_KEYS.items()}


def test_the_windows_are_the_fields_usual_ones() -> None:
    shown = [text for _, text in documented("On a case") if text.startswith("window: ")]
    assert [f"window: {name} {values}" for name, values in WINDOWS.items()] == shown[:3]
    assert shown[3].startswith("window: bone")
    assert shown[4] == "window: the file's own"


def test_the_question_mark_shows_every_key(page: Page, harness: Harness) -> None:
    import numpy as np

    from tests.browser.viewer_harness import axial

    harness.show(np.zeros((3, 4, 5), dtype=np.int16), axial())
    page.goto(harness.url)
    page.wait_for_selector(".secondlook-viewer[data-ready=all]")
    page.keyboard.press("?")
    assert page.locator("dialog.help[open] dd").all_inner_texts() == [text for _, text in documented("On a case")]
    page.keyboard.press("Escape")
    assert page.locator("dialog.help[open]").count() == 0
