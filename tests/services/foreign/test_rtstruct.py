"""DICOM RTSTRUCT: contours to voxels with answers worked by hand, and regions to structures of their series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from highdicom import Volume

from db.vocabulary import LabelSource
from services import workflow
from services.imaging.foreign.rtstruct import filled
from tests.services.foreign.writers import (
    AFFINE,
    SHAPE,
    contour,
    in_slice,
    layers,
    refused,
    stored,
    write_ct,
    write_rtstruct,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.desk import Desk

IMAGE = Volume(np.zeros(SHAPE, dtype=np.int16), AFFINE, "PATIENT")
SQUARE = [(1.5, 2.5), (1.5, 6.5), (5.5, 6.5), (5.5, 2.5)]
HOLE = [(2.5, 3.5), (2.5, 5.5), (4.5, 5.5), (4.5, 3.5)]
KEYHOLE = [*SQUARE[:1], *HOLE, HOLE[0], *SQUARE[:1], *SQUARE[1:][::-1]]


def drawn(rows: slice, columns: slice, k: int = 2) -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[k, rows, columns] = True
    return mask


RING = drawn(slice(2, 6), slice(3, 7)) & ~drawn(slice(3, 5), slice(4, 6))
CONTOURS = {
    "a square": ([SQUARE], drawn(slice(2, 6), slice(3, 7))),
    "run the other way": ([SQUARE[::-1]], drawn(slice(2, 6), slice(3, 7))),
    "a square with a hole": ([SQUARE, HOLE], RING),
    "a keyhole": ([KEYHOLE], RING),
    "a triangle": ([[(2, 2), (6, 2), (6, 6.1)]], np.tri(4, 5, 0, dtype=bool)),
    "beyond the image": ([[(-9, -9), (-9, 1.5), (2.5, 1.5), (2.5, -9)]], drawn(slice(0, 3), slice(0, 2))),
    "less than half a voxel": ([[(2.1, 2.1), (2.1, 2.4), (2.4, 2.4)]], drawn(slice(0), slice(0))),
    "through voxel centres": ([[(2, 3), (2, 5), (4, 5), (4, 3)]], drawn(slice(2, 4), slice(3, 5))),
    "two squares apart": ([SQUARE, [(7.5, 0.5), (7.5, 1.5), (8.5, 1.5), (8.5, 0.5)]],
                          drawn(slice(2, 6), slice(3, 7)) | drawn(slice(8, 9), slice(1, 2))),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTOURS)
def test_a_contour_holds_the_voxels_whose_centres_lie_inside(name: str) -> None:
    contours, expected = CONTOURS[name]
    mask = filled([in_slice(2, places) for places in contours], IMAGE)
    if name == "a triangle":
        expected = drawn(slice(0), slice(0))
        for row in range(2, 6):
            expected[2, row, 2 : 2 + int(np.ceil((row - 2) * 4.1 / 4))] = True
    np.testing.assert_array_equal(mask, expected)


def test_regions_of_an_rtstruct_are_structures_of_its_series(desk: Desk, tmp_path: Path) -> None:
    regions = {"Lumen": [in_slice(2, HOLE)], "Aorta": [in_slice(2, SQUARE)], "Anna": [in_slice(3, SQUARE)]}
    write_rtstruct(tmp_path / "study" / "rt.dcm", write_ct(tmp_path / "study" / "ct"), regions)
    first, second = layers(desk, tmp_path / "study")
    assert first.spec.classes == {1: "lumen", 3: "other structure 3"}
    np.testing.assert_array_equal(stored(desk, first) == 1, drawn(slice(3, 5), slice(4, 6)))
    np.testing.assert_array_equal(stored(desk, second) == 2, drawn(slice(2, 6), slice(3, 7)))
    assert {one.spec.author for one in (first, second)} == {"reader 1"}


def test_an_automatic_region_is_by_the_program(desk: Desk, tmp_path: Path) -> None:
    regions = {"Aorta": [in_slice(2, SQUARE)]}
    write_rtstruct(tmp_path / "study" / "rt.dcm", write_ct(tmp_path / "study" / "ct"), regions, how="AUTOMATIC")
    (layer,) = layers(desk, tmp_path / "study")
    assert (layer.spec.author, layer.spec.source) == ("Maker Contourer", LabelSource.SOFTWARE)


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (in_slice(2.4, SQUARE), "0.40 slices beside it"),
        (in_slice(2, SQUARE) + np.outer([0, 1, 2, 3], [0, 0, 1]), "slices beside it"),
        (in_slice(40, SQUARE), "no closed contour"),
    ],
)
def test_contours_that_lie_in_no_slice_are_refused(
    desk: Desk, tmp_path: Path, points: NDArray[np.float64], found: str
) -> None:
    write_rtstruct(tmp_path / "study" / "rt.dcm", write_ct(tmp_path / "study" / "ct"), {"Aorta": [points]})
    assert found in refused(desk, tmp_path / "study")


def test_open_contours_are_passed_over_and_said(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "study" / "rt.dcm"
    rt = write_rtstruct(path, write_ct(tmp_path / "study" / "ct"), {"Aorta": [in_slice(2, SQUARE)]})
    rt.ROIContourSequence[0].ContourSequence.append(contour(in_slice(2, SQUARE), "POINT"))
    rt.save_as(path, enforce_file_format=True)
    (case,) = workflow.ingest(desk, tmp_path / "study").cases
    assert case.remarks == ("1 open contours and points passed over",)
