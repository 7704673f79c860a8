"""From a flagged case to its decision, to its growth, and to the earlier scan beside it, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from db.records import NewFlag
from db.vocabulary import FlagReason
from services import growing, workflow
from services.phantom.dicom_writer import SeriesFacts, write_series
from services.settings import Settings
from tests import measured_case
from tests.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
SHAPE = (30, 48, 56)
"""Slices of 3 mm, from -45 mm on: the height 0 is slice 15."""
LIFT_MM = 6.0
"""The later scan lies two slices nearer to the head."""
DOUBT = NewFlag(FlagReason.DECISION, 2, "54.1 mm: 38 % above the 55 mm threshold.", (15, 24, 28), (15, 15))


def affine() -> np.ndarray:
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = 3.0, 1.5, 1.5, 1.0
    matrix[:3, 3] = (-42.0, -36.0, -45.0)
    return matrix


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole application on two scans of one patient, both measured."""
    folder = tmp_path_factory.mktemp("followed")
    rows, columns = np.indices(SHAPE[1:]) - np.array([24, 28])[:, None, None]
    slice_ = np.where(np.hypot(rows, columns) < 9, 300, -50).astype(np.int16)
    for number, day in enumerate(("20190102", "20210101")):
        image = np.broadcast_to(slice_ + number, SHAPE).astype(np.int16)
        write_series(folder / "scans" / day, image, affine(), SeriesFacts("one patient", day, sex="M"))
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "scans")
    earlier, later = growing.course(desk, workflow.cases(desk)[0].key).scans
    measured_case.store(desk, earlier.key, measured_case.rows(50.0))
    measured_case.store(desk, later.key, measured_case.rows(54.1, lift=LIFT_MM), flags=[DOUBT])
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server


@pytest.fixture
def case(page: Page, followed: RunningServer) -> Page:
    """The flagged case, opened from the worklist, with its tab Decision on top."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(followed.sign_in_link)
    page.wait_for_selector(".secondlook-table[data-ready=true]")
    page.get_by_text("54.1 mm: 38 % above").first.click()
    page.wait_for_selector(".secondlook-viewer[data-ready=all]")
    page.get_by_role("tab", name="Decision").click()
    return page


def viewers(page: Page) -> Locator:
    return page.locator(".secondlook-viewer")


def expect_slice(viewer: Locator, k: int) -> None:
    expect(viewer).to_have_attribute("data-k", str(k), timeout=PATIENCE_MS)


def test_a_measure_leads_to_its_plane_and_the_image_stays_in_sight(case: Page) -> None:
    expect(case.get_by_text("that the true diameter lies above 55 mm")).to_be_visible()
    jump = case.get_by_role("row", name=re.compile("Neck, diameter")).get_by_role("button", name="slice 21")
    jump.scroll_into_view_if_needed()
    jump.click()
    expect_slice(viewers(case), 20)
    expect(viewers(case).locator(".plane[data-plane=axial]")).to_be_in_viewport(ratio=0.9)


def test_from_growth_to_the_earlier_scan_beside_and_moving_in_one_moves_the_other(case: Page) -> None:
    expect(case.get_by_text("mm per year").first).to_be_visible()
    case.get_by_role("link", name="beside this one").click()
    expect(case.get_by_text("Matched by the height")).to_be_visible(timeout=PATIENCE_MS)
    earlier, later = viewers(case).nth(0), viewers(case).nth(1)
    expect(later).to_have_attribute("data-ready", "all", timeout=PATIENCE_MS)
    step(case, earlier, 1)
    expect_slice(later, slice_of(earlier) + 2)
    before = slice_of(earlier)
    step(case, later, 3)
    expect_slice(earlier, before + 3)


def test_what_is_no_longer_linked_moves_alone_and_is_linked_again_as_it_stands(case: Page) -> None:
    case.get_by_role("link", name="beside this one").click()
    earlier, later = viewers(case).nth(0), viewers(case).nth(1)
    expect(later).to_have_attribute("data-ready", "all", timeout=PATIENCE_MS)
    step(case, earlier, 1)
    apart = slice_of(later) - slice_of(earlier)
    earlier.get_by_role("button", name="Linked").click()
    step(case, earlier, 3)
    later.get_by_role("button", name="Linked").click()
    step(case, earlier, 1)
    expect_slice(later, slice_of(earlier) + apart - 3)


def test_the_surface_turns_up_when_it_is_asked_for(case: Page) -> None:
    case.get_by_text("Surface in 3D").click()
    expect(case.get_by_text("No surface is stored")).to_be_visible(timeout=PATIENCE_MS)


def slice_of(viewer: Locator) -> int:
    return int(viewer.get_attribute("data-k") or "")


def step(page: Page, viewer: Locator, slices: int) -> None:
    """Point at a viewer's axial plane and press the key for the next slice."""
    plane = viewer.locator(".plane[data-plane=axial]")
    plane.click(button="middle")
    for _ in range(slices):
        before = slice_of(viewer)
        page.keyboard.press("ArrowDown")
        expect_slice(viewer, before + 1)
