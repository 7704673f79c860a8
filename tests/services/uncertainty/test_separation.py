"""The badge's rule: what it takes to say that two maps separate, and what is said where they do not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from services.uncertainty.separation import CaseNumbers, separation


def cases(count: int = 20) -> list[CaseNumbers]:
    """Aleatoric uncertainty follows the readers, epistemic does not but grows with the distance."""
    rng = np.random.default_rng(3)
    return [
        CaseNumbers(
            patient=number,
            aleatoric_ncc=0.6 + 0.05 * float(rng.standard_normal()),
            epistemic_ncc=0.2 + 0.05 * float(rng.standard_normal()),
            epistemic_mean=0.01 * number + 0.01 * float(rng.standard_normal()),
            distance=float(number),
        )
        for number in range(count)
    ]


def test_maps_that_separate_are_said_to() -> None:
    found = separation(cases())
    assert found.aleatoric_follows
    assert found.epistemic_follows
    assert found.cases == 20
    assert found.sentence.startswith("Shown to separate here: ")
    assert "20 cases" in found.sentence


def test_fewer_than_eight_cases_show_nothing() -> None:
    found = separation(cases(7))
    assert not found.aleatoric_follows
    assert not found.epistemic_follows
    assert found.sentence.startswith("Not shown to separate here: ")
    assert found.sentence.count("7 of at least 8 cases") == 2


def test_a_store_without_cases_says_so() -> None:
    assert "0 of at least 8 cases" in separation([]).sentence


def test_swapped_maps_are_not_shown_to_separate() -> None:
    swapped = [replace(one, aleatoric_ncc=one.epistemic_ncc, epistemic_ncc=one.aleatoric_ncc) for one in cases()]
    found = separation(swapped)
    assert not found.aleatoric_follows
    assert found.epistemic_follows
    assert "more than epistemic uncertainty does" in found.sentence
    assert "training data" not in found.sentence


def test_better_than_epistemic_is_not_enough_where_neither_follows_the_readers() -> None:
    low = [replace(one, aleatoric_ncc=one.aleatoric_ncc - 0.9, epistemic_ncc=-0.9) for one in cases()]
    found = separation(low)
    assert found.matched_better.above_zero
    assert not found.aleatoric_follows
    assert "higher where readers differ" in found.sentence
    assert "\u2212" in found.sentence


def test_a_distance_that_says_nothing_is_not_followed() -> None:
    shuffled = np.random.default_rng(0).permutation(20)
    found = separation([replace(one, distance=float(far)) for one, far in zip(cases(), shuffled, strict=True)])
    assert not found.epistemic_follows
    assert found.aleatoric_follows
    same = separation([replace(one, distance=1.0) for one in cases()])
    assert same.distant.reason == "the same in every case"


def test_cases_without_a_number_do_not_count() -> None:
    some = [replace(one, aleatoric_ncc=math.nan) if number < 14 else one for number, one in enumerate(cases())]
    found = separation(some)
    assert found.matched.cases == 6
    assert not found.aleatoric_follows
    assert found.cases == 20


def test_many_scans_of_one_patient_are_one_witness() -> None:
    assert not separation([replace(one, patient="one") for one in cases()]).aleatoric_follows


def test_the_same_cases_give_the_same_intervals() -> None:
    assert separation(cases()) == separation(cases())
