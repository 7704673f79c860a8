"""The worst silent failure in a real browser: found, opened at its largest error, walked to the next, and seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import expect

from db import case_values
from db.failure_records import CaseError
from services import agreeing, erring, workflow
from services.aggregation.names import DEFAULT
from services.failure.acceptance import LEAST_DICE
from services.imaging.progress import silent
from services.settings import Settings
from tests.running import RunningServer
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
SURE, UNSURE = 0.1, 0.5


def spoil(path: Path) -> None:
    """The thrombus is left out, and a block in the corner of slices 6 to 9 is marked."""
    image = nib.Nifti1Image.from_filename(path)
    labels = np.asarray(image.dataobj).copy()
    labels[labels == 2] = 0
    labels[4:12, 4:12, 5:9] = 1
    nib.save(nib.Nifti1Image(labels, image.affine), path)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Three small cases; in one of them the model is wrong and sure."""
    folder = tmp_path_factory.mktemp("failed")
    for number in range(3):
        write_small_case(folder / "cases" / f"case{number}", offset=number)
    spoil(folder / "cases" / "case0" / "models" / "A@1.nii.gz")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    for case in workflow.cases(desk):
        agreeing.agree(desk.store, case.key, silent)
        erring.bring_up_to_date(desk.store, case.key, silent)
        with desk.store.begin() as session:
            dice = case_values.of_case(session, case.key)[CaseError.DICE]
            case_values.set_values(session, case.key, {DEFAULT: SURE if dice < LEAST_DICE else UNSURE})
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


def test_the_worst_silent_failure_is_found_opened_and_walked(page: Page, failed: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(failed.sign_in_link)
    page.goto(f"{failed.url}/failures")
    expect(page.get_by_text(re.compile("1 of 3 cases are worse than"))).to_be_visible(timeout=PATIENCE_MS)
    page.locator("a.sl-silent").first.click()
    expect(page).to_have_url(re.compile(r"/case\?case=P\w+-\d&at=\d+%2C\d+%2C\d+"), timeout=PATIENCE_MS)
    page.wait_for_selector(".secondlook-viewer[data-ready=all]")
    expect(page.get_by_text("Errors against majority of 2 readers")).to_be_visible(timeout=PATIENCE_MS)
    viewer = page.locator(".secondlook-viewer")
    expect(viewer).to_have_attribute("data-k", "9")
    listed = page.locator("table.sl-table", has=page.locator("caption", has_text="Errors against"))
    listed.locator(".sl-jump").nth(1).click()
    expect(viewer).to_have_attribute("data-k", "6")
    page.keyboard.press("n")
    expect(viewer).to_have_attribute("data-k", "9")
    chip = page.locator(".chip.layer", has=page.locator(".name", has_text=re.compile("^against majority")))
    expect(chip).to_have_class(re.compile("off"))


def test_a_point_opens_its_case_and_the_pieces_are_downloaded(page: Page, failed: RunningServer) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(failed.sign_in_link)
    page.goto(f"{failed.url}/failures")
    with page.expect_download() as told:
        page.locator('a[href*="/failures/pieces.csv"]').click()
    assert told.value.suggested_filename == "failures-pieces.csv"
    page.locator("[class*=st-key-quadrant] .scatterlayer path.point").last.click(force=True)
    expect(page).to_have_url(re.compile(r"/case\?case=P\w+-\d&at="), timeout=PATIENCE_MS)
