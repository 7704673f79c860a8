"""Measures of agreement by hand, and against published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.evaluation.measures import surface_distance
from services.experts.agreement import agreement, consensus_of
from services.experts.chance import MISSING, alpha_of_votes, fleiss_kappa, fleiss_kappa_of_counts, krippendorff_alpha
from services.experts.digits import digit_preference
from services.experts.energy import Distance, generalised_energy_distance, model_distance
from services.experts.surfaces import Outline, bias, matrix, outlines_of, pairs
from services.experts.votes import count_votes

FLEISS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip
"""14 raters, 10 subjects, 5 categories: the worked example of Wikipedia's page about Fleiss' kappa."""
KRIPPENDORFF = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Four observers, twelve units, some missing: section C of "Computing Krippendorff's Alpha-Reliability" (2011)."""
masks = arrays(bool, (3, 3, 4, 4))


def box(low: int, high: int, size: int = 14) -> np.ndarray:
    mask = np.zeros((size, size, size), bool)
    mask[low:high, low:high, low:high] = True
    return mask


def test_fleiss_kappa_of_the_worked_example() -> None:
    """0.210 as printed; statsmodels 0.15.0 gives 0.20993070442195522."""
    found = fleiss_kappa_of_counts(np.array(FLEISS), np.ones(10, np.int64))
    assert found.value == pytest.approx(0.20993070442195522, abs=1e-12)


def test_krippendorffs_alpha_of_the_worked_example() -> None:
    """0.743 as printed."""
    rows = [[MISSING if word == "." else int(word) for word in line.split()] for line in KRIPPENDORFF.split("\n")[1:-1]]
    assert krippendorff_alpha(np.array(rows).T, np.ones(12, np.int64)).value == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_readers_by_hand() -> None:
    """Four units, three alike (0, 0, 1), one not: Do = 1/4, De = 2*5*3/(8*7); 1 - 0.25 * 56 / 30 = 8/15."""
    table, counts = np.array([[0, 0], [1, 1], [0, 1]]), np.array([2, 1, 1])
    assert krippendorff_alpha(table, counts).value == pytest.approx(8 / 15)


@given(masks)
def test_kappa_and_alpha_are_one_for_many_voxels(drawn: np.ndarray) -> None:
    """Alpha is kappa with a correction for few units: (1 - alpha) = (1 - kappa)(1 - 1/(units * raters))."""
    votes = count_votes(drawn, classes=2)
    kappa, alpha = fleiss_kappa(votes), alpha_of_votes(votes)
    if math.isnan(kappa.value):
        assert math.isnan(alpha.value)
        assert kappa.reason
    else:
        assert 1 - alpha.value == pytest.approx((1 - kappa.value) * (1 - 1 / drawn.size))


def test_undefined_agreement_says_why() -> None:
    one = count_votes(box(2, 5)[None], classes=2)
    empty = count_votes(np.zeros((2, 2, 2, 2), bool), classes=2)
    for measure in (fleiss_kappa, alpha_of_votes):
        assert "one reader" in measure(one).reason
        assert "same class" in measure(empty).reason
    lone = krippendorff_alpha(np.array([[0, MISSING]]), np.ones(1, np.int64))
    assert math.isnan(lone.value)
    assert "two readers" in lone.reason
    nothing = agreement(np.zeros((3, 4, 4, 4), bool), (1, 1, 1))
    assert nothing.pairs[0].mean_mm.reason == "one of the two drew nothing"
    assert all(math.isnan(value.value) and value.reason for value in nothing.readers[0] if value.reason)
    assert math.isnan(nothing.readers[0].sensitivity.value)
    assert agreement(box(2, 5)[None], (1, 1, 1)).readers[0].bias_mm.reason == "one reader cannot agree or disagree"


def test_pairs_of_boxes_by_hand() -> None:
    """A cube of 4 in one of 6 voxels, 2 mm each: Dice 2*64/(64+216); surfaces 2 mm apart, corners further.

    Of the larger surface's 152 voxels 96 are faces, 48 edges, 8 corners: 95 % lies between the last edge and a corner.
    """
    found = pairs(outlines_of(np.stack([box(4, 8), box(3, 9)]), (2, 2, 2)))[0]
    assert found.dice.value == pytest.approx(128 / 280)
    assert found.p95_mm.value == pytest.approx(2 * (math.sqrt(2) + 0.45 * (math.sqrt(3) - math.sqrt(2))))
    faces, edges, corners = 6 * 4 * 4, 12 * 4, 8
    there = 56 * 2.0
    back = 2.0 * (faces + edges * math.sqrt(2) + corners * math.sqrt(3))
    assert found.mean_mm.value == pytest.approx((there + back) / (56 + faces + edges + corners))


def test_the_distances_are_those_of_monai() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.random((2, 9, 10, 11)) < 0.15) | np.stack([box(2, 7, 11)[:9, :10], box(3, 9, 11)[:9, :10]])
    spacing = (2.5, 0.7, 0.8)
    ours = pairs(outlines_of(np.stack([first, second]), spacing))[0].p95_mm.value
    assert ours == pytest.approx(surface_distance(first, second, spacing).value, rel=1e-4)


