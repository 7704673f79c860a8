"""Groups of cases: means, intervals and corrected tests by hand; slices of failures in plain words."""

from __future__ import annotations

import pytest
from scipy import stats

from services.failure.attributes import Attribute, Cuts, Group, words_of
from services.failure.subgroups import SUPPORT, TOO_FEW, look

CUTS = Cuts(3.0, 100.0, (40.0, 60.0), (0.2, 0.4))


def group(judged: int, failed: int, errors: tuple[float, ...] = (), **labels: str) -> Group:
    known = tuple(labels.get(name.value, "") for name in Attribute)
    total, square = sum(errors), sum(error**2 for error in errors)
    return Group(known, max(judged, len(errors)), judged, failed, len(errors), total, square)


def test_failures_that_gather_where_two_labels_meet_are_said_in_words() -> None:
    """Thick slices with little contrast fail in 7 of 12, others in 3 of 50; each label alone fails less often."""
    groups = [
        group(12, 7, slices="high", contrast="low"),
        group(20, 1, slices="high", contrast="high"),
        group(20, 2, slices="low", contrast="high"),
        group(10, 0, slices="low", contrast="low"),
    ]
    first = look(groups, CUTS).slices[0]
    words = "Slices of 3 mm or more and little contrast (lumen below 100 HU)"
    assert first.sentence == f"{words}: 7 of 12 failed, 3 of 50 elsewhere."
    assert first.lift == pytest.approx((7 / 12) / (10 / 62))


def test_a_second_label_that_adds_nothing_is_left_out() -> None:
    groups = [group(12, 7, slices="high", contrast="low"), group(40, 3, slices="low", contrast="high")]
    assert all(" and " not in one.words for one in look(groups, CUTS).slices)


def test_rules_with_the_same_counts_are_shown_once() -> None:
    groups = [group(12, 7, slices="high", scanner="A"), group(40, 3, slices="low", scanner="B")]
    looked = look(groups, CUTS)
    assert [one.words for one in looked.slices] == ["scanner: A"]
    assert looked.rules == 6


def test_groups_that_are_cut_come_from_low_to_high() -> None:
    groups = [group(3, 0, (1.0, 2.0, 3.0), size=label) for label in ("high", "low", "middle")]
    words = [one.words for one in look(groups, CUTS).subgroups]
    assert words == ["diameter up to 40 mm", "diameter above 40 to 60 mm", "diameter above 60 mm"]


def test_the_test_is_fishers_corrected_over_all_rules() -> None:
    """Two rules are looked at, one of either label; the first is corrected by 2."""
    groups = [group(12, 7, slices="high"), group(40, 3, slices="low")]
    looked = look(groups, CUTS)
    (found,) = looked.slices
    fisher = stats.fisher_exact([[7, 5], [3, 37]], alternative="greater").pvalue
    assert looked.rules == 2
    assert found.p == pytest.approx(2 * fisher)
    assert found.sentence == "Slices of 3 mm or more: 7 of 12 failed, 3 of 40 elsewhere."


def test_chance_makes_no_slice_and_small_groups_are_not_looked_at() -> None:
    groups = [group(20, 2, sex="F"), group(20, 2, sex="M"), group(SUPPORT - 1, 3, sex="O")]
    looked = look(groups, CUTS)
    assert (looked.slices, looked.rules) == ((), 2)


def test_without_failures_nothing_is_looked_at() -> None:
    looked = look([group(20, 0, sex="F"), group(20, 0, sex="M")], CUTS)
    assert (looked.slices, looked.rules) == ((), 0)


def test_means_intervals_and_p_are_those_of_the_cases_themselves() -> None:
    women, men = (1.0, 2.0, 4.0), (5.0, 7.0, 6.0, 8.0)
    looked = look([group(3, 1, women, sex="F"), group(0, 0, men, sex="M")], CUTS)
    first, second = looked.subgroups
    interval = stats.ttest_1samp(women, 0).confidence_interval(0.95)
    assert first.words == "women"
    assert first.sums.mean == pytest.approx(7 / 3)
    assert [first.lower, first.upper] == pytest.approx([interval.low, interval.high])
    assert first.p == pytest.approx(stats.ttest_ind(women, men, equal_var=False).pvalue)
    assert first.share == pytest.approx((0.0615, 0.7923), abs=1e-3)
    assert (second.share, looked.tested) == (None, 2)


def test_too_few_cases_have_no_interval_and_no_test() -> None:
    looked = look([group(0, 0, (1.0, 2.0), sex="F"), group(0, 0, (3.0, 4.0, 6.0), sex="M")], CUTS)
    first = looked.subgroups[0]
    assert (first.lower, first.p, first.reason) == (None, None, TOO_FEW)
    assert looked.tested == 0


def test_what_all_cases_share_is_no_group() -> None:
    assert look([group(9, 1, (1.0,) * 9, sex="F")], CUTS).subgroups == ()


@pytest.mark.parametrize(
    ("attribute", "label", "words"),
    [
        (Attribute.SOURCE, "generated", "generated scans"),
        (Attribute.SCANNER, "scanner A", "scanner: scanner A"),
        (Attribute.SLICES, "low", "slices below 3 mm"),
        (Attribute.CONTRAST, "low", "little contrast (lumen below 100 HU)"),
        (Attribute.SIZE, "middle", "diameter above 40 to 60 mm"),
        (Attribute.THROMBUS, "high", "thrombus share above 40%"),
    ],
)
def test_groups_have_words(attribute: Attribute, label: str, words: str) -> None:
    assert words_of(attribute, label, CUTS) == words
