"""P(flip): worked by hand, and what holds for every diameter, every set of samples and every sex."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.vocabulary import Sex
from services.measurement.decision import FEWEST_SAMPLES, Side, decide
from services.measurement.thresholds import shipped

EXAMPLE = shipped()
diameters = st.floats(20, 120)
samples = st.lists(diameters, min_size=FEWEST_SAMPLES, max_size=300)
sexes = st.sampled_from([None, *Sex])


def test_samples_beyond_the_threshold_are_counted() -> None:
    """38 of 100 lie at 55 mm or above: (38 + 1/2) / 101."""
    found = decide(54.1, [53.0] * 62 + [55.0] * 38, Sex.MALE, EXAMPLE)
    assert (found.side, found.threshold_mm, found.other_mm, found.samples) == (Side.BELOW, 55.0, None, 100)
    assert found.flip == pytest.approx(38.5 / 101)


def test_from_above_those_below_are_counted() -> None:
    found = decide(50.0, [49.9] * 5 + [50.0] * 15, Sex.FEMALE, EXAMPLE)
    assert (found.side, found.threshold_mm) == (Side.ABOVE, 50.0)
    assert found.flip == pytest.approx(5.5 / 21)


@pytest.mark.parametrize(
    ("diameter_mm", "threshold_mm", "other_mm"), [(51.0, 50.0, 55.0), (54.0, 55.0, 50.0), (52.5, 50.0, 55.0)]
)
@pytest.mark.parametrize("sex", [None, Sex.OTHER])
def test_without_a_sex_the_nearer_threshold_counts_and_the_other_one_is_kept(
    sex: Sex | None, diameter_mm: float, threshold_mm: float, other_mm: float
) -> None:
    found = decide(diameter_mm, [diameter_mm] * 50, sex, EXAMPLE)
    assert (found.threshold_mm, found.other_mm) == (threshold_mm, other_mm)


def test_too_few_samples_give_no_probability_but_a_reason() -> None:
    found = decide(54.0, [53.0] * 5, Sex.MALE, EXAMPLE)
    assert found.flip is None
    assert found.reason == "5 samples of the diameter are too few: P(flip) needs 20"
    assert decide(54.0, [], Sex.MALE, EXAMPLE, missing="no map of probability").reason == "no map of probability"


def test_a_diameter_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="finite"):
        decide(float("nan"), [50.0] * 30, None, EXAMPLE)


@given(diameters, samples, sexes)
def test_it_is_a_probability_that_is_never_sure(diameter_mm: float, drawn: list[float], sex: Sex | None) -> None:
    found = decide(diameter_mm, drawn, sex, EXAMPLE)
    assert found.flip is not None
    assert 0.5 / (len(drawn) + 1) <= found.flip <= (len(drawn) + 0.5) / (len(drawn) + 1)


@given(samples, sexes)
def test_both_sides_of_one_threshold_make_up_the_whole(drawn: list[float], sex: Sex | None) -> None:
    """Seen from just below and from the threshold itself: the two probabilities sum to 1."""
    near, _ = EXAMPLE.of(sex, 55.0)
    below, above = (decide(mm, drawn, sex, EXAMPLE) for mm in (near - 1e-6, near))
    assert below.threshold_mm == above.threshold_mm == near
    assert below.flip is not None
    assert above.flip is not None
    assert below.flip + above.flip == pytest.approx(1)


@given(diameters, samples, sexes)
def test_the_order_of_the_samples_means_nothing(diameter_mm: float, drawn: list[float], sex: Sex | None) -> None:
    assert decide(diameter_mm, sorted(drawn), sex, EXAMPLE) == decide(diameter_mm, drawn, sex, EXAMPLE)
