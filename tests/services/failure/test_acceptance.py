"""A review decides before a reference; without either nothing is said."""

from __future__ import annotations

import math

import pytest

from db.vocabulary import Verdict
from services.failure.acceptance import NOT_ASSESSABLE, NOT_JUDGED, Acceptance, Evidence, acceptance_of


@pytest.mark.parametrize(
    ("verdict", "unacceptable"),
    [(Verdict.ACCEPTABLE, False), (Verdict.MINOR_EDIT, False), (Verdict.MAJOR_EDIT, True), (Verdict.REJECT, True)],
)
def test_the_newest_review_decides_whatever_a_reference_says(verdict: Verdict, *, unacceptable: bool) -> None:
    found = acceptance_of(verdict, dice=0.1 if not unacceptable else 0.99, diameter_error_mm=0.0)
    assert (found.unacceptable, found.evidence) == (unacceptable, Evidence.VERDICT)


@pytest.mark.parametrize(
    ("dice", "error_mm", "unacceptable"),
    [
        (0.80, 4.9, False),
        (0.79, 0.0, True),
        (0.95, 5.0, True),
        (0.95, -5.0, True),
        (None, -4.9, False),
        (math.nan, 6.0, True),
        (0.79, None, True),
    ],
)
def test_without_review_dice_below_080_or_an_error_of_5_mm_is_unacceptable(
    dice: float | None, error_mm: float | None, *, unacceptable: bool
) -> None:
    found = acceptance_of(None, dice=dice, diameter_error_mm=error_mm)
    assert (found.unacceptable, found.evidence) == (unacceptable, Evidence.REFERENCE)


def test_a_case_without_review_and_reference_is_not_known_to_be_either() -> None:
    assert acceptance_of(None) == Acceptance(None, None, NOT_JUDGED)
    assert acceptance_of(None, dice=math.nan, diameter_error_mm=math.nan).unacceptable is None


def test_a_case_that_its_reader_could_not_assess_is_not_judged_by_a_reference() -> None:
    found = acceptance_of(Verdict.NOT_ASSESSABLE, dice=0.2)
    assert found == Acceptance(None, Evidence.VERDICT, NOT_ASSESSABLE)


def test_the_words_name_what_decided() -> None:
    assert acceptance_of(None, dice=0.913, diameter_error_mm=-5.25).reason == (
        "Dice of the outer wall 0.91 and diameter error 5.2 mm"
    )
