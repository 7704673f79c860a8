"""From one box to a corrected outline, in a real browser, with the real model in a real worker: the whole journey.

On 16 slices of the real CTA (a generated scan where it is absent), so that it stays short.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import expect

from db.vocabulary import AuthorKind, LayerKind
from services import workflow
from services.evaluation import held_out
from services.evaluation.real_scan import FOLDER, read_scan
from services.segmentation.promptable import package
from services.settings import Settings
from tests.browser.test_journeys import READY, in_viewer
from tests.conftest import real_data
from tests.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Locator, Page

    from db.records import Layer

pytestmark = pytest.mark.browser
SLICES = 16
REAL_FIRST = 20
"""Slices of the real CTA on which the aorta is one round piece."""
MIDDLE = SLICES // 2
SOFTWARE, OUTLINED = "software aorta", "LiteMedSAM one box"
LONG = 240_000
"""Milliseconds: a busy machine may take so long for what an idle one does in seconds."""


class Cropped(NamedTuple):
    """Some slices of a scan, and where its aorta is."""

    hounsfield: NDArray[np.int16]
    affine: NDArray[np.float64]
    aorta: NDArray[np.bool_]
    is_synthetic: bool


def cropped() -> Cropped:
    try:
        scan = read_scan(real_data(FOLDER).parent)
    except pytest.skip.Exception:
        scan = None
    if scan is not None:
        part = slice(REAL_FIRST, REAL_FIRST + SLICES)
        return Cropped(scan.hounsfield[part], scan.affine, scan.aorta[part], is_synthetic=False)
    made = held_out.held_out(1, pairs=False)[-1].generate()
    wall = np.isin(made.labels, (1, 2))
    part = slice(*(int(np.median(np.flatnonzero(wall.any(axis=(1, 2))))) + np.array([-MIDDLE, MIDDLE])))
    return Cropped(made.hounsfield[part], made.affine, wall[part], is_synthetic=True)


def write(scan: Cropped, folder: Path) -> None:
    """The case's folder: the image, and the aorta as a program drew it."""
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    columns_first = scan.affine[:, [2, 1, 0, 3]]
    parts: dict[str, NDArray[Any]] = {
        "ct": scan.hounsfield.astype(np.int16),
        f"models/{SOFTWARE}@1": scan.aorta.astype(np.uint8),
    }
    for name, array in parts.items():
        path = folder / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(np.ascontiguousarray(array.transpose(2, 1, 0)), lps_to_ras @ columns_first), path)
    said = f'synthetic = {str(scan.is_synthetic).lower()}\n[labels]\n1 = "outer wall"\n'
    (folder / "case.toml").write_text(said, encoding="utf-8")


@pytest.fixture(scope="module")
def scan() -> Cropped:
    if not package.is_installed():
        pytest.skip(f"needs LiteMedSAM. {package.HOW_TO_ADD}")
    return cropped()


@pytest.fixture(scope="module")
def served(scan: Cropped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("outline")
    write(scan, folder / "case")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "case")
    desk.store.close()
    with RunningServer(folder / "home") as server:
        yield server
        assert server.connections_outward == ""


def on_screen(page: Page, index: tuple[int, int, int]) -> tuple[float, float]:
    """Where a voxel's centre lies on the axial picture, in the window."""
    script = """(host, index) => { const view = host.viewer.views.axial, { plane } = view;
        const at = (axis, flip, size) => (flip ? size - 1 - index[axis] : index[axis]) + 0.5;
        return view.toScreen([at(plane.u, plane.flipU, plane.width), at(plane.v, plane.flipV, plane.height)]); }"""
    x, y = page.locator(".secondlook-viewer").evaluate(script, [int(value) for value in index])
    box = page.locator(".plane[data-plane=axial]").bounding_box()
    assert box
    return box["x"] + x, box["y"] + y


def go_to(page: Page, k: int) -> None:
    in_viewer(page, f"(host) => host.viewer.jump([{k}, host.viewer.cursor[1], host.viewer.cursor[2]])")
    page.wait_for_selector(f'.secondlook-viewer[data-k="{k}"]')


