"""The doubt of one case among the others, and of all of them: only what is stored is sorted and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import doubts as stored
from services import doubt_figures, doubt_tables, doubts, workflow
from services.doubt_figures import Choice
from services.doubts import ALL, GENERATED, REAL, THICK, THIN
from services.errors import InputRefused
from services.uncertainty.across_cases import Standing
from services.uncertainty.figure_names import Figure
from services.uncertainty.names import ENTROPIES, Measure
from services.uncertainty.rejection import KEPT
from tests import doubted_case

if TYPE_CHECKING:
    from services.desk import Desk

TOTAL = Choice("aorta", Measure.TOTAL, structure=doubted_case.OUTER_WALL)


def add(desk: Desk, patient: str, mean: float, **said: object) -> str:
    return doubted_case.add(desk, patient, doubted_case.rows(mean), **said)  # type: ignore[arg-type]


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    """Three cases, whose aleatoric means are 0.01, 0.02 and 0.03; the last one is real."""
    return [
        add(desk, "P1", 0.01, model="scanner A", kernel="soft", slice_thickness_mm=2.0),
        add(desk, "P2", 0.02, model="scanner B", kernel="soft", slice_thickness_mm=3.0),
        add(desk, "P3", 0.03, synthetic=False),
    ]


def test_a_case_stands_among_all_others_of_its_model(desk: Desk, keys: list[str]) -> None:
    found = doubts.of_case(desk, keys[1])
    assert (found.model, found.compared, found.is_all) == ("aorta 1", 2, True)
    one = found.maps[Measure.ALEATORIC]
    assert (one.mean.value, one.standing) == (0.02, Standing(1, 0, 2))
    assert found.main == (Measure.TOTAL, Measure.ALEATORIC, Measure.EPISTEMIC)


def test_another_version_of_the_model_counts_and_another_model_does_not(desk: Desk, keys: list[str]) -> None:
    doubted_case.store(desk, keys[0], doubted_case.rows(0.05), version="2")
    doubted_case.store(desk, keys[2], doubted_case.rows(0.05), model="another")
    assert doubts.of_case(desk, keys[1]).maps[Measure.ALEATORIC].standing == Standing(0, 0, 1)
    assert doubts.of_case(desk, keys[2]).maps[Measure.ALEATORIC].standing == Standing(0, 0, 0)
    assert doubt_figures.models(desk) == ("aorta", "another")


def test_a_measure_without_a_value_stands_nowhere(desk: Desk) -> None:
    key = doubted_case.add(desk, "P1", doubted_case.rows(variances=False, readers=1))
    found = doubts.of_case(desk, key)
    one = found.maps[Measure.ALEATORIC]
    assert (one.mean.value, one.mean.reason, one.standing, one.against) == (None, doubted_case.NO_MAP, None, {})
    assert found.main == ENTROPIES


def test_the_highest_value_of_a_measure_is_a_place_to_go_to(desk: Desk, keys: list[str]) -> None:
    assert doubts.highest_in(desk, keys[0], Measure.TOTAL) == tuple(doubted_case.PLACE)
    assert doubts.highest_in(desk, "P0-1", Measure.TOTAL) is None


def test_a_case_without_figures_says_why(desk: Desk) -> None:
    key = add(desk, "P1", 0.02)
    with desk.store.begin() as session:
        stored.set_doubt(session, key, [], {"model": "", "reason": "no model"})
    assert doubts.of_case(desk, key).reason == "no model"
    assert doubts.of_case(desk, "P0-1").reason == doubts.NOT_MEASURED
    assert doubts.of_case(desk, key).main == ()


def test_figures_are_read_again_only_where_some_came_or_went(desk: Desk, keys: list[str]) -> None:
    first = doubts.known(desk)
    assert doubts.known(desk) is first
    add(desk, "P4", 0.04)
    assert doubts.known(desk, seconds_old=60) is first
    second = doubts.known(desk)
    assert (second.count, len(second.cases)) == (4, 4)
    workflow.forget(desk, keys[0])
    assert {case.key for case in doubts.known(desk).cases} == {*keys[1:], "P4-1"}


def test_the_newest_cases_are_looked_at_and_it_is_said_that_there_are_more(
    desk: Desk, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "MOST", 2)
    seen = doubt_figures.see(desk, TOTAL)
    assert ([case.key for case in seen.cases], seen.stored, seen.looked_at) == ([keys[2], keys[1]], 3, 2)
    assert not doubts.of_case(desk, keys[0]).is_all


def test_strata_come_from_what_is_stored_of_a_case(desk: Desk, keys: list[str]) -> None:
    possible = doubt_figures.choices(desk, "aorta")
    assert possible.strata == (
        ALL, GENERATED, REAL, "kernel: soft", "scanner: scanner A", "scanner: scanner B", THIN, THICK,
    )  # fmt: skip
    assert possible.measures == tuple(Measure)
    assert possible.structures == (doubted_case.OUTER_WALL,)
    thick = doubt_figures.see(desk, Choice("aorta", Measure.TOTAL, THICK))
    assert [case.key for case in thick.cases] == [keys[1]]
    assert doubts.strata_of(synthetic=False, facts={}) == {ALL, REAL}


def test_the_two_uncertainties_are_judged_on_cases_with_readers_and_patients_are_drawn_whole(desk: Desk) -> None:
    for number in range(9):
        rows = doubted_case.rows(0.02 + number / 1000, readers=1 if number == 0 else 4)
        doubted_case.add(desk, f"P{number}", rows)
    found = doubts.known(desk).separation("aorta")
    assert (found.matched.cases, found.distant.cases) == (8, 0)
    assert found.sentence.startswith("Not shown to separate here")
    assert doubts.known(desk).separation("aorta") is found


def test_models_without_variances_are_judged_by_their_entropies(desk: Desk) -> None:
    doubted_case.add(desk, "P1", doubted_case.rows(0.02, variances=False))
    assert doubts.known(desk).pair("aorta") == (Measure.EXPECTED, Measure.MUTUAL)
    assert doubts.known(desk).sentence("aorta").endswith("Judged by expected entropy and mutual information.")
    seen = doubt_figures.see(desk, Choice("aorta", Measure.PREDICTIVE))
    assert [(one, other) for _, one, other in seen.points()] == [(0.04, 0.01)]


def test_curves_and_bins_are_put_together_over_the_cases(desk: Desk, keys: list[str]) -> None:
    seen = doubt_figures.see(desk, TOTAL)
    band = seen.bands[Measure.TOTAL]
    assert (band.at, band.cases) == (tuple(KEPT), 3)
    assert band.middle[0] == pytest.approx(0.9)
    assert [(one.count, one.cases) for one in seen.bins] == [(2700, 3), (300, 3)]
    assert doubt_figures.see(desk, Choice("aorta", Measure.TOTAL, structure="thrombus")).bins == ()


def test_without_readers_there_are_no_curves_and_no_structures(desk: Desk) -> None:
    doubted_case.add(desk, "P1", doubted_case.rows(readers=1))
    seen = doubt_figures.see(desk, TOTAL)
    assert (dict(seen.bands), seen.bins) == ({}, ())
    assert doubt_figures.choices(desk, "aorta").structures == ()


def test_every_figure_is_a_table_too(desk: Desk, keys: list[str]) -> None:
    seen = doubt_figures.see(desk, TOTAL)
    tables = {name: doubt_tables.rows(seen, name) for name in doubt_tables.FIGURES}
    sizes = {name: len(lines) for name, (_, lines) in tables.items()}
    assert sizes == {"rejection": 51 * len(Measure), "reliability": 2, "parts": 3, "spread": 24, "cases": 3}
    assert all(len(line) == len(heading) for heading, lines in tables.values() for line in lines)
    assert tables["parts"][1][0] == (keys[2], "no", 0.03, 0.0075)
    heading, lines = tables["cases"]
    assert heading[2] == f"{Measure.TOTAL}, {Figure.MEAN}"
    assert lines[2][:2] == (keys[0], "yes")
    assert lines[2][2] == pytest.approx(0.0125)
    assert "never so right" in str(lines[0][-1])
    columns = list(zip(*tables["spread"][1], strict=True))
    assert [columns[place].count(0) for place in (2, 3)] == [22, 23]


def test_another_figure_is_refused(desk: Desk, keys: list[str]) -> None:
    with pytest.raises(InputRefused):
        doubt_tables.rows(doubt_figures.see(desk, TOTAL), "everything")
