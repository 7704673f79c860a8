"""A broken mask gives a named reason and no number."""

from __future__ import annotations

import numpy as np
import pytest

from services.measurement.measure import measure
from services.measurement.names import Name
from tests.services.measurement.solids import WALL, along, boxed, forked, straight, swollen

LOW, HIGH = (-40.0, -40.0, -70.0), (40.0, 40.0, 70.0)
SHAPES = (Name.ORTHOGONAL, Name.AXIAL, Name.INSCRIBED, Name.EQUIVALENT)


def with_a_sac() -> tuple[np.ndarray, np.ndarray]:
    return boxed(swollen(10.0, 24.0, begins=25.0, length=55.0), LOW, HIGH, 2.0)


def undefined_for(mask: np.ndarray, affine: np.ndarray, reason: str) -> None:
    found = measure(mask, affine, WALL)
    for name in SHAPES:
        assert found[name].value is None
        assert reason in found[name].reason
        assert float(str(found[name].parameters.get("at_least_mm", 0.0))) <= 48.0


def test_an_empty_mask() -> None:
    _, affine = with_a_sac()
    undefined_for(np.zeros((9, 9, 9), np.uint8), affine, "nothing is outlined")


def test_a_single_voxel_and_a_ball_are_no_vessel() -> None:
    mask, affine = np.zeros((9, 9, 9), np.uint8), with_a_sac()[1]
    mask[4, 4, 4] = 1
    undefined_for(mask, affine, "")
    ball, affine = boxed(lambda p: np.linalg.norm(p, axis=-1) < 20, LOW, HIGH, 2.0)
    undefined_for(ball, affine, "shorter than")


def test_a_vessel_in_two_pieces() -> None:
    mask, affine = with_a_sac()
    mask[45:48] = 0
    undefined_for(mask, affine, "the outline is in pieces")
    assert measure(mask, affine, {1: "lumen"})[Name.LUMEN].value == pytest.approx(mask.sum() * 8 / 1000)


def test_a_speck_is_left_out_and_spoken_of() -> None:
    mask, affine = with_a_sac()
    whole = measure(mask, affine, WALL)
    mask[10:14, 2:5, 2:5] = 1
    found = measure(mask, affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(whole[Name.ORTHOGONAL].value)
    assert found.remarks == ("small pieces are left out, together 0.3 mL",)


def test_a_large_hole_and_a_small_one() -> None:
    mask, affine = with_a_sac()
    whole, hollow, dotted = measure(mask, affine, WALL), mask.copy(), mask.copy()
    hollow[22:46, 13:27, 13:27] = 0
    undefined_for(hollow, affine, "the outline has holes")
    dotted[34:37, 19:22, 19:22] = 0
    found = measure(dotted, affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(whole[Name.ORTHOGONAL].value, abs=0.1)
    assert "holes are filled" in found.remarks[0]


@pytest.mark.parametrize("last", [33, 40])
def test_a_sac_that_the_scan_cuts_is_at_least_so_wide(last: int) -> None:
    mask, affine = with_a_sac()
    undefined_for(np.ascontiguousarray(mask[:last]), affine, "the scan ends at the widest place: at least ")


def test_a_sac_beside_which_the_scan_ends_is_at_least_so_wide() -> None:
    mask, affine = with_a_sac()
    undefined_for(np.ascontiguousarray(mask[:, :, :26]), affine, "the scan ends at the widest place: at least ")


def test_a_sac_whose_outline_stops_in_its_middle() -> None:
    mask, affine = with_a_sac()
    mask[36:] = 0
    undefined_for(mask, affine, "the outline ends at its widest place")


def test_no_limb_and_a_limb_that_is_cut_off() -> None:
    found = measure(*boxed(straight(10.0, 100.0), LOW, HIGH, 2.0), WALL)
    assert found[Name.ILIAC_LEFT].reason == "the outline does not divide into iliac arteries"
    mask, affine = boxed(forked(), (-60, -30, -75), (60, 30, 75), 2.0)
    mask[:32, :, 30:] = 0  # the left limb is cut 12 mm below the fork
    found = measure(mask, affine, WALL)
    assert found[Name.ILIAC_LEFT].value is None
    assert found[Name.ORTHOGONAL].value == pytest.approx(22.0, abs=3.0)  # the stub is seen as a bulge


def test_a_tongue_of_the_outline_is_no_iliac_artery() -> None:
    trunk = along(np.array([[0.0, 0, 80], [0, 0, -60]]), 10.0, flat=False)
    tongue = along(np.array([[0.0, 0, 0], [-36, 0, -48]]), 3.0, flat=False)
    mask, affine = boxed(lambda points: np.asarray(trunk(points) | tongue(points)), (-60, -30, -75), (60, 30, 95), 1.5)
    found = measure(mask, affine, WALL)
    assert found[Name.ILIAC_LEFT].reason == "the outline does not divide into iliac arteries"
    assert found[Name.ORTHOGONAL].value == pytest.approx(28.75, abs=1.5)  # at its root it is a bulge of the wall


def test_a_sac_that_hangs_beside_the_vessel_is_no_iliac_artery() -> None:
    """As long as a limb, but it ends 60 mm above the other one: its end and the vessel's far side are 39 mm apart."""
    vessel = along(np.array([[0.0, 0, 80], [0, 0, -80]]), 8.0)
    sac = along(np.array([[0.0, 0, 0], [0, -24, -18]]), 7.0, flat=False)
    found = measure(*boxed(lambda points: vessel(points) | sac(points), (-20, -40, -90), (20, 20, 90)), WALL)
    assert found[Name.ILIAC_LEFT].value is found[Name.ILIAC_RIGHT].value is None
    assert found[Name.ORTHOGONAL].value == pytest.approx(39, abs=3)


def test_limbs_that_touch_have_no_diameter_of_their_own() -> None:
    mask, affine = boxed(forked(limb=7.0, spread=0.1, trunk=10.0), (-60, -30, -75), (60, 30, 75), 2.0)
    found = measure(mask, affine, WALL)
    for name in (Name.ILIAC_LEFT, Name.ILIAC_RIGHT):
        assert found[name].value is None
    assert found[Name.ORTHOGONAL].value == pytest.approx(20.0, abs=1.5)


def test_an_island_of_noise_and_a_plate_raise_nothing() -> None:
    rng = np.random.default_rng(4)
    noise = (rng.random((24, 24, 24)) < 0.2).astype(np.uint8)
    plate = np.zeros((24, 24, 24), np.uint8)
    plate[12] = 1
    for mask in (noise, plate, np.ones((6, 6, 6), np.uint8)):
        found = measure(mask, np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]], WALL)
        assert len(found.measures) == len(Name)


def test_a_hairpin_is_measured_round_its_bend_and_not_across_both_its_legs() -> None:
    angle = np.linspace(0, np.pi, 30)
    bend = np.stack([np.zeros(30), -22 * np.cos(angle), 30 + 22 * np.sin(angle)], axis=1)
    path = np.concatenate([[[0.0, -22, 0]], bend, [[0.0, 22, -60]]])
    mask, affine = boxed(along(path, 12.0), (-30, -45, -70), (30, 45, 75), 2.0)
    found = measure(mask, affine, WALL)
    assert found[Name.ORTHOGONAL].value == pytest.approx(24.0, abs=1.2)
    assert found.curve is not None
    assert found.curve.aorta.points[0, 1] < 0
