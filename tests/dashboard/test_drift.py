"""The section Drift of the page Failures: every statistic with its evidence, and points that lead into cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dashboard.drift import NOTHING
from dashboard.figures import palette
from dashboard.figures.drift import drift_figure
from services import drifting, workflow
from services.drifting import Statistic
from services.settings import Settings
from tests.dashboard.test_case import text_of
from tests.services.test_drifting import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from services.desk import Desk

    RunView = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty store in place of the one with two small cases, whose dates are of today."""
    home = tmp_path / "home"
    workflow.open_home(Settings(home=home)).store.close()
    return home


def test_the_section_says_which_statistic_raised_an_alarm_and_by_what_evidence(run_view: RunView, desk: Desk) -> None:
    fill(desk)
    app = run_view("failures")
    assert not app.exception
    shown = text_of(app)
    for words in (
        "Drift",
        "one week in 370 passes by chance",
        "alarm</span> predicted volume",
        "lies above its limits",
    ):
        assert words in shown
    chosen = app.selectbox(key="drift")
    assert chosen.value == Statistic.VOLUME
    chosen.set_value(Statistic.OVERRIDE).run()
    assert not app.exception
    assert app.selectbox(key="drift").value == Statistic.OVERRIDE


def test_without_cases_there_is_a_sentence(run_view: RunView) -> None:
    assert NOTHING in text_of(run_view("failures"))


def test_the_chart_marks_weeks_outside_their_limits_and_every_point_names_its_week(desk: Desk) -> None:
    fill(desk)
    volume = next(one for one in drifting.drifts(desk) if one.statistic is Statistic.VOLUME)
    limits, means, smoothed = drift_figure(volume).data
    assert (limits.name, len(means.x), len(smoothed.x)) == ("limits", 12, 4)
    assert [*smoothed.marker.color] == [palette.ACCENT, *[palette.WORSE] * 3]
    assert list(smoothed.customdata[-1]) == ["2026-08-17", True, 2]
    assert means.customdata[0][1] is True


def test_without_limits_the_weeks_are_shown_alone(desk: Desk) -> None:
    fill(desk, weeks=3)
    volume = next(one for one in drifting.drifts(desk) if one.statistic is Statistic.VOLUME)
    (means,) = drift_figure(volume).data
    assert [*means.y] == [110.0] * 3