def test_bias_is_how_much_wider_somebody_draws() -> None:
    """Two slabs whose faces lie 3 mm apart on either side; from the one, and from the other."""
    thin, thick = np.zeros((2, 12, 9, 9), bool)
    thin[5:7], thick[4:8] = True, True
    wide, narrow = Outline(thick[:, 3:6, 3:6], (3, 1, 1)), Outline(thin[:, 3:6, 3:6], (3, 1, 1))
    assert 0 < bias(wide, narrow).value <= 3
    assert bias(narrow, wide).value == pytest.approx(-bias(wide, narrow).value)
    assert bias(wide, wide).value == 0
    inner = bias(Outline(box(3, 11), (1, 1, 1)), Outline(box(4, 10), (1, 1, 1))).value
    assert inner == pytest.approx(1, abs=0.12)


def test_each_reader_against_the_others() -> None:
    found = agreement(np.stack([box(4, 10), box(4, 10), box(4, 10), box(3, 11)]), (1, 1, 1))
    assert [round(reader.bias_mm.value, 1) for reader in found.readers] == [0, 0, 0, 1.1]
    assert [reader.sensitivity.value for reader in found.readers] == [1, 1, 1, 1]
    assert found.readers[3].specificity.value == 0
    assert found.readers[0].specificity.value == 1


def test_halves_are_settled_by_the_mean_distance() -> None:
    """Of a cube of 4 and one of 8 the middle is one of 6, neither of them."""
    middle = consensus_of([Outline(box(5, 9), (1, 1, 1)), Outline(box(3, 11), (1, 1, 1))])
    assert box(5, 9)[middle].sum() == 64
    assert 64 < middle.sum() < 512
    assert middle[7, 7].sum() == 6


def test_a_matrix_is_symmetric_and_says_nothing_of_oneself() -> None:
    found = pairs(outlines_of(np.stack([box(4, 8), box(3, 9), box(3, 9)]), (1, 1, 1)))
    dice = matrix(found, 3, "dice")
    np.testing.assert_array_equal(dice, dice.T)
    assert np.isnan(np.diag(dice)).all()
    assert dice[1, 2] == 1


@pytest.mark.parametrize(("kind", "apart"), [(Distance.IOU, 1 - 64 / 216), (Distance.DICE, 1 - 128 / 280)])
def test_energy_distance_by_hand(kind: Distance, apart: float) -> None:
    """S = {a}, Y = {a, b}: 2 * d/2 - 0 - d/2 = d/2, where the mean within Y counts a with a and b with b."""
    small, large = box(4, 8), box(3, 9)
    readers = np.stack([small, large])
    assert generalised_energy_distance(small[None], readers, kind).value == pytest.approx(apart / 2)
    found = model_distance(small[None], readers, kind)
    assert found.to_readers.value == pytest.approx(apart / 2)
    assert found.among_readers.value == pytest.approx(apart)
    assert found.excess.value == pytest.approx(-apart / 2)


@given(masks, masks)
def test_energy_distance_is_none_to_oneself_and_never_negative(first: np.ndarray, second: np.ndarray) -> None:
    """1 - IoU is a metric of negative type (Jaccard), so its energy distance is not below 0."""
    assert generalised_energy_distance(first, first, Distance.IOU).value == pytest.approx(0, abs=1e-12)
    there = generalised_energy_distance(first, second, Distance.IOU).value
    assert there >= -1e-12
    assert there == pytest.approx(generalised_energy_distance(second, first, Distance.IOU).value)


def test_energy_distance_without_masks_or_with_empty_ones() -> None:
    empty = np.zeros((2, 3, 3, 3), bool)
    assert generalised_energy_distance(empty, empty, Distance.DICE).value == 0
    assert "no mask" in generalised_energy_distance(empty[:0], empty, Distance.IOU).reason
    assert math.isnan(model_distance(empty[:1], empty[:1], Distance.IOU).excess.value)
    assert generalised_energy_distance(empty[:1], ~empty[:1], Distance.IOU).value == 2


def test_half_centimetres_stand_out() -> None:
    """60 diameters, 6 a digit: 0. All rounded to 5 mm: 30 each in two cells of ten: 10 * (2 * 30^2) / 60 - 60 = 240."""
    even = np.arange(30.0, 90.0)
    assert digit_preference(even).chi_squared.value == 0
    assert digit_preference(even).p_value.value == 1
    rounded = digit_preference(np.repeat(np.arange(30.0, 90.0, 5.0), 5))
    np.testing.assert_array_equal(rounded.counts, [30, 0, 0, 0, 0, 30, 0, 0, 0, 0])
    assert rounded.chi_squared.value == pytest.approx(240)
    assert rounded.p_value.value < 1e-40
    assert rounded.halves.value == 1


@given(st.lists(st.floats(20, 90), max_size=20))
def test_few_or_crowded_diameters_have_no_preference(diameters: list[float]) -> None:
    assert "fewer than 50" in digit_preference([*diameters, math.nan]).chi_squared.reason
    assert "within 10 mm" in digit_preference(np.linspace(50, 55, 80)).p_value.reason
