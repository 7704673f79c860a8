"""However a scan lies in its array, networks see it standing, and what they say lies as the scan does."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from db.records import Region
from services.segmentation.posture import Posture

UPRIGHT = np.zeros((4, 4))
UPRIGHT[2, 0], UPRIGHT[1, 1], UPRIGHT[0, 2], UPRIGHT[3, 3] = 2.5, 1.4, 0.7, 1.0
"""k leads upwards, j backwards, i to the left: standing."""
LYING = [(axes, signs) for axes in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def lying(axes: tuple[int, ...], signs: tuple[int, ...]) -> np.ndarray:
    """The affine of the standing scan's array after `transpose(axes)`, with some axes mirrored."""
    affine = UPRIGHT.copy()
    affine[:3, :3] = UPRIGHT[:3, list(axes)] * signs
    return affine


def test_a_standing_scan_is_left_as_it_is() -> None:
    assert Posture.of(UPRIGHT) == Posture((0, 1, 2), (False, False, False))


def test_a_scan_a_little_oblique_still_stands() -> None:
    angle = np.deg2rad(20)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    oblique = UPRIGHT.copy()
    oblique[:3, :3] = tilt @ UPRIGHT[:3, :3]
    assert Posture.of(oblique) == Posture.of(UPRIGHT)


@pytest.mark.parametrize(("axes", "signs"), LYING)
def test_every_way_to_lie_stands_up_and_lies_down_again(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    standing = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    scan = standing.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    posture = Posture.of(lying(axes, signs))
    np.testing.assert_array_equal(posture.stand(scan), standing)
    np.testing.assert_array_equal(posture.lie(standing), scan)
    np.testing.assert_array_equal(posture.lie(standing[None])[0], scan)
    assert posture.standing((*np.linalg.norm(lying(axes, signs)[:3, :3], axis=0),)) == pytest.approx((2.5, 1.4, 0.7))


@pytest.mark.parametrize(("axes", "signs"), LYING)
def test_a_box_lies_where_its_voxels_lie(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    standing = np.zeros((5, 6, 7), dtype=bool)
    standing[1:3, 0:4, 4:7] = True
    posture = Posture.of(lying(axes, signs))
    region = posture.lying_region(Region((1, 0, 4), (2, 4, 3)), (5, 6, 7))
    box = tuple(slice(first, first + size) for first, size in zip(region.origin, region.shape, strict=True))
    scan = posture.lie(standing)
    assert scan[box].all()
    assert scan.sum() == scan[box].size
