"""The scores of a stored case are brought up to date with its measures, and the user's cases can be fitted on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db import case_values, commands, scorings
from db.vocabulary import Outcome
from services import scoring
from services import scorings as use_cases
from services.aggregation import meta_fits, meta_fitting
from services.aggregation.names import (
    DEFAULT,
    INTENSITIES,
    MASSES,
    MEASURES,
    SIZE,
    SORTABLE,
    Strategy,
    Where,
    key_of,
)
from services.errors import InputRefused
from services.imaging.progress import silent
from services.uncertainty.names import Measure
from tests import factories

if TYPE_CHECKING:
    from db.records import NewScore
    from services.desk import Desk
    from tests.services.conftest import Run


def stored(desk: Desk, key: str) -> dict[str, NewScore]:
    with desk.store.read() as session:
        found = scorings.of_case(session, key)
    assert found is not None
    return {row.name: row for row in found[1]}


def values(desk: Desk, key: str) -> dict[str, float]:
    with desk.store.read() as session:
        return case_values.of_case(session, key)


def test_a_measured_case_has_its_scores_and_the_values_to_sort_by(desk: Desk, key: str) -> None:
    """Half of the two members says thrombus in every grey voxel: ln 2 of ln 3 nats there, which is all that is high."""
    rows, kept, fit = stored(desk, key), values(desk, key), meta_fits.shipped()
    assert fit is not None
    top = rows[key_of(Measure.MUTUAL, Strategy.TOP_10, Where.AORTA)]
    assert 0.3 < (top.value or 0) <= np.log(2) / np.log(3) + 0.01
    assert 0 < (rows[DEFAULT].value or 0) <= np.log(2) / np.log(3) + 0.01
    assert rows[SIZE].unit == "mL"
    assert kept[DEFAULT] == rows[DEFAULT].value
    defined = {name for name in SORTABLE if name in rows and rows[name].value is not None}
    assert defined == kept.keys() & set(SORTABLE)
    assert rows[key_of(Measure.PREDICTIVE, Strategy.EVERY, Where.AORTA)].parameters["fit"] == fit.version


def test_the_second_time_nothing_is_new_and_another_fit_is(desk: Desk, key: str) -> None:
    shipped = meta_fits.shipped()
    assert shipped is not None
    before = stored(desk, key)
    assert scoring.bring_up_to_date(desk.store, key, shipped, silent) is Outcome.UNCHANGED
    assert stored(desk, key) == before
    other = replace(shipped, version="own-1")
    assert scoring.bring_up_to_date(desk.store, key, other, silent) is Outcome.EXTENDED
    assert stored(desk, key)[key_of(Measure.PREDICTIVE, Strategy.EVERY, Where.AORTA)].parameters["fit"] == "own-1"


def test_a_case_without_a_model_has_no_scores_and_is_not_looked_at_again(desk: Desk) -> None:
    with desk.store.begin() as session:
        bare = commands.add_case(session, factories.case("P0", layers=()))
    assert scoring.bring_up_to_date(desk.store, bare, None, silent) is Outcome.EXTENDED
    assert scoring.bring_up_to_date(desk.store, bare, None, silent) is Outcome.UNCHANGED
    assert (values(desk, bare), use_cases.of_case(desk, bare)) == ({}, None)


def test_a_map_that_is_no_entropy_of_the_models_classes_is_not_scored(
    desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "largest", lambda measure, classes: 0.1)
    assert scoring.bring_up_to_date(desk.store, key, None, silent) is Outcome.EXTENDED
    found = stored(desk, key)[DEFAULT]
    assert (found.value, found.reason) == (None, scoring.NO_ENTROPY)
    assert DEFAULT not in values(desk, key)


def test_a_case_stands_among_all_others(desk: Desk, key: str) -> None:
    own = values(desk, key)[DEFAULT]
    with desk.store.begin() as session:
        for number, other in enumerate((own - 0.01, own, own + 0.01, own + 0.02)):
            added = commands.add_case(session, factories.case(f"P{number}", layers=()))
            case_values.set_values(session, added, {DEFAULT: other})
    found = use_cases.of_case(desk, key)
    assert found is not None
    assert [one.score.name for one in found.first] == list(use_cases.FIRST)
    assert found.first[0].standing is not None
    assert found.first[0].standing.percentile == pytest.approx(100 * 1.5 / 4)
    assert DEFAULT not in {one.score.name for one in found.others}


def add_cases(desk: Desk, count: int) -> None:
    rng = np.random.default_rng(0)
    names = [key_of(measure, one, Where.AORTA) for measure in MEASURES for one in (*MASSES, *INTENSITIES)]
    with desk.store.begin() as session:
        for number in range(count):
            added = commands.add_case(session, factories.case(f"P{number}", layers=()))
            case_values.set_values(session, added, dict(zip(names, rng.beta(4, 6, len(names)).tolist(), strict=True)))


def test_a_refit_says_how_many_cases_are_missing(desk: Desk, key: str, run: Run) -> None:
    code, _, error = run("aggregate", "refit")
    assert code == 2
    assert "1, so that 99 are missing" in error
    with pytest.raises(InputRefused, match="99 are missing"):
        use_cases.refit(desk)


def test_a_refit_is_a_new_version_that_scores_cases_from_then_on(
    desk: Desk, key: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meta_fitting, "STARTS", 1)  # fitted well enough, in a tenth of the time
    monkeypatch.setattr(meta_fitting, "BOOTSTRAPS", 2)
    add_cases(desk, 100)
    code, out, _ = run("aggregate", "refit", "--json")
    said = json.loads(out)
    assert (code, said["version"], said["about"]["cases"]) == (0, "own-1", 101)
    assert use_cases.refit(desk).version == "own-2"
    fits = desk.measurings.fits()
    assert fits is not None
    assert scoring.bring_up_to_date(desk.store, key, fits, silent) is Outcome.EXTENDED
    assert stored(desk, key)[key_of(Measure.MUTUAL, Strategy.SPATIAL, Where.AORTA)].parameters["fit"] == "own-2"
