"""In which cases the decision changes from one model to another, from stored diameters alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import commands, measurements
from db.measurement_records import Headline
from db.vocabulary import Sex
from services import decision_flips
from services.comparing import KnownModel, Origin
from services.decision_flips import FlippedCase, UndefinedCase
from services.errors import InputRefused
from services.measurement.decision import Side, side_of
from services.measurement.thresholds import shipped
from services.settings import Settings
from services.workflow import open_home
from tests import factories

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

OLD, NEW = (KnownModel("net", version, Origin.IMPORTED, 1) for version in ("1", "2"))
NO_HEADLINE = Headline(None, None, None, None, "not asked here", "not asked here")
diameters = st.floats(30, 90)


def store_case(desk: Desk, *values: float | None, sex: Sex | None = Sex.MALE, measured: bool = True) -> str:
    layers = tuple(factories.layer("net", author_version=version) for version in ("1", "2"))
    rows = [
        factories.measured(mm, subject=f"net {version}", reason="" if mm else "the mask is empty")
        for version, mm in zip(("1", "2"), values, strict=True)
    ]
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case(f"P{sex}", layers=layers, sex=sex))
        if measured:
            measurements.set_measurements(session, key, rows, NO_HEADLINE, {})
    return key


def test_a_case_whose_diameter_crosses_the_threshold_is_listed_and_others_are_counted(desk: Desk) -> None:
    store_case(desk, 50.0, 54.9)
    up = store_case(desk, 54.0, 55.0)
    down = store_case(desk, 53.0, 48.0, sex=Sex.FEMALE)
    found = decision_flips.flips(desk, OLD, NEW)
    assert found.cases == (
        FlippedCase(down, False, 53.0, 48.0, 50.0, Side.BELOW),
        FlippedCase(up, False, 54.0, 55.0, 55.0, Side.ABOVE),
    )
    assert (found.compared, found.undefined, found.not_measured) == (3, (), 0)


def test_what_has_no_diameter_is_counted_apart_and_what_was_not_measured_too(desk: Desk) -> None:
    key = store_case(desk, 54.0, None)
    store_case(desk, 54.0, 56.0, measured=False)
    found = decision_flips.flips(desk, OLD, NEW)
    assert (found.compared, found.cases, found.not_measured) == (0, (), 1)
    assert found.undefined == (UndefinedCase(key, False, "net@2", "the mask is empty"),)


def test_only_the_newest_measuring_counts(desk: Desk) -> None:
    key = store_case(desk, 54.0, 56.0)
    rows = [factories.measured(50.0, subject=f"net {version}") for version in ("1", "2")]
    with desk.store.begin() as session:
        measurements.set_measurements(session, key, rows, NO_HEADLINE, {})
    assert decision_flips.flips(desk, OLD, NEW).cases == ()


def test_other_thresholds_are_used_when_they_are_set_and_refused_when_they_are_damaged(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    text = shipped().model_dump_json()
    file.write_text(
        'name = "ours"\nversion = "3"\nsource = "s"\nnote = "n"\n[diameter_mm]\nmen = 60\nwomen = 60\n'
        "[growth]\nrapid_mm_per_year = 10\n[flag]\nflip_from = 0.1\n"
    )
    desk = open_home(Settings(home=tmp_path / "home", thresholds=str(file)))
    store_case(desk, 54.0, 61.0)
    (case,) = decision_flips.flips(desk, OLD, NEW).cases
    assert case.threshold_mm == 60.0
    file.write_text(text)
    with pytest.raises(InputRefused, match="SECONDLOOK_THRESHOLDS"):
        decision_flips.flips(desk, OLD, NEW)
    desk.store.close()


@pytest.mark.parametrize(
    ("first", "second", "between"),
    [(49.0, 56.0, 50.0), (56.0, 49.0, 55.0), (51.0, 54.0, None), (54.0, 49.0, 50.0), (40.0, 41.0, None)],
)
def test_where_the_sex_is_not_known_either_threshold_may_lie_between(
    first: float, second: float, between: float | None
) -> None:
    """The one nearer to the first diameter is named, or the only one that lies between."""
    assert decision_flips.crossed(None, first, second, shipped()) == between


@given(diameters, diameters, st.sampled_from([None, *Sex]))
def test_swapping_the_models_changes_the_same_cases(first: float, second: float, sex: Sex | None) -> None:
    forth, back = (decision_flips.crossed(sex, *pair, shipped()) for pair in ((first, second), (second, first)))
    assert (forth is None) == (back is None)
    if forth is not None:
        assert side_of(first, forth) is side_of(second, forth).other
