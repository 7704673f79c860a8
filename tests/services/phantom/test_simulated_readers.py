"""Simulated readers: deformations that never fold, ambiguity by hand, and disagreement where the scan is unclear."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.drawings import dice
from services.phantom.ambiguity import ambiguity, moved_elsewhere
from services.phantom.deforming import NODE_MM, Lattice, exponential, jacobian, taken
from services.phantom.simulated_readers import CONTROL, FOUR, LOW_AGREEMENT, MAIN, Cohort, Scan, read_by_four

SPACING = (3.0, 2.0, 2.0)
SHAPE = (34, 44, 44)
FAT, MUSCLE, THROMBUS, BLOOD = -100, 55, 37, 300
STEADY = Cohort("nothing misjudged", misjudged=0)
seeds = st.integers(0, 2**32 - 1)


@cache
def tube() -> Scan:
    """An upright aorta of 25 mm radius, its right half in fat, its left half against muscle; two iliacs below."""
    k, j, i = np.indices(SHAPE, dtype=np.float32) * np.array(SPACING, np.float32)[:, None, None, None]
    outer = np.maximum(np.hypot(j - 44, i - 44) - 25, 36 - k)
    lumen = np.maximum(np.hypot(j - 40, i - 44) - 10, outer + 1.5)
    iliacs = np.minimum(np.hypot(j - 44, i - 34), np.hypot(j - 44, i - 54)) - 6
    hounsfield = np.where(i > 44, MUSCLE, FAT)
    hounsfield = np.where(outer < 0, np.where(lumen < 0, BLOOD, THROMBUS), hounsfield)
    hounsfield += np.random.default_rng(0).normal(0, 10, SHAPE).astype(int)
    outer, lumen, iliacs = (field.astype(np.float32) for field in (outer, lumen, iliacs))
    return Scan(hounsfield.astype(np.int16), outer, lumen, iliacs, SPACING)


@cache
def drawn(cohort: Cohort, count: int = 4) -> np.ndarray:
    """(sitting, reader, k, j, i)."""
    return np.stack([list(read_by_four(tube(), (seed, 0), cohort).values()) for seed in range(count)])


def shares_of_disagreement(cohort: Cohort) -> float:
    """Share of the voxels on which readers differ that lies on the side of the muscle, above the iliacs."""
    walls = drawn(cohort)[:, :, 14:] > 0
    disputed = (walls.any(axis=1) & ~walls.all(axis=1)).sum(axis=(0, 1, 2))
    return float(disputed[22:].sum() / disputed.sum())


def test_the_exponential_of_a_constant_is_that_shift() -> None:
    velocity = np.full((3, 5, 6, 7), 4.0, np.float32)
    np.testing.assert_allclose(exponential(velocity), 4.0, rtol=1e-5)


@settings(max_examples=10)
@given(seeds)
def test_a_deformation_does_not_fold_and_its_inverse_undoes_it(seed: int) -> None:
    lattice = Lattice((30, 40, 40), (3.0, 2.0, 2.0))
    velocity = 2 * lattice.random_field(np.random.default_rng(seed), 14, 3)
    there, back = exponential(velocity), exponential(-velocity)
    assert jacobian(there).min() > 0
    nodes = np.indices(lattice.shape, dtype=np.float32)
    round_trip = there + taken(back, nodes + there / NODE_MM)
    inner = (slice(None), *3 * (slice(3, -3),))
    assert np.abs(round_trip[inner]).max() < 0.6
    assert np.abs(there).max() > 2


def test_a_lattice_reaches_over_the_last_voxel() -> None:
    lattice = Lattice((11, 4, 1), (1.0, 2.5, 9.0))
    assert lattice.shape == (3, 3, 1)
    np.testing.assert_allclose(lattice.in_nodes(np.array([[10], [3], [0]])).ravel(), [2, 1.5, 0])
    sampled = lattice.sampled(np.arange(44, dtype=np.float32).reshape(11, 4, 1))
    np.testing.assert_array_equal(sampled[:, 0, 0], np.array([0, 5, 10]) * 4)


def test_ambiguity_by_hand() -> None:
    """Thrombus and fat are 137 HU apart, thrombus and muscle 18, with a noise of 10 HU."""
    scan = tube()
    unclear = ambiguity(scan.hounsfield, scan.outer, Lattice(SHAPE, SPACING))
    right, left = unclear[15, 9, 4], unclear[15, 9, 13]
    assert right == pytest.approx(1 / (1 + (137 / 35) ** 2), abs=0.03)
    assert left == pytest.approx(1 / (1 + (18 / 35) ** 2), abs=0.05)
    assert unclear[15, 0, 0] < left


@given(seeds)
def test_the_control_keeps_the_values_and_not_their_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, wall = rng.random((4, 5, 6), dtype=np.float32), rng.random((4, 5, 6)) < 0.5
    elsewhere = moved_elsewhere(values, wall, rng.random((4, 5, 6), dtype=np.float32))
    np.testing.assert_array_equal(np.sort(elsewhere[wall]), np.sort(values[wall]))
    assert not elsewhere[~wall].any()


def test_readers_differ_where_the_scan_is_unclear_and_the_control_does_not() -> None:
    assert shares_of_disagreement(MAIN) > 0.6
    assert shares_of_disagreement(MAIN) > shares_of_disagreement(CONTROL) + 0.05


def test_every_reader_has_his_habits() -> None:
    one, two, three, four = drawn(STEADY).swapaxes(0, 1)
    above = (slice(None), slice(14, None))
    assert (one[above] > 0).sum() > (three[above] > 0).sum() > (two[above] > 0).sum()
    assert (three[above] == 1).sum() > 1.1 * (one[above] == 1).sum()
    lapses = [(reader[:, 1:] == reader[:, :-1]).all(axis=(2, 3))[:, 14:].sum() for reader in (one, two, three, four)]
    assert lapses[3] > max(lapses[:3])
    lowest = (drawn(STEADY) > 0).any(axis=(3, 4)).argmax(axis=2).max(axis=0) * SPACING[0]
    assert lowest[:3].tolist() == [39 - habits.iliacs_mm for habits in FOUR[:3]]
    assert lowest[3] > 27


def test_the_low_agreement_cohort_agrees_less() -> None:
    def mean_dice(cohort: Cohort) -> float:
        return float(np.mean([dice(a > 0, b > 0) or 0 for case in drawn(cohort) for a, b in combinations(case, 2)]))

    assert mean_dice(LOW_AGREEMENT) < mean_dice(MAIN) - 0.08
    assert mean_dice(MAIN) > 0.88


def test_nobody_leaves_blood_out_and_nobody_writes_into_the_scan() -> None:
    scan, before = tube(), [np.array(part) for part in tube()[:4]]
    read = read_by_four(scan, (3, 0), LOW_AGREEMENT)
    for part, copy in zip(scan[:4], before, strict=True):
        np.testing.assert_array_equal(part, copy)
    deep = (scan.lumen < -8) & (np.arange(SHAPE[0]) > 16)[:, None, None]
    assert (read["Reader 1"][deep] == 1).mean() > 0.9


def test_the_same_seed_gives_the_same_and_another_sitting_does_not() -> None:
    again = read_by_four(tube(), (0, 0), MAIN)
    np.testing.assert_array_equal(np.stack(list(again.values())), drawn(MAIN)[0])
    other = read_by_four(tube(), (0, 1), MAIN)
    assert not np.array_equal(other["Reader 1"], again["Reader 1"])


def test_nothing_to_see_gives_nothing() -> None:
    far = np.full((3, 4, 5), 1e3, np.float32)
    read = read_by_four(Scan(np.zeros((3, 4, 5), np.int16), far, far, far, (1, 1, 1)), (1, 0))
    assert list(read) == [habits.name for habits in FOUR]
    assert not any(labels.any() for labels in read.values())
