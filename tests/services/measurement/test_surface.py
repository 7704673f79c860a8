"""The surface to turn about: closed, where the wall is, and with the thrombus as thick as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.measurement.surface import EMPTY, MOST_FACES, surface, surface_measurement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.surface import Surface

SPACING = (2.0, 1.0, 1.0)
CLASSES = {1: "lumen", 2: "thrombus"}
LUMEN_MM, WALL_MM = 10.0, 22.0


def affine(*, mirrored: bool = False) -> NDArray[np.float64]:
    """An axial scan; mirrored, its columns run towards the patient's right."""
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[1, 1], matrix[0, 2], matrix[3, 3] = *SPACING, 1.0
    matrix[:3, 3] = (-30.0, -20.0, 100.0)
    if mirrored:
        matrix[0, 2] = -1.0
    return matrix


def ball(radius_mm: float = WALL_MM) -> NDArray[np.uint8]:
    """A ball in a ball: lumen within thrombus, both about the voxel (16, 32, 32)."""
    places = (np.indices((33, 65, 65)) - np.array([16, 32, 32])[:, None, None, None]) * np.array(SPACING)[
        :, None, None, None
    ]
    away = np.linalg.norm(places, axis=0)
    return np.where(away <= LUMEN_MM, 1, np.where(away <= radius_mm, 2, 0)).astype(np.uint8)


def drawn(mask: NDArray[np.uint8], **said: object) -> Surface:
    found = surface(mask, affine(), CLASSES, **said)  # type: ignore[arg-type]
    assert found is not None
    return found


def volume(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> float:
    """Enclosed volume, positive where triangles turn against the clock seen from outside (divergence theorem)."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def edges(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """How often each edge is used, whatever its direction."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(pairs, axis=0, return_counts=True)[1]


def test_a_ball_is_drawn_where_it_is_and_as_large_as_it_is() -> None:
    found = drawn(ball())
    centre = affine() @ (16, 32, 32, 1)
    assert np.allclose(found.vertices.mean(axis=0), centre[:3], atol=0.3)
    away = np.linalg.norm(found.vertices - centre[:3], axis=1)
    assert abs(away - WALL_MM).max() < 1.5  # half a step of the grid
    assert volume(found.vertices, found.faces) == pytest.approx(4 / 3 * np.pi * WALL_MM**3, rel=0.05)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_any_mask_becomes_a_closed_surface_that_faces_outwards(seed: int) -> None:
    mask = (np.random.default_rng(seed).random((8, 12, 12)) < 0.4).astype(np.uint8)
    mask[3:6, 5:9, 5:9] = 1
    found = drawn(mask)
    assert (edges(found.faces) == 2).all()
    assert volume(found.vertices, found.faces) > 0


@pytest.mark.parametrize("mirrored", [False, True])
def test_triangles_face_outwards_whichever_way_the_columns_run(mirrored: bool) -> None:
    found = surface(ball(), affine(mirrored=mirrored), CLASSES)
    assert found is not None
    assert volume(found.vertices, found.faces) > 0


def test_the_thrombus_is_as_thick_as_the_shell_between_two_balls() -> None:
    thickness = drawn(ball()).thickness_mm
    assert thickness is not None
    wrong = abs(thickness - (WALL_MM - LUMEN_MM))
    assert np.median(wrong) < 1.0
    assert wrong.max() < 3.0  # at the poles, where both balls are stairs of 2 mm


def test_without_thrombus_between_the_thickness_is_nought() -> None:
    thickness = drawn(np.where(ball(LUMEN_MM) > 0, 1, 0).astype(np.uint8)).thickness_mm
    assert thickness is not None
    assert thickness.max() < 1.0


def test_where_lumen_and_thrombus_are_not_told_apart_there_is_no_thickness() -> None:
    found = surface((ball() > 0).astype(np.uint8), affine(), {1: "outer wall"})
    assert found is not None
    assert found.thickness_mm is None


def test_the_doubt_is_that_of_the_map_at_the_vertex() -> None:
    height = np.broadcast_to(np.arange(33.0)[:, None, None], (33, 65, 65))
    found = drawn(ball(), doubt=height)
    assert found.doubt is not None
    assert np.allclose(found.doubt, (found.vertices[:, 2] - 100) / 2, atol=1e-6)


def test_a_large_mask_is_drawn_coarser_and_never_with_too_many_triangles() -> None:
    found = drawn(ball(30.0), most_faces=400)
    assert len(found.faces) <= 400
    assert found.step_mm > 3
    assert len(drawn(ball(30.0)).faces) <= MOST_FACES


def test_the_mask_is_left_as_it_was() -> None:
    mask = ball()
    before = mask.copy()
    drawn(mask)
    assert np.array_equal(mask, before)


def test_what_is_stored_is_rounded_and_says_how_it_was_made() -> None:
    stored = surface_measurement(drawn(ball(), doubt=np.full((33, 65, 65), 0.12345)), "A 1", doubt="total", unit="nats")
    assert (stored.name, stored.subject, stored.value, stored.unit) == ("surface", "A 1", 3.0, "mm")
    assert set(stored.parameters["uncertainty"]) == {0.123}  # type: ignore[call-overload]
    assert len(stored.points) == len(stored.parameters["thickness_mm"])  # type: ignore[arg-type]
    assert max(map(max, stored.parameters["faces"])) == len(stored.points) - 1  # type: ignore[call-overload]


def test_an_empty_mask_has_no_surface_and_says_why() -> None:
    assert surface(np.zeros((4, 4, 4), dtype=np.uint8), affine(), CLASSES) is None
    stored = surface_measurement(None, "A 1")
    assert (stored.value, stored.reason, stored.points) == (None, EMPTY, ())
