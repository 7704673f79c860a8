"""The section Drift of the page Failures: what changed over the weeks, and by what evidence there is an alarm."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cards, state
from dashboard.cards import DASH, escaped
from dashboard.figures.drift import drift_figure
from dashboard.views import open_case
from services import drifting
from services.failure.drift import ALARM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.context import Context
    from services.drifting import Drifted

PLAIN = {"displayModeBar": False}
SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'
RULE = (
    f"An EWMA chart: the smoothed mean of the weeks after the reference against its limits, which one week in "
    f"{1 / ALARM:.0f} passes by chance. A point opens the case of its week that lies farthest out."
)
NOTHING = "No case has come yet, so that there is nothing to follow over the weeks."


def section(context: Context) -> None:
    """Every statistic in one line, those with an alarm first, and the chart of the chosen one."""
    found = sorted(drifting.drifts(context.desk), key=lambda one: not one.chart.alarms)
    words = RULE if found else f"{DASH} {NOTHING}"
    badge = SYNTHETIC if found and drifting.has_generated(context.desk) else ""
    st.html(f'<p class="sl-caption"><strong>Drift</strong> <span>{escaped(words)}</span> {badge}</p>')
    if not found:
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html(table(found))
    with right:
        names = [one.statistic.value for one in found]
        name = st.selectbox("Statistic", names, key=state.DRIFT, bind="query-params")
        _chart(context, next(one for one in found if one.statistic.value == name))


def table(found: Sequence[Drifted]) -> str:
    """What is said of each statistic."""
    return cards.table("By week", ("Statistic", "Evidence"), [_row(one) for one in found], numeric_from=99)


def _row(one: Drifted) -> list[str]:
    mark = '<span class="sl-badge alarm">alarm</span> ' if one.chart.alarms else ""
    return [f"{mark}{escaped(one.statistic)}", escaped(one.evidence)]


def _chart(context: Context, one: Drifted) -> None:
    alt = f"{one.statistic} by week. {one.evidence}"
    chosen = st.plotly_chart(
        drift_figure(one), key=state.DRIFTED, on_select="rerun", selection_mode="points", config=PLAIN, alt=alt
    )
    points = [point for point in chosen.selection.points if point.get("customdata")]
    if points:
        monday, high, _ = points[0]["customdata"]
        if key := drifting.farthest(context.desk, one.statistic, date.fromisoformat(str(monday)), high=bool(high)):
            open_case(key)
