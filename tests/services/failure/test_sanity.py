"""Each sanity check says what it found, and nothing where all is as it should be."""

from __future__ import annotations

import numpy as np
import pytest

from db.measurement_records import NewMeasurement
from db.records import Region
from db.vocabulary import FlagReason
from services.failure.sanity import centreline_flags, contrast_flag, intensity_flag, spacing_flag

AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])
BOX = Region((10, 0, 0), (60, 40, 40))


def test_usual_voxels_are_not_flagged_and_others_say_their_size() -> None:
    assert spacing_flag((5.0, 0.7, 0.7)) is None
    flag = spacing_flag((6.0, 0.7, 0.7))
    assert flag is not None
    assert (flag.reason, flag.text) == (
        FlagReason.SPACING,
        "Voxels of 6 x 0.7 x 0.7 mm: from 0.2 to 5 mm is usual.",
    )


def scan(dark: int, bright: int) -> np.ndarray:
    image = np.full((40, 40, 40), 40, np.int16)
    image[:, :4] = dark
    image[:, -4:] = bright
    return image


def test_an_image_with_air_and_bone_is_in_hounsfield_units() -> None:
    assert intensity_flag(scan(-1000, 700)) is None


@pytest.mark.parametrize(("dark", "bright", "word"), [(0, 700, "as fat or air"), (-1000, 100, "as bone")])
def test_an_image_without_one_of_them_may_not_be(dark: int, bright: int, word: str) -> None:
    flag = intensity_flag(scan(dark, bright))
    assert flag is not None
    assert flag.reason is FlagReason.INTENSITY
    assert word in flag.text


@pytest.mark.parametrize(("lumen", "word"), [(43.0, "hardly any contrast"), (620.0, "brighter than")])
def test_a_lumen_unlike_most_of_training_is_said(lumen: float, word: str) -> None:
    flag = contrast_flag(lumen)
    assert flag is not None
    assert (flag.reason, flag.severity) == (FlagReason.CONTRAST, 1)
    assert word in flag.text


def test_a_usual_or_unknown_lumen_is_not() -> None:
    assert contrast_flag(300.0) is None
    assert contrast_flag(None) is None


def curve(first: int, last: int, value: float | None = 100.0, reason: str = "") -> NewMeasurement:
    """Through slices `first` to `last` of the image, straight."""
    points = ((20.0, 20.0, 2.0 * first), (20.0, 20.0, 2.0 * last)) if value is not None else ()
    return NewMeasurement("centreline", "model 1", value, "mm", "m", "1", points=points, reason=reason)


def wall() -> np.ndarray:
    """A square of 10 voxels in 60 slices."""
    found = np.zeros((60, 40, 40), bool)
    found[:, 15:25, 15:25] = True
    return found


def flags(curves: list[NewMeasurement], mask: np.ndarray, *, in_pieces: bool = False) -> list[str]:
    found = list(centreline_flags(curves, mask, BOX, AFFINE, in_pieces=in_pieces))
    assert all(flag.reason is FlagReason.CENTRELINE for flag in found)
    return [flag.text for flag in found]


def test_a_centreline_through_the_whole_outline_is_not_flagged() -> None:
    assert flags([curve(10, 69)], wall()) == []
    assert flags([curve(10, 50), curve(50, 69)], wall()) == []
    assert flags([], wall()) == []
    assert flags([curve(10, 69)], np.zeros((60, 40, 40), bool)) == []


def test_a_short_one_says_how_far_it_runs() -> None:
    assert flags([curve(10, 39)], wall()) == [
        "The centreline is short: it runs through 30 of the 60 slices of the outline."
    ]


def test_a_missing_one_gives_its_reason_unless_pieces_were_said_already() -> None:
    missing = [curve(0, 0, None, "the outline has holes of 9 mL")]
    assert flags(missing, wall()) == ["The outline has no centreline: the outline has holes of 9 mL."]
    assert flags(missing, wall(), in_pieces=True) == []


def test_a_branch_beside_the_centreline_is_found_with_its_place() -> None:
    mask = wall()
    mask[20:30, 2:10, 2:10] = True
    (flag,) = centreline_flags([curve(10, 69)], mask, BOX, AFFINE, in_pieces=False)
    assert flag.text == "The outline has a branch beside its centreline in slices 31 to 40."
    assert flag.slices == (30, 39)
    assert flag.place == (35, 5, 5)


def test_limbs_below_the_bifurcation_and_specks_are_no_branch() -> None:
    mask = wall()
    mask[40:, 2:10, 2:10] = True
    assert flags([curve(10, 52), curve(52, 69)], mask) == []
    specks = wall()
    specks[20:30, 2:5, 2:5] = True
    assert flags([curve(10, 69)], specks) == []
