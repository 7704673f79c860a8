"""Correct to the voxel: known voxels of oblique, flipped, permuted and anisotropic volumes are where they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.viewer_harness import axial

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from tests.browser.viewer_harness import Harness

pytestmark = pytest.mark.browser
SHAPE = (12, 20, 16)
MARKED = (3, 5, 11)
MARK_HU, GROUND_HU = 777, -100
RIGHT = {"axial": "L", "coronal": "L", "sagittal": "P"}
DOWN = {"axial": "P", "coronal": "I", "sagittal": "I"}
DIRECTION = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}


def turned(degrees: float) -> NDArray[np.float64]:
    """An axial scan turned around the head-foot axis: rows no longer run left to right."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    affine = axial((3.0, 0.8, 0.8))
    affine[:3, :3] = rotation @ affine[:3, :3]
    return affine


def permuted(order: tuple[int, int, int], signs: tuple[int, int, int]) -> NDArray[np.float64]:
    """Array axes in another order and direction, as in sagittal or coronal acquisitions and flipped NIfTI files."""
    affine = np.eye(4)
    affine[:3, :3] = axial((2.0, 1.0, 1.5))[:3, :3][:, order] * signs
    return affine


VOLUMES = {
    "axial": axial(),
    "anisotropic": axial((5.0, 0.7, 0.9)),
    "flipped columns": permuted((0, 1, 2), (1, 1, -1)),
    "flipped rows": permuted((0, 1, 2), (1, -1, 1)),
    "flipped slices": permuted((0, 1, 2), (-1, 1, 1)),
    "sagittal acquisition": permuted((2, 0, 1), (1, -1, 1)),
    "coronal acquisition": permuted((1, 0, 2), (-1, 1, 1)),
    "oblique": turned(25),
}


def nearest_axis(affine: NDArray[np.float64], letter: str) -> tuple[int, bool]:
    """The array axis that runs closest to a direction, and whether it runs the same way."""
    along = affine[:3, :3].T @ np.array(DIRECTION[letter]) / np.linalg.norm(affine[:3, :3], axis=0)
    axis = int(np.abs(along).argmax())
    return axis, bool(along[axis] > 0)


def expected_pixel(affine: NDArray[np.float64], plane: str) -> tuple[int, int]:
    """Column and row of the marked voxel in a plane's picture, from the definition of the convention."""
    pixel = []
    for letter in (RIGHT[plane], DOWN[plane]):
        axis, same = nearest_axis(affine, letter)
        pixel.append(MARKED[axis] if same else SHAPE[axis] - 1 - MARKED[axis])
    return pixel[0], pixel[1]


def marked_volume() -> NDArray[np.int16]:
    array = np.full(SHAPE, GROUND_HU, dtype=np.int16)
    array[MARKED] = MARK_HU
    return array


def white_pixels(page: Page, plane: str) -> list[list[int]]:
    """Where a plane's picture is white: [[column, row], ...]."""
    script = """(plane) => { const c = document.querySelector(`.plane[data-plane=${plane}] canvas.picture`);
      const p = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; const found = [];
      for (let n = 0; n < p.length; n += 4)
        if (p[n] === 255) found.push([(n / 4) % c.width, Math.floor(n / 4 / c.width)]);
      return found; }"""
    found: list[list[int]] = page.evaluate(script, plane)
    return found


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("name", list(VOLUMES))
def test_a_marked_voxel_is_where_the_convention_puts_it(
    harness: Harness, opened: Callable[..., Page], name: str, plane: str
) -> None:
    harness.show(marked_volume(), VOLUMES[name])
    page = opened("#k={}&j={}&i={}&w=400&l=40".format(*MARKED))
    assert white_pixels(page, plane) == [list(expected_pixel(VOLUMES[name], plane))]


@pytest.mark.parametrize("name", list(VOLUMES))
def test_the_read_out_under_the_mouse_is_the_voxel_that_is_seen_there(
    harness: Harness, opened: Callable[..., Page], name: str
) -> None:
    harness.show(marked_volume(), VOLUMES[name])
    page = opened("#k={}&j={}&i={}&w=400&l=40".format(*MARKED))
    for plane in ("axial", "coronal", "sagittal"):
        x, y = on_screen(page, plane, expected_pixel(VOLUMES[name], plane))
        page.mouse.move(x, y)
        assert page.locator(".chip.hu .value").inner_text() == f"{MARK_HU} HU"
        page.mouse.move(x, y + 2 * pixel_height(page, plane))
        assert page.locator(".chip.hu .value").inner_text() == f"{GROUND_HU} HU"


@pytest.mark.parametrize("name", list(VOLUMES))
def test_a_click_puts_the_crosshair_on_the_voxel(harness: Harness, opened: Callable[..., Page], name: str) -> None:
    harness.show(marked_volume(), VOLUMES[name])
    page = opened("#k={}&j={}&i={}&w=400&l=40".format(*MARKED))
    page.mouse.click(*on_screen(page, "axial", expected_pixel(VOLUMES[name], "axial")))
    page.wait_for_function("!window.viewer.pending")
    host = page.locator(".secondlook-viewer")
    assert tuple(int(host.get_attribute(f"data-{axis}") or -1) for axis in "kji") == MARKED


def test_letters_follow_the_radiological_convention(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(marked_volume(), axial())
    page = opened()
    assert letters(page, "axial") == ("R", "L", "A", "P")
    assert letters(page, "coronal") == ("R", "L", "S", "I")
    assert letters(page, "sagittal") == ("A", "P", "S", "I")


def test_an_oblique_plane_has_two_letters_the_stronger_first(harness: Harness, opened: Callable[..., Page]) -> None:
    harness.show(marked_volume(), turned(25))
    assert letters(opened(), "axial") == ("RA", "LP", "AL", "PR")


def test_the_slice_position_is_in_patient_millimetres(harness: Harness, opened: Callable[..., Page]) -> None:
    affine = axial((2.5, 1.0, 1.0))
    affine[:3, 3] = (-10.0, -20.0, -30.0)
    harness.show(marked_volume(), affine)
    page = opened("#k=3&j=5&i=11")
    assert "Axial 4/12\nI 22.5 mm" in page.locator(".plane[data-plane=axial] .top-left").inner_text()


def letters(page: Page, plane: str) -> tuple[str, ...]:
    words = page.locator(f".plane[data-plane={plane}] .words")
    return tuple(words.locator(f".side-{side}").inner_text() for side in ("left", "right", "top", "bottom"))


def on_screen(page: Page, plane: str, pixel: tuple[int, int]) -> tuple[float, float]:
    """Page coordinates of a picture pixel's centre, from where the browser says the picture lies."""
    box = page.locator(f".plane[data-plane={plane}] canvas.picture").bounding_box()
    size = page.evaluate(
        "(p) => { const c = document.querySelector(`.plane[data-plane=${p}] canvas.picture`);"
        " return [c.width, c.height]; }",
        plane,
    )
    assert box is not None
    return box["x"] + (pixel[0] + 0.5) * box["width"] / size[0], box["y"] + (pixel[1] + 0.5) * box["height"] / size[1]


def pixel_height(page: Page, plane: str) -> float:
    return on_screen(page, plane, (0, 1))[1] - on_screen(page, plane, (0, 0))[1]
