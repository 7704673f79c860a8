"""The random draw is even, cannot be chosen, and is the same each time."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from db.vocabulary import FlagReason
from services.failure.audit import SEVERITY, audit_flag, is_drawn, lot_of

IMAGES = [hashlib.sha256(f"image {number}".encode()).hexdigest() for number in range(4000)]


def test_lots_are_even_between_0_and_1() -> None:
    lots = np.array([lot_of(image) for image in IMAGES])
    counts = np.histogram(lots, bins=10, range=(0, 1))[0]
    assert counts.sum() == len(IMAGES)
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-square with 9 degrees of freedom, 0.999


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_about_the_share_is_drawn(share: float) -> None:
    drawn = sum(is_drawn(image, share) for image in IMAGES) / len(IMAGES)
    assert drawn == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(IMAGES)))


def test_none_or_all_are_drawn_at_the_ends_and_a_larger_share_keeps_who_was_drawn() -> None:
    assert not any(is_drawn(image, 0.0) for image in IMAGES)
    assert all(is_drawn(image, 1.0) for image in IMAGES)
    assert all(is_drawn(image, 0.2) for image in IMAGES if is_drawn(image, 0.1))


def test_the_lot_of_an_image_by_hand() -> None:
    expected = int(hashlib.sha256(b"audit draw 1|abc").hexdigest()[:16], 16) / 2**64
    assert lot_of("abc") == expected


def test_the_flag_says_nothing_about_the_case() -> None:
    flag = audit_flag()
    assert (flag.reason, flag.severity, flag.place) == (FlagReason.AUDIT, SEVERITY, None)
    assert "says nothing about the case" in flag.text
