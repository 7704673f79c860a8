"""First findings about masks: known answers worked by hand on boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from db.records import Region
from db.vocabulary import AuthorKind, FlagReason, LabelSource, LayerKind
from services import findings, labels
from services.drawings import dice
from services.prepared import PreparedLayer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.records import NewFlag, NewScore

SHAPE = (10, 20, 20)
SPACING = (5.0, 2.0, 1.0)
"""A voxel of 10 mm3, a pixel of 2 mm2."""
masks = arrays(np.bool_, (4, 4, 4))


def drawn(author: str, array: NDArray[np.uint8], *, reader: bool = False, **said: Any) -> PreparedLayer:
    usual: dict[str, Any] = {
        "kind": LayerKind.LABELS,
        "name": "segmentation",
        "author_kind": AuthorKind.READER if reader else AuthorKind.MODEL,
        "author_version": "",
        "source": LabelSource.SOFTWARE,
        "affine": np.eye(4),
        "region": Region((0, 0, 0), SHAPE),
        "unit": "label",
        "minimum": 0.0,
        "maximum": 2.0,
        "classes": labels.DEFAULT,
    }
    return PreparedLayer(author=author, array=array, **usual | said)


def box(k: slice, j: slice = slice(5, 10), i: slice = slice(5, 15), value: int = 1) -> NDArray[np.uint8]:
    """50 pixels a slice by default: 1 cm2."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    array[k, j, i] = value
    return array


def find(*layers: PreparedLayer) -> findings.Findings:
    return findings.find(layers, SHAPE, SPACING)


def score(found: findings.Findings, name: str, subject: str) -> NewScore:
    (one,) = [score for score in found.scores if (score.name, score.subject) == (name, subject)]
    return one


def flags(found: findings.Findings, reason: FlagReason) -> list[NewFlag]:
    return [flag for flag in found.flags if flag.reason is reason]


def test_volumes_are_voxels_times_their_size() -> None:
    array = box(slice(2, 6)) + box(slice(2, 4), slice(11, 13))
    array[array == 1] = np.where(np.arange((array == 1).sum()) < 40, 2, 1)
    found = find(drawn("A", array))
    assert score(found, "volume_thrombus", "A").value == pytest.approx(0.4)
    assert score(found, "volume_lumen", "A").value == pytest.approx((4 * 50 + 2 * 20 - 40) / 100)
    assert score(found, "volume_outer_wall", "A").value == pytest.approx(2.4)


def test_a_structure_that_an_author_does_not_know_has_no_volume_and_a_reason() -> None:
    found = find(drawn("A", box(slice(2, 6)), classes={1: "outer wall"}))
    lumen = score(found, "volume_lumen", "A")
    assert (lumen.value, lumen.reason) == (None, "this author does not label the lumen")
    assert score(found, "volume_outer_wall", "A").value == pytest.approx(2.0)


def test_dice_of_half_an_overlap_is_two_thirds_of_what_both_have() -> None:
    found = find(drawn("A", box(slice(0, 4))), drawn("B", box(slice(2, 4)), reader=True))
    assert score(found, "dice_outer_wall", "A vs B").value == pytest.approx(2 * 100 / 300)


def test_two_readers_are_not_compared_with_each_other_here() -> None:
    found = find(drawn("one", box(slice(0, 4)), reader=True), drawn("two", box(slice(2, 4)), reader=True))
    assert [score for score in found.scores if score.name == "dice_outer_wall"] == []


def test_a_dice_says_which_versions_it_compares_and_who_the_other_is() -> None:
    found = find(drawn("A", box(slice(0, 4)), author_version="2"), drawn("B", box(slice(2, 4)), reader=True))
    assert score(found, "dice_outer_wall", "A vs B").parameters == {
        "model": "A",
        "model_version": "2",
        "other": "B",
        "other_version": "",
        "other_kind": "reader",
        "other_source": "software",
    }


def test_a_model_and_several_readers_have_the_median_of_their_dices_without_a_consensus() -> None:
    readers = [drawn(f"reader {end}", box(slice(0, end)), reader=True) for end in (4, 2, 1)]
    consensus = drawn("consensus", box(slice(0, 3)), reader=True, source=LabelSource.CONSENSUS)
    one = score(find(drawn("A", box(slice(0, 4))), *readers, consensus), "dice_outer_wall_readers", "A vs readers")
    assert one.value == pytest.approx(2 * 2 / 6)
    assert one.parameters["readers"] == ["reader 4", "reader 2", "reader 1"]


def test_a_model_without_readers_has_no_such_median_and_a_reason() -> None:
    one = score(find(drawn("A", box(slice(0, 4)))), "dice_outer_wall_readers", "A vs readers")
    assert (one.value, one.reason) == (None, "no reader drew the outer wall")


def test_two_empty_masks_have_no_dice_and_a_reason() -> None:
    empty = np.zeros(SHAPE, dtype=np.uint8)
    found = find(drawn("A", empty), drawn("B", empty))
    one = score(found, "dice_outer_wall", "A vs B")
    assert (one.value, one.reason) == (None, "both outer walls are empty")
    assert [flag.severity for flag in flags(found, FlagReason.EMPTY_MASK)] == [3, 3]


