"""What is a model's doubt worth: does it find errors, does it follow the readers, and in which case is it large?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import doubt_cards, notices, state, uncertainty_cards
from dashboard.figures.doubt_cases import parts_figure, spread_figure
from dashboard.figures.doubt_curves import rejection_figure, reliability_figure
from dashboard.views import open_case
from services import doubt_figures, doubts
from services.doubt_figures import Choice
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from dashboard.context import Context
    from services.doubt_figures import Choices, Seen

QUESTION = "In which cases is a model in doubt, and does its doubt find its errors?"
PLAIN = {"displayModeBar": False}
EMPTY = (
    "No figures of doubt are stored yet. They are made when a case is measured that a model has outlined with its "
    "probabilities: secondlook analyse --all, or secondlook measure --all for cases that were analysed before."
)
FIRST = (Measure.TOTAL, Measure.PREDICTIVE)
"""What is chosen at first, as far as it is known."""


def render(context: Context) -> None:
    models = doubt_figures.models(context.desk)
    notices.header("Uncertainty", QUESTION)
    if not models:
        st.html(f'<p class="sl-muted">{EMPTY}</p>')
        return
    seen = doubt_figures.see(context.desk, _chosen(context, models))
    st.html(uncertainty_cards.counted(seen) + doubt_cards.separation(seen.separation, seen.sentence))
    left, right = st.columns(2, gap="medium")
    with left:
        _parts(context, seen)
    with right:
        _figure(seen, "rejection", rejection_figure(seen) if seen.bands else None)
    left, right = st.columns(2, gap="medium")
    with left:
        _figure(seen, "reliability", reliability_figure(seen.bins, seen.choice.structure) if seen.bins else None)
    with right:
        _figure(seen, "spread", spread_figure(seen) if any(seen.groups.values()) else None)
    _cases(seen)


def _chosen(context: Context, models: Sequence[str]) -> Choice:
    columns = st.columns(4)
    with columns[0]:
        model = _select("Model", models, state.DOUBT_MODEL)
    possible = doubt_figures.choices(context.desk, model)
    with columns[1]:
        measure = Measure(_select("Measure", possible.measures, state.DOUBT_MEASURE, index=_first(possible)))
    with columns[2]:
        stratum = _select("Cases", possible.strata, state.DOUBT_STRATUM)
    with columns[3]:
        structure = _select("Structure", possible.structures, state.DOUBT_STRUCTURE) if possible.structures else ""
    return Choice(model, measure, stratum, structure)


def _first(possible: Choices) -> int:
    """The place of the measure that is chosen at first."""
    return next((possible.measures.index(one) for one in FIRST if one in possible.measures), 0)


def _select(label: str, options: Sequence[str], key: str, index: int = 0) -> str:
    return str(st.selectbox(label, [str(one) for one in options], index=index, key=key, bind="query-params"))


def _parts(context: Context, seen: Seen) -> None:
    """The main figure: every point is a way into its case, to where the chosen measure is highest."""
    st.html(uncertainty_cards.caption(seen, "parts"))
    if not seen.points():
        return
    alt = uncertainty_cards.alt(seen, "parts")
    chosen = st.plotly_chart(
        parts_figure(seen), key=state.PARTS, on_select="rerun", selection_mode="points", config=PLAIN, alt=alt
    )
    points = chosen.selection.points
    if points:
        key = str(points[0]["customdata"][0])
        open_case(key, doubts.highest_in(context.desk, key, seen.choice.measure))


def _figure(seen: Seen, name: str, figure: go.Figure | None) -> None:
    st.html(uncertainty_cards.caption(seen, name))
    if figure is not None:
        st.plotly_chart(figure, key=f"doubt {name}", config=PLAIN, alt=uncertainty_cards.alt(seen, name))


def _cases(seen: Seen) -> None:
    column, _ = st.columns([1, 3])
    with column:
        order = _select("Sort by", uncertainty_cards.ORDERS, state.DOUBT_ORDER)
    st.html(uncertainty_cards.cases(seen, order))
