"""All intervals of one diameter, side by side, and which part of the wall moves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.measurement import fit as fits
from services.measurement.centreline import Centrelines
from services.measurement.evidence import Evidence, evidence_of
from services.measurement.influence import diameter_influence, influence_of
from services.measurement.interval import LEVEL, DiameterInterval, Method
from services.measurement.intervals import conformal, diameter_intervals, of_shapes, shapes_of
from services.measurement.measure import Measure, Measured
from services.measurement.names import Name
from services.segmentation.member_walls import FULL, MemberWalls
from tests.services.measurement.sacs import AFFINE, SAC_MM, along, axis, mask, outwards_mm, probability

FIT = replace(
    fits.shipped(), model="m@1", correlation_mm=30.0, floor_mm=1.0, per_doubt=0.0, per_member=1.0, bias_mm=0.0,
    floor_alone_mm=1.5, per_doubt_alone=0.5, bias_alone_mm=0.0, error_mm=4.0, error_spreads=2.0, spread_floor_mm=1.0,
)  # fmt: skip
SHOWN = 2 * SAC_MM
MEASURED = Measured((Measure(Name.ORTHOGONAL, SHOWN, "mm"),), Centrelines(axis(), (), None), tuple(along()))


def members(*shifts_mm: float) -> MemberWalls:
    """Walls so far out of the sac's, on its grid; steep, so that a probability is 0 or 1 but for a voxel."""
    walls = [np.clip(0.5 - (outwards_mm() - shift) / 1.5, 0, 1) for shift in shifts_mm]
    return MemberWalls(np.rint(FULL * np.stack(walls)).astype(np.uint8), AFFINE)


def evidence(**said: object) -> Evidence:
    found = evidence_of(along(), probability(1.0), AFFINE, **{"voxels": 0, "seed": 7} | said)  # type: ignore[arg-type]
    assert found is not None
    return found


def by_method(found: tuple[DiameterInterval, ...]) -> dict[Method, DiameterInterval]:
    return {one.method: one for one in found}


ALL = by_method(
    diameter_intervals(
        MEASURED,
        probability(1.0),
        AFFINE,
        members=members(-1, 0, 1),
        readers=(39.0, 41.0, None),
        model="m@1",
        seed=7,
        fit=FIT,
    )
)


def test_every_interval_says_how_it_was_made() -> None:
    assert set(ALL) == set(Method)
    for one in ALL.values():
        assert one.lower is not None
        assert one.upper is not None
        assert one.lower - 1 < SHOWN < one.upper + 1
        assert one.level == LEVEL
        assert one.version
    assert ALL[Method.SHAPES].seed == ALL[Method.VOXELS].seed == 7
    assert ALL[Method.SHAPES].parameters["smallest_jacobian"] > 0


def test_members_are_measured_each_by_its_own_wall() -> None:
    """Walls 1 mm in, as drawn, and 1 mm out: 38, 40 and 42 mm."""
    assert ALL[Method.MEMBERS].samples == pytest.approx((SHOWN - 2, SHOWN, SHOWN + 2), abs=0.4)


def test_readers_without_a_diameter_are_counted_and_left_out() -> None:
    assert ALL[Method.READERS].samples == (39.0, 41.0)
    assert ALL[Method.READERS].parameters["without_a_diameter"] == 1


def test_independent_voxels_are_far_more_certain_than_shapes() -> None:
    def width(one: DiameterInterval) -> float:
        assert one.lower is not None
        assert one.upper is not None
        return one.upper - one.lower

    assert width(ALL[Method.VOXELS]) < 0.5 * width(ALL[Method.SHAPES])


def test_conformal_intervals_lie_evenly_around_the_shown_diameter() -> None:
    """4 mm to either side; normalised 2 (s + 1) with s = 2 mm of 38, 40 and 42: 6 mm."""
    plain, normalised = conformal(evidence(members=members(-1, 0, 1)), FIT, "m@1")
    assert (plain.lower, plain.upper) == pytest.approx((SHOWN - 4, SHOWN + 4), abs=0.3)
    assert (normalised.lower, normalised.upper) == pytest.approx((SHOWN - 6, SHOWN + 6), abs=0.6)


def test_errors_of_one_model_say_nothing_of_another() -> None:
    found, normalised = conformal(evidence(), FIT, "another@1")
    assert found.lower is normalised.lower is None
    assert "m@1 only" in found.reason


def test_a_mask_alone_has_no_interval_and_says_why() -> None:
    found = by_method(diameter_intervals(MEASURED, None, AFFINE, fit=FIT))
    assert not any(one.defined for one in found.values())
    assert all(one.reason for one in found.values())
    assert "no probability" in found[Method.SHAPES].reason


def test_an_outline_without_a_diameter_has_none_either() -> None:
    broken = Measured((Measure(Name.ORTHOGONAL, None, "mm", reason="nothing is outlined"),))
    found = diameter_intervals(broken, probability(1.0), AFFINE, members=members(0, 1), fit=FIT)
    assert {one.reason for one in found} == {"the outline has no diameter: nothing is outlined"}
    assert diameter_influence(broken, probability(1.0), AFFINE, fit=FIT) is None


def test_a_softer_map_has_a_wider_interval() -> None:
    sharp, soft = (evidence_of(along(), probability(width), AFFINE, voxels=0) for width in (0.8, 3.0))
    assert sharp is not None
    assert soft is not None
    deviations = [shapes_of(one, FIT, samples=60).diameters.std() for one in (sharp, soft)]
    assert deviations[1] > 1.15 * deviations[0]


def test_the_same_seed_gives_the_same_samples() -> None:
    first, second = (shapes_of(evidence(), FIT, samples=5).diameters for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_intervals_hold_the_truth_as_often_as_they_say_where_errors_are_of_their_kind() -> None:
    """The wall is drawn in or out by a normal error of 1 mm, as members' errors tell: 2 mm of the diameter.

    The true diameter is SHOWN less twice the error; 95 % of 2,000 lie within the interval of the shapes.
    """
    one = evidence(members=members(-1, 0, 1))
    fit = replace(FIT, floor_mm=0.05)
    shapes = of_shapes(one, fit)
    truths = one.diameter_mm - 2 * np.random.default_rng(0).normal(0, 1, 2000)
    assert shapes.lower is not None
    assert shapes.upper is not None
    assert np.mean((shapes.lower <= truths) & (truths <= shapes.upper)) == pytest.approx(0.95, abs=0.04)


def test_the_part_that_is_in_doubt_moves_the_diameter_most() -> None:
    """Members disagree about the patient's left side of the sac alone, x > 0."""
    left = np.clip(outwards_mm() * 0 + np.arange(50) - 30, 0, 1)
    walls = [np.clip(0.5 - (outwards_mm() - shift * left) / 1.5, 0, 1) for shift in (-3, 0, 3)]
    one = evidence(members=MemberWalls(np.rint(FULL * np.stack(walls)).astype(np.uint8), AFFINE))
    found = influence_of(one, replace(FIT, floor_mm=0.3), mask().shape, AFFINE)  # type: ignore[arg-type]
    assert found is not None
    assert found.place[0] > 10
    assert found.largest_mm > 0.5
    assert found.values.shape == mask().shape
    assert found.values[36, :, 25:].max() > 2 * np.abs(found.values[36, :, :20]).max()
    assert not found.values[np.abs(outwards_mm()) > 6].any()


def test_influence_lies_on_the_probabilitys_region() -> None:
    found = diameter_influence(MEASURED, probability(1.0), AFFINE, seed=7, fit=FIT)
    assert found is not None
    assert found.values.shape == mask().shape
    assert found.seed == 7
