"""Each member's outer wall is kept on the networks' grid, and its affine says where that lies in the patient."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.segmentation.inference import predict
from services.segmentation.member_walls import FULL, MemberWalls, wall_of
from tests.services.segmentation.known_engines import ByIntensity, LowestHalf
from tests.services.segmentation.test_inference import AORTA, standing, tube

if TYPE_CHECKING:
    from services.segmentation.card import Member, ModelCard
    from services.segmentation.engine import Engine

LYING = [(axes, signs) for axes in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def one_of_each(_: ModelCard, member: Member) -> Engine:
    return ByIntensity() if member.seed else LowestHalf()


def middle(inside: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Centre of some voxels, LPS mm."""
    indices = np.argwhere(inside)
    return np.asarray(affine[:3, :3] @ indices.mean(axis=0) + affine[:3, 3])


def test_the_wall_is_lumen_and_thrombus_together_and_not_what_is_outside() -> None:
    probability = np.array([0.1, 0.3, 0.4, 0.2], dtype=np.float32).reshape(4, 1, 1, 1)
    steps = wall_of(probability, {1: "lumen", 2: "thrombus", 3: "inferior vena cava"})
    assert steps.item() == pytest.approx(0.7 * FULL, abs=0.51)


def test_each_members_wall_is_kept_and_their_mean_is_the_ensembles() -> None:
    found = predict(tube(), standing(), AORTA, engines=one_of_each)
    walls = found.member_walls
    assert isinstance(walls, MemberWalls)
    assert len(walls) == 2
    np.testing.assert_array_equal(walls[1] > 0.5, tube() > 0)
    np.testing.assert_allclose(walls.mean, 1 - found.probability[0], atol=1 / FULL)


@pytest.mark.parametrize(("axes", "signs"), LYING)
def test_however_a_scan_lies_the_grid_lies_where_the_patient_is(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """A block off the middle, in a scan of 2.5 x 1 x 1.6 mm turned every way; the origin is where it happens to be."""
    scan = np.full((24, 50, 40), -300, dtype=np.int16)
    scan[14:22, 26:46, 6:22] = 300
    affine = standing((2.5, 1.0, 1.6))
    turned = affine.copy()
    turned[:3, :3] = affine[:3, list(axes)] * signs
    turned[:3, 3] = 11.0, -7.0, 300.0
    lying = scan.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    walls = predict(lying, turned, AORTA, engines=lambda *_: ByIntensity()).member_walls
    assert walls is not None
    np.testing.assert_allclose(np.linalg.norm(walls.affine[:3, :3], axis=0), 2.0)
    np.testing.assert_allclose(middle(walls[0] > 0.5, walls.affine), middle(lying > 0, turned), atol=1.0)
