"""From one box to a corrected outline, in a real browser, with the real model in a real worker: the whole journey.

On 24 slices of the real CTA (a generated scan where it is absent), so that it stays short.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import expect

from db.vocabulary import AuthorKind, LabelSource, LayerKind
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
    from playwright.sync_api import Page

    from db.records import Layer

pytestmark = pytest.mark.browser
SLICES = 24
REAL_FIRST = 20
"""Slices of the real CTA on which the aorta is one round piece."""
MIDDLE = SLICES // 2
SOFTWARE = "software aorta"


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
    parts: dict[str, NDArray[Any]] = {"ct": scan.hounsfield.astype(np.int16), f"models/{SOFTWARE}@1": scan.aorta.astype(np.uint8)}
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


def layers_of(home: Path, author: str) -> list[Layer]:
    desk = workflow.open_home(Settings(home=home))
    layers = workflow.case_page(desk, workflow.cases(desk)[0].key).layers
    desk.store.close()
    return [layer for layer in layers if layer.spec.author == author]


def test_one_box_becomes_an_outline_that_two_clicks_correct_and_a_reader_keeps(
    page: Page, served: RunningServer, scan: Cropped
) -> None:
    rows, columns = (np.flatnonzero(scan.aorta[MIDDLE].any(axis=axis)) for axis in (1, 0))
    page.set_default_timeout(90_000)
    expect.set_options(timeout=90_000)
    page.goto(served.sign_in_link)
    page.locator(".secondlook-table .body .row:visible").first.click()
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    go_to(page, MIDDLE)
    panel = page.locator(".panel:visible")

    page.keyboard.press("o")
    expect(panel).to_contain_text("Draw a box")
    page.mouse.move(*on_screen(page, (MIDDLE, rows[0] - 1, columns[0] - 1)))
    page.mouse.down()
    page.mouse.move(*on_screen(page, (MIDDLE, rows[-1] + 1, columns[-1] + 1)), steps=5)
    page.mouse.up()
    panel.get_by_role("button", name="Follow the vessel").click()
    expect(panel).to_contain_text(re.compile(r"slice \d+ of \d+"))
    page.wait_for_selector(".secondlook-viewer[data-partial]")
    assert in_viewer(page, "(host) => host.viewer.drawn.at(-1).id") == "partial"
    expect(panel).to_contain_text("The outline is done.")
    page.locator(".chip .name", has_text="LiteMedSAM one box v0.1.1").first.wait_for()
    assert in_viewer(page, "(host) => host.viewer.cursor[0]") == MIDDLE
    (model,) = [one for one in layers_of(served.home, "LiteMedSAM one box") if one.spec.kind is LayerKind.LABELS]
    assert model.spec.parameters["stopped"]
    expect(page.locator(".sl-table", has_text="Agreement")).to_contain_text("LiteMedSAM one box")

    page.keyboard.press("Escape")
    page.keyboard.press("t")
    panel.get_by_label("Outline to correct").select_option(label="LiteMedSAM one box v0.1.1")
    page.wait_for_function("true")
    middle = (int(rows.mean()), int(columns.mean()))
    page.mouse.click(*on_screen(page, (MIDDLE, *middle)), button="right")
    expect(panel).to_contain_text("1 click; the last step")
    page.mouse.click(*on_screen(page, (MIDDLE, *middle)))
    expect(panel).to_contain_text("2 clicks; the last step")
    panel.get_by_role("button", name="Save").click()
    expect(panel).to_contain_text("correction 1")
    page.locator(".chip .name", has_text="local reader correction 1").first.wait_for()
    expect(page.locator(".sl-table", has_text="Agreement")).to_contain_text("correction 1")
    corrections = [one for one in layers_of(served.home, "local reader") if one.spec.kind is LayerKind.LABELS]
    assert [(one.spec.author_kind, one.spec.source) for one in corrections] == [(AuthorKind.READER, LabelSource.EXPERT)]
    assert layers_of(served.home, "LiteMedSAM one box")[0].spec.image == model.spec.image
