"""Measured diameters beside the formulas': the cases, the bars, and the tables made of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts import measurement_page
from services.evaluation.measurement import AXIS, WAYS, Line, measured_lines, real_places
from services.evaluation.measurement_cases import OUTER, Group, cases, implicit_case, painted_case
from services.evaluation.measurement_results import document, real_table, row, table, write
from services.phantom.painted.cohort import external_cases
from services.terminal import UNDEFINED
from tests.conftest import real_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("group", [Group.SACCULAR, Group.PAINTED])
def test_a_generated_aorta_is_measured_within_the_bars(group: Group) -> None:
    case = implicit_case(group, 1) if group is not Group.PAINTED else painted_case(external_cases(1)[0].plan, 0)
    lines = measured_lines(case)
    assert [line.way for line in lines] == list(WAYS)
    for line in lines:
        assert line.measured_mm == pytest.approx(case.diameter_mm, abs=0.5 if line.way == AXIS else 1.5)


def test_a_case_is_the_same_each_time_and_its_axis_runs_down_inside_the_wall() -> None:
    first, second = (next(iter(cases(1))) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert first.diameter_mm == second.diameter_mm
    assert (np.diff(first.axis.points[:, 2]) < 0).all()
    index = np.rint((first.axis.points - first.affine[:3, 3]) / 1.5).astype(int)[:, ::-1]
    held = (index >= 0).all(axis=1) & (index < first.labels.shape).all(axis=1)
    assert (first.labels[tuple(index[held].T)] == OUTER).mean() > 0.97


def test_persons_times_groups_cases_come_none_twice() -> None:
    names = [case.name for case in islice(cases(1), 5)]
    assert len(set(names)) == len(names) == len(Group)


def test_bias_and_share_are_of_the_defined_ones_and_the_others_are_counted() -> None:
    lines = [Line("a", "fusiform", AXIS, 50.0, 50.4), Line("b", "fusiform", AXIS, 50.0, 49.0)]
    lines += [Line("c", "fusiform", AXIS, 50.0, None, "the outline is in pieces")]
    found = row("fusiform", AXIS, lines)
    assert (found["cases"], found["undefined"], found["within"]) == (3, 1, 0.5)
    assert found["bias_mm"] == pytest.approx(-0.3)
    assert found["most_mm"] == pytest.approx(1.0)


def test_the_tables_have_a_row_for_each_group_and_way_and_dashes_for_what_is_undefined(tmp_path: Path) -> None:
    lines = [Line("a", "fusiform", way, 50.0, None, "nothing is outlined") for way in WAYS]
    published = document(lines, None, "a command")
    assert len(table(published)) == 2 + 2 * len(WAYS)
    assert f"| {UNDEFINED} | {UNDEFINED} | {UNDEFINED} | {UNDEFINED} |" in table(published)[2]
    assert real_table(published) == []
    write(tmp_path / "deeper" / "measurement.json", published)
    assert [path.name for path in (tmp_path / "deeper").iterdir()] == ["measurement.json"]


def test_a_page_with_marks_gets_the_tables_between_them_and_one_without_stays() -> None:
    page = f"before\n{measurement_page.BEGIN}\nold\n{measurement_page.END}\nafter"
    quoted = measurement_page.quoted(page)
    assert "old" not in quoted
    assert "| all | true axis |" in quoted
    assert quoted.endswith("after")
    assert measurement_page.quoted("no marks") == "no marks"


@pytest.mark.real
def test_the_real_aorta_is_measured_round_its_arch() -> None:
    places = real_places(real_data("cta_dissection").parent)
    assert places is not None
    found = {one.place: one for one in places}
    assert found["ascending"].orthogonal_mm == pytest.approx(38.0, abs=3.0)
    assert found["coeliac trunk"].orthogonal_mm == pytest.approx(30.0, abs=3.0)
    assert found["descending"].axial_mm == pytest.approx(47.0, abs=3.0)