@given(masks, masks)
def test_dice_is_symmetric_one_for_the_same_and_zero_for_disjoint(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> None:
    assert dice(first, second) == dice(second, first)
    if first.any():
        assert dice(first, first) == 1
        assert dice(first, ~first & second) == 0


def test_a_second_piece_of_half_a_millilitre_is_a_fragment_and_a_smaller_one_is_not() -> None:
    for width, expected in ((10, 1), (9, 0)):
        found = find(drawn("A", box(slice(1, 5)) + box(slice(7, 8), slice(14, 19), slice(0, width))))
        assert len(flags(found, FlagReason.FRAGMENTS)) == expected
    fragment = flags(find(drawn("A", box(slice(1, 5)) + box(slice(7, 8), slice(14, 19)))), FlagReason.FRAGMENTS)[0]
    assert fragment.slices == (7, 7)
    assert fragment.place is not None
    assert fragment.place[0] == 7
    assert "0.5 mL in slice 8" in fragment.text


def test_a_gap_names_its_slices_as_people_count_them() -> None:
    (gap,) = flags(find(drawn("A", box(slice(1, 4)) + box(slice(6, 9)))), FlagReason.GAP)
    assert gap.slices == (4, 5)
    assert "leaves out 2 slices within the aorta, in slices 5 to 6" in gap.text


def test_the_side_of_the_image_cuts_and_its_first_and_last_slice_do_not() -> None:
    assert flags(find(drawn("A", box(slice(0, 10)))), FlagReason.CUT_AT_EDGE) == []
    (cut,) = flags(find(drawn("A", box(slice(2, 4), slice(0, 5)))), FlagReason.CUT_AT_EDGE)
    assert cut.slices == (2, 3)
    assert len(flags(find(drawn("A", box(slice(2, 4), i=slice(15, 20)))), FlagReason.CUT_AT_EDGE)) == 1


@pytest.mark.parametrize(("missing", "severity"), [(1, None), (3, 2), (6, 3)])
def test_disagreement_is_flagged_by_how_much_overlap_is_left(missing: int, severity: int | None) -> None:
    whole, less = box(slice(0, 10)), box(slice(0, 10 - missing))
    found = flags(find(drawn("A", whole), drawn("B", less)), FlagReason.DISAGREEMENT)
    assert [flag.severity for flag in found] == ([] if severity is None else [severity])


def test_disagreement_leads_to_the_slices_where_it_is_largest() -> None:
    first = box(slice(0, 10))
    second = first.copy()
    second[3:5] = box(slice(3, 5), slice(5, 7))[3:5]
    second[4:5, :, 12:] = 0
    second[6:9] = 0
    (flag,) = flags(find(drawn("A", first), drawn("B", second)), FlagReason.DISAGREEMENT)
    assert flag.slices == (6, 8)
    assert "1.0 cm\N{SUPERSCRIPT TWO} of outer wall on slice 7" in flag.text


def test_a_model_that_differs_from_everybody_gets_one_flag_and_the_others_none() -> None:
    whole, less = box(slice(0, 10)), box(slice(0, 6))
    right = [drawn("A", whole), drawn("one", whole, reader=True), drawn("two", box(slice(0, 9)), reader=True)]
    for wrong in ("A wrong", "Z wrong"):
        (flag,) = flags(find(drawn(wrong, less), *right), FlagReason.DISAGREEMENT)
        assert flag.text.startswith(f"{wrong} and A differ most in slices 7 to 10")
        assert flag.text.endswith("It differs from one, two too.")
    (flag,) = flags(find(*right, drawn("Z wrong", less)), FlagReason.DISAGREEMENT)
    assert flag.text.startswith("Z wrong and A differ")


def test_flags_come_gravest_first() -> None:
    found = find(drawn("A", box(slice(0, 4)) + box(slice(6, 10))), drawn("B", np.zeros(SHAPE, dtype=np.uint8)))
    severities = [flag.severity for flag in found.flags]
    assert severities == sorted(severities, reverse=True)


def test_no_area_is_zero_and_no_probability_is_nothing() -> None:
    soft = drawn(
        "A",
        np.full((4, 5, 10), 128, dtype=np.uint8),
        kind=LayerKind.PROBABILITY,
        region=Region((2, 5, 5), (4, 5, 10)),
        slope=1 / 255,
        classes={},
    )
    profiles = {profile.name: profile for profile in find(drawn("A", box(slice(2, 6))), soft).profiles}
    assert profiles["outer wall area"].values == (0, 0, 1, 1, 1, 1, 0, 0, 0, 0)
    entropy = profiles["predictive entropy"].values
    assert entropy[0] is entropy[-1] is None
    assert entropy[3] == pytest.approx(np.log(2), abs=1e-4)


def test_disagreement_by_slice_is_the_area_that_only_some_drew() -> None:
    found = find(drawn("A", box(slice(2, 6))), drawn("B", box(slice(2, 4))))
    (profile,) = [profile for profile in found.profiles if profile.name == "disagreement"]
    assert profile.values == (0, 0, 0, 0, 1, 1, 0, 0, 0, 0)


@given(st.floats(0, 1))
def test_entropy_is_largest_in_doubt_and_the_same_from_both_sides(probability: float) -> None:
    p = np.array([probability, 1 - probability], dtype=np.float32)
    first, second = findings.binary_entropy(p)
    assert 0 <= first <= np.log(2) + 1e-12
    assert first == pytest.approx(second, abs=1e-6)


def test_nothing_drawn_is_nothing_found() -> None:
    assert find() == findings.Findings((), (), ())


def test_layers_are_not_changed() -> None:
    array = box(slice(2, 6))
    before = array.copy()
    find(drawn("A", array), drawn("B", box(slice(3, 5))))
    np.testing.assert_array_equal(array, before)


def test_every_finding_names_its_method_and_version() -> None:
    found = find(drawn("A", box(slice(2, 6))), drawn("B", box(slice(3, 5))))
    named = {(one.method, one.method_version) for one in (*found.scores, *found.profiles)}
    assert named == {(findings.METHOD, findings.VERSION)}