def labels_of(home: Path, author: str) -> list[Layer]:
    desk = workflow.open_home(Settings(home=home))
    layers = workflow.case_page(desk, workflow.cases(desk)[0].key).layers
    desk.store.close()
    return [layer for layer in layers if layer.spec.author == author and layer.spec.kind is LayerKind.LABELS]


@pytest.fixture
def case(page: Page, served: RunningServer) -> Page:
    """The case on screen, at its middle slice."""
    page.set_default_timeout(LONG)
    page.goto(served.sign_in_link)
    page.wait_for_selector(".secondlook-table[data-ready=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    go_to(page, MIDDLE)
    return page


def draw_a_box(page: Page, scan: Cropped) -> None:
    """Around the aorta of the middle slice, as a reader would, and follow it."""
    rows, columns = (np.flatnonzero(scan.aorta[MIDDLE].any(axis=axis)) for axis in (1, 0))
    page.keyboard.press("o")
    expect(panel(page)).to_contain_text("Draw a box", timeout=LONG)
    page.mouse.move(*on_screen(page, (MIDDLE, rows[0] - 1, columns[0] - 1)))
    page.mouse.down()
    page.mouse.move(*on_screen(page, (MIDDLE, rows[-1] + 1, columns[-1] + 1)), steps=5)
    page.mouse.up()
    panel(page).get_by_role("button", name="Follow the vessel").click()


def click_in_the_middle(page: Page, scan: Cropped, clicks: int, **how: Any) -> None:
    k, row, column = (int(values.mean()) for values in np.nonzero(scan.aorta[MIDDLE : MIDDLE + 1]))
    page.mouse.click(*on_screen(page, (k + MIDDLE, row, column)), **how)
    expect(panel(page)).to_contain_text(re.compile(rf"{clicks} clicks?; the last step: .+ voxels"), timeout=LONG)


def panel(page: Page) -> Locator:
    return page.locator(".panel:visible")


def agreement(page: Page) -> Locator:
    return page.locator(".sl-table", has_text="Agreement")


def test_one_box_becomes_an_outline_that_two_clicks_correct_and_a_reader_keeps(
    case: Page, served: RunningServer, scan: Cropped
) -> None:
    draw_a_box(case, scan)
    expect(panel(case)).to_contain_text(re.compile(r"slice \d+ of \d+"), timeout=LONG)
    case.wait_for_selector(".secondlook-viewer[data-partial]")
    expect(panel(case)).to_contain_text("The outline is done.", timeout=LONG)
    case.locator(".chip .name", has_text=f"{OUTLINED} v").first.wait_for()
    assert in_viewer(case, "(host) => host.viewer.cursor[0]") == MIDDLE
    expect(agreement(case)).to_contain_text(re.compile(rf"{SOFTWARE} vs {OUTLINED}0\.[7-9]"), timeout=LONG)
    (model,) = labels_of(served.home, OUTLINED)
    assert model.spec.parameters["stopped"]

    case.keyboard.press("Escape")
    case.keyboard.press("t")
    panel(case).get_by_label("Outline to correct").select_option(str(model.id))
    click_in_the_middle(case, scan, 1, button="right")
    click_in_the_middle(case, scan, 2)
    panel(case).get_by_role("button", name="Save").click()
    expect(panel(case)).to_contain_text("correction 1", timeout=LONG)
    case.locator(".chip .name", has_text="local reader correction 1").first.wait_for()
    expect(agreement(case)).to_contain_text(re.compile(rf"{OUTLINED} vs local reader0\.\d+"), timeout=LONG)
    (correction,) = labels_of(served.home, "local reader")
    assert correction.spec.author_kind is AuthorKind.READER
    clicks = correction.spec.parameters["clicks"]
    assert isinstance(clicks, list)
    assert len(clicks) == 2
    assert [one.spec.image for one in labels_of(served.home, OUTLINED)] == [model.spec.image]
