"""Pieces of errors, worked by hand on whole voxels: volume, distance, place, hour; and what is stray."""

from __future__ import annotations

import numpy as np
import pytest

from db.failure_records import ErrorKind
from services.experts.surfaces import Outline
from services.failure.callipers import Callipers, calliper_mm
from services.failure.pieces import GOES_AROUND, NO_REFERENCE_HERE, Pieces, pieces_of
from tests.services.failure.cubes import AFFINE, SPACING, Mask, box, column


def pieces(mask: Mask, reference: Mask | None = None) -> Pieces:
    right = column() if reference is None else reference
    return pieces_of(mask, Outline(right, SPACING), AFFINE, (5, 0, 0))


def test_a_cube_added_on_the_left_is_one_piece_at_3_o_clock() -> None:
    """4 slices x 10 x 8 voxels of 3 mm3; its farthest voxels are 8 mm from the outermost ones of the column."""
    found = pieces(column() | box((4, 8), (25, 35), (40, 48)))
    (piece,) = found.listed
    assert (piece.kind, piece.clock, piece.slices) == (ErrorKind.FALSE_POSITIVE, 3, (9, 12))
    assert piece.volume_ml == pytest.approx(4 * 10 * 8 * 3 / 1000)
    assert piece.distance_mm == 8.0
    assert (piece.place[0] in {10, 11}, piece.place[1] in {29, 30}, piece.place[2] in {43, 44}) == (True, True, True)
    assert (found.stray, found.largest_ml) == (0, piece.volume_ml)


@pytest.mark.parametrize(
    ("added", "hour"),
    [
        (((25, 35), (12, 20)), 9),
        (((12, 20), (25, 35)), 12),
        (((40, 48), (25, 35)), 6),
        (((12, 20), (40, 48)), 2),
    ],
)
def test_hours_are_those_seen_from_the_feet(added: tuple[tuple[int, int], tuple[int, int]], hour: int) -> None:
    """The last one lies between 12 and 3, exactly: half past one, which is rounded to an even hour."""
    (piece,) = pieces(column() | box((4, 8), *added)).listed
    assert piece.clock == hour


def test_a_cut_out_of_the_front_is_missing_there() -> None:
    """Its farthest voxel is 3 voxels inside the column's surface."""
    (piece,) = pieces(column() & ~box((4, 8), (20, 24), (25, 35))).listed
    assert (piece.kind, piece.clock, piece.distance_mm) == (ErrorKind.FALSE_NEGATIVE, 12, 3.0)


def test_pieces_that_touch_at_a_corner_hang_together() -> None:
    added = box((4, 6), (25, 35), (40, 46)) | box((6, 8), (35, 45), (46, 52))
    assert len(pieces(column() | added).listed) == 1


def test_small_pieces_are_counted_and_not_listed() -> None:
    """3 x 3 voxels of 3 mm3 are 0.027 mL."""
    found = pieces(column() | box((2, 3), (5, 8), (5, 8)) | box((8, 9), (50, 53), (5, 8)))
    assert (found.listed, found.stray) == ((), 2)
    assert [found.stray_ml, found.largest_ml] == pytest.approx([0.054, 0.027])


def test_no_error_has_no_piece_and_a_largest_of_nothing() -> None:
    assert pieces(column()) == Pieces((), 0, 0.0, 0.0)


def test_an_empty_mask_misses_all_of_the_reference() -> None:
    """It goes around the middle of the reference, so it has no hour."""
    (piece,) = pieces(np.zeros_like(column())).listed
    assert piece.kind is ErrorKind.FALSE_NEGATIVE
    assert piece.volume_ml == pytest.approx(10 * 400 * 3 / 1000)
    assert (piece.clock, piece.clock_reason) == (None, GOES_AROUND)


def test_above_the_reference_there_is_no_hour() -> None:
    (piece,) = pieces(column() | box((11, 12), (20, 40), (20, 40))).listed
    assert (piece.clock, piece.clock_reason) == (None, NO_REFERENCE_HERE)


def test_inputs_stay_as_they_were() -> None:
    mask, reference = column() | box((4, 8), (25, 35), (40, 48)), column()
    before = mask.copy(), reference.copy()
    pieces(mask, reference)
    assert np.array_equal(mask, before[0])
    assert np.array_equal(reference, before[1])


def test_a_calliper_reaches_from_corner_to_corner_of_the_largest_area() -> None:
    """Of 20 x 20 pixels of 1 x 2 mm: the root of 20^2 + 40^2; a further pixel far away is another area."""
    area = column()[5].copy()
    area[0, 0] = True
    assert calliper_mm(area, (1.0, 2.0)) == pytest.approx(np.hypot(20, 40))
    assert calliper_mm(np.zeros_like(area), (1.0, 2.0)) == 0.0


def test_the_effect_is_how_far_the_largest_calliper_moves() -> None:
    """With the cube on the left the longest line goes from its left edge to the opposite corner: 28 and 15 mm."""
    left = box((4, 8), (25, 35), (40, 48))
    mask = column() | left
    (piece,) = pieces(mask).listed
    long = max(np.hypot(28, 15), np.hypot(20, 20))
    assert Callipers(mask, SPACING).effect(piece) == pytest.approx(np.hypot(20, 20) - long)


def test_a_piece_on_other_slices_than_the_widest_moves_nothing() -> None:
    wide = box((1, 3), (20, 40), (10, 50))
    mask = column() | wide | box((6, 8), (25, 35), (40, 42))
    small = next(piece for piece in pieces(mask).listed if piece.slices[0] > 9)
    assert Callipers(mask, SPACING).effect(small) == 0.0


def test_where_nothing_would_be_left_there_is_no_effect() -> None:
    mask = box((4, 8), (0, 10), (0, 10))
    found = next(piece for piece in pieces(mask).listed if piece.kind is ErrorKind.FALSE_POSITIVE)
    assert Callipers(mask, SPACING).effect(found) is None
