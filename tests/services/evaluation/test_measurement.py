"""Measured diameters beside the formulas': the cases, the bars, and the tables made of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts import measurement_page
from services.evaluation.measurement import AXIS, WAYS, Line, evaluate, measured_lines, real_places
from services.evaluation.measurement_cases import OUTER, Group, implicit_case, makers, painted_case
from services.evaluation.measurement_results import document, real_table, row, table, write
from services.imaging.progress import silent
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
    first, second = (implicit_case(Group.FUSIFORM, 0) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert first.diameter_mm == second.diameter_mm
    assert (np.diff(first.axis.points[:, 2]) < 0).all()
    index = np.rint((first.axis.points - first.affine[:3, 3]) / 1.5).astype(int)[:, ::-1]
    held = (index >= 0).all(axis=1) & (index < first.labels.shape).all(axis=1)
    assert (first.labels[tuple(index[held].T)] == OUTER).mean() > 0.97


def test_persons_times_groups_cases_come_none_twice() -> None:
    names = [name for name, _ in makers(3)]
    assert len(set(names)) == len(names) == 3 * len(Group)


def test_an_interrupted_evaluation_goes_on_with_the_cases_that_it_lacks(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    known = [Line(name, "fusiform", way, 50.0, 50.0) for name, _ in makers(1) for way in WAYS]
    kept.write_text("".join(json.dumps(asdict(line)) + "\n" for line in known[len(WAYS) :]))
    found = evaluate(1, kept, silent)
    assert {line.case for line in found} == {name for name, _ in makers(1)}
    assert [line for line in found if line.case != "case 1"] == known[len(WAYS) :]
    assert evaluate(1, kept, silent) == found


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
    published = document([Line("a", "fusiform", way, 50.0, 50.2) for way in WAYS], None, "a command")
    quoted = measurement_page.quoted(page, published)
    assert "old" not in quoted
    assert "| all | true axis |" in quoted
    assert quoted.endswith("after")
    assert measurement_page.quoted("no marks", published) == "no marks"


@pytest.mark.real
def test_the_real_aorta_is_measured_round_its_arch() -> None:
    places = real_places(real_data("cta_dissection").parent)
    assert places is not None
    found = {one.place: one for one in places}
    assert found["ascending"].orthogonal_mm == pytest.approx(38.0, abs=3.0)
    assert found["coeliac trunk"].orthogonal_mm == pytest.approx(30.0, abs=3.0)
    assert found["descending"].axial_mm == pytest.approx(47.0, abs=3.0)
