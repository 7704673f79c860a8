"""What a pixel shows: windows, outlines, fills, maps and their transparency, slabs, measurements. Worked by hand."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.browser.test_viewer_geometry import on_screen
from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
SHAPE = (5, 8, 10)


def flat(value: int = 0) -> NDArray[np.int16]:
    return np.full(SHAPE, value, dtype=np.int16)


def pixel(page: Page, column: int, row: int, plane: str = "axial") -> list[int]:
    """Red, green and blue of one picture pixel."""
    page.wait_for_function("!window.viewer.pending")
    script = """([p, x, y]) => Array.from(document.querySelector(`.plane[data-plane=${p}] canvas.picture`)
      .getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3))"""
    found: list[int] = page.evaluate(script, [plane, column, row])
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("!window.viewer.pending")


@pytest.mark.parametrize(("hounsfield", "grey"), [(-160, 0), (-500, 0), (41, 128), (240, 255), (3000, 255), (-60, 64)])
def test_window_400_40_maps_known_values_to_known_greys(
    harness: Harness, opened: Callable[..., Page], hounsfield: int, grey: int
) -> None:
    harness.show(flat(hounsfield), axial())
    assert pixel(opened("#w=400&l=40"), 2, 2) == [grey] * 3


@pytest.mark.parametrize(
    ("key", "window"), [("1", "400/40"), ("2", "600/200"), ("3", "250/60"), ("4", "1800/400"), ("5", "350/50")]
)
def test_the_number_keys_set_the_windows(harness: Harness, opened: Callable[..., Page], key: str, window: str) -> None:
    harness.show(flat(), axial())
    harness.data["image"]["window"] = [350, 50]
    page = opened("#w=100&l=0")
    press(page, key)
    assert page.locator(".secondlook-viewer").get_attribute("data-window") == window


def test_invert_turns_white_to_black(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(flat(240), axial())
    page = opened("#w=400&l=40")
    press(page, "i")
    assert pixel(page, 2, 2) == [0, 0, 0]


def test_a_fill_has_the_colour_of_its_structure_at_known_strength(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2, 3, 4] = 1
    harness.show(flat(-1000), axial(), layers=[harness.layer(mask)])
    page = opened("#k=2&j=3&i=4")
    alpha = 140 / 256
    assert pixel(page, 4, 3) == pytest.approx([0xD5 * alpha, 0x5E * alpha, 0x00], abs=1.5)
    assert pixel(page, 5, 3) == [0, 0, 0]


def test_an_outline_runs_along_the_border_of_its_voxels(harness: Harness, opened: Callable[..., Page]) -> None:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2, 3:5, 4:7] = 1
    harness.show(flat(), axial(), layers=[harness.layer(mask, style="outline")])
    page = opened("#k=2&j=3&i=4")
    lines = page.evaluate("window.viewer.views.axial.outlines.get('1')[0].edges")
    found = {tuple(lines[at : at + 4]) for at in range(0, len(lines), 4)}
    assert found == {(4, 3, 7, 3), (4, 5, 7, 5), (4, 3, 4, 5), (7, 3, 7, 5)}


def test_lumen_and_thrombus_have_one_outer_wall(harness: Harness, opened: Callable[..., Page]) -> None:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2, 3, 4], mask[2, 3, 5] = 1, 2
    harness.show(flat(), axial(), layers=[harness.layer(mask, style="outline")])
    page = opened("#k=2&j=3&i=4")
    lumen, wall = (page.evaluate(f"window.viewer.views.axial.outlines.get('1')[{n}].edges") for n in (0, 1))
    assert tuple(lumen[:4]) == (4, 3, 5, 3)
    assert tuple(wall[:4]) == (4, 3, 6, 3)


def probability(value: int) -> NDArray[np.uint8]:
    return np.full(SHAPE, value, dtype=np.uint8)


@pytest.mark.parametrize(
    ("blend", "stored", "strength"),
    [("even", 51, 1.0), ("value", 51, 0.2), ("value", 255, 1.0), ("certainty", 51, 0.6), ("certainty", 255, 1.0)],
)
def test_a_maps_transparency_is_even_or_its_value_or_its_certainty(
    harness: Harness, opened: Callable[..., Page], blend: str, stored: int, strength: float
) -> None:
    harness.show(flat(-1000), axial(), layers=[harness.probability(probability(stored))])
    page = opened()
    colour = page.evaluate(f"import('/assets/x/viewer/colours.js').then((m) => m.ramp('probability')[{stored}])")
    page.evaluate(f"window.viewer.setLayer(window.viewer.layers[0], {{blend: '{blend}'}})")
    assert pixel(page, 3, 3) == pytest.approx([value * strength for value in colour], abs=2)


def test_colour_can_be_the_value_and_transparency_the_certainty_of_another_map(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    doubt = probability(0)
    doubt[:, :, 5:] = 255
    layers = [harness.probability(probability(255), 1), harness.probability(doubt, 2, visible=False)]
    harness.show(flat(-1000), axial(), layers=layers)
    page = opened()
    page.evaluate("window.viewer.setLayer(window.viewer.layers[0], {blend: 'certainty', by: '2'})")
    page.wait_for_function("window.viewer.layers[1].block")
    assert pixel(page, 2, 3) == pytest.approx([255, 255, 255], abs=2)
    assert pixel(page, 7, 3) == [0, 0, 0]


def test_the_read_out_names_every_visible_layers_value(harness: Harness, opened: Callable[..., Page]) -> None:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2, 3, 4] = 2
    harness.show(flat(33), axial(), layers=[harness.layer(mask), harness.probability(probability(128))])
    page = opened("#k=2&j=3&i=4")
    assert page.locator(".chip .value").all_inner_texts() == ["33 HU", "thrombus", "0.502"]


def slab_volume() -> NDArray[np.int16]:
    """Slices of 0, 10, 20, 30 and 240 HU, 2 mm apart."""
    return np.repeat(np.array([0, 10, 20, 30, 240], dtype=np.int16), SHAPE[1] * SHAPE[2]).reshape(SHAPE)


@pytest.mark.parametrize(("mode", "hounsfield"), [("mip", 240), ("average", 60)])
def test_a_slab_shows_the_largest_value_or_the_mean(
    harness: Harness, opened: Callable[..., Page], mode: str, hounsfield: int
) -> None:
    harness.show(slab_volume(), axial((2.0, 1.0, 1.0)))
    page = opened(f"#k=2&j=1&i=1&w=512&l=128&slab={mode}:10")
    assert pixel(page, 3, 3) == pytest.approx([(hounsfield + 128) / 512 * 255] * 3, abs=1)
    shown = page.locator(".plane[data-plane=axial] .bottom-right").inner_text()
    assert shown == f"{'MIP' if mode == 'mip' else 'average'} 10.0 mm"


def test_the_slab_key_goes_round_off_mip_average(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(slab_volume(), axial())
    page = opened()
    seen = []
    for _ in range(3):
        press(page, "b")
        seen.append(page.evaluate("window.viewer.slab.mode"))
    assert seen == ["mip", "average", "off"]


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.move(*on_screen(page, "axial", start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, "axial", end), steps=4)
    page.mouse.up()


def mark_text(page: Page) -> str:
    text: str = page.evaluate(
        """import('/assets/x/viewer/tools.js').then((m) => { const v = window.viewer;
        return m.markText(v.marks.marks[0], v.views.axial, v.block); })"""
    )
    return text


def test_the_ruler_measures_millimetres_with_both_spacings(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(flat(), axial((1.0, 2.0, 1.5)))
    page = opened()
    press(page, "r")
    drag(page, (1, 1), (3, 3))
    assert mark_text(page) == "5.0 mm"


def test_the_ellipse_gives_mean_spread_and_area(harness: Harness, opened: Callable[..., Page]) -> None:
    volume = flat(100)
    volume[:, :, :5] = 200
    harness.show(volume, axial((1.0, 10.0, 10.0)))
    page = opened()
    press(page, "e")
    drag(page, (2, 2), (6, 6))
    text = mark_text(page)
    assert text.startswith("mean 1")
    assert text.endswith("12.57 cm\N{SUPERSCRIPT TWO}")


def test_the_statistics_of_an_ellipse_count_voxels_whose_centre_lies_inside(
    harness: Harness, opened: Callable[..., Page]
) -> None:
    volume = flat(100)
    volume[2, 3, 4] = 500
    harness.show(volume, axial())
    found: dict[str, Any] = opened("#k=2").evaluate(
        """import('/assets/x/viewer/tools.js').then((m) => m.ellipseStatistics(
        window.viewer.views.axial.plane, window.viewer.block, 2, [3.4, 2.4], [5.6, 4.6]))"""
    )
    assert found["count"] == 5
    assert found["mean"] == pytest.approx((500 + 4 * 100) / 5)
    assert found["deviation"] == pytest.approx(160)


def test_a_mere_click_leaves_no_mark_and_delete_removes_the_last(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(flat(), axial())
    page = opened()
    press(page, "r")
    page.mouse.click(*on_screen(page, "axial", (3, 3)))
    assert page.evaluate("window.viewer.marks.marks.length") == 0
    drag(page, (1, 1), (5, 5))
    press(page, "Delete")
    assert page.evaluate("window.viewer.marks.marks.length") == 0


def test_image_areas_are_black_on_a_light_page_too(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(flat(), axial())
    page = opened()
    page.evaluate("document.body.style.setProperty('--st-background-color', '#ffffff')")
    for plane in ("axial", "coronal", "sagittal"):
        element = page.locator(f".plane[data-plane={plane}]")
        assert element.evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgb(0, 0, 0)"


def test_chromium_unpacks_an_image_that_several_threads_packed(harness: Harness, opened: Callable[..., Page]) -> None:
    """Larger than one block of db.packing, so that it is put together from several."""
    noise = np.random.default_rng(7).normal(0, 300, (20, 256, 256)).astype(np.int16)
    harness.show(noise, axial())
    digest = harness.data["image"]["digest"]
    script = """async (address) => {
      const sum = await crypto.subtle.digest("SHA-256", (await (await fetch(address)).arrayBuffer()).slice(352));
      return Array.from(new Uint8Array(sum)); }"""
    assert opened().evaluate(script, f"/blob/{digest}?t=first") == list(hashlib.sha256(noise.tobytes()).digest())
