"""How far do the readers agree, with each other and with each model? Every cell opens the case where it is worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import agreement_cards, notices, state
from dashboard.figures.agreement import bias_figure, matrix_figure
from dashboard.views import open_case
from services import agreements
from services.agreements import Disputed, Measure

if TYPE_CHECKING:
    from dashboard.context import Context
    from services.agreements import Cell, Overview

QUESTION = "How far do readers agree, with each other and with each model, and where do they not?"
PLAIN = {"displayModeBar": False}
MOST_LINES = 25


def render(context: Context) -> None:
    found = agreements.overview(context.desk, context.user, context.desk.settings.role)
    counted = found.counted
    notices.header("Agreement", QUESTION, synthetic=bool(counted.compared) and counted.synthetic == counted.compared)
    if not found.readers:
        st.html(agreement_cards.none(counted))
        return
    st.html(agreement_cards.said(found))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _matrix(context, found)
    with right:
        _biases(context, found)
    _disputed(context, found)


def _matrix(context: Context, found: Overview) -> None:
    options = list(Measure)
    measure = Measure(
        st.segmented_control("Measure", options, default=options[0], key=state.PAIR_MEASURE) or options[0]
    )
    cells = agreements.matrix(context.desk, measure, found.authors)
    figure = matrix_figure(cells, found.authors, measure)
    alt = f"{measure} of every two readers and of every reader with every model; the numbers stand in the table below."
    chosen = st.plotly_chart(
        figure, key=f"{state.MATRIX} {measure}", on_select="rerun", selection_mode="points", config=PLAIN, alt=alt
    )
    st.html('<p class="sl-muted">A square opens the case in which the two are furthest apart, at its worst slice.</p>')
    with st.expander("All pairs"):
        st.html(agreement_cards.pairs(cells, measure))
    points = chosen.selection.points
    if points:
        _open(cells[int(points[0]["customdata"][0])])


def _open(cell: Cell) -> None:
    if cell.worst is not None:
        open_case(cell.worst.case_key, cell.worst.place)


def _biases(context: Context, found: Overview) -> None:
    means = agreements.biases(context.desk, found.authors)
    alt = "How far each author draws wider than the consensus, in mm with intervals; the numbers stand in the table."
    st.plotly_chart(bias_figure(means), key="bias", config=PLAIN, alt=alt)
    st.html(agreement_cards.note())
    with st.expander("Numbers"):
        st.html(agreement_cards.biases(means))


def _disputed(context: Context, found: Overview) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        order = st.selectbox("Sorted by", list(Disputed), key=state.DISPUTED_BY, bind="query-params")
        by = Disputed(order or Disputed.VOLUME)
        shown = agreements.disputed(context.desk, by, MOST_LINES)
        st.html(agreement_cards.disputed(shown))
        st.html(agreement_cards.download(found.counted, by))
    with right:
        st.html(agreement_cards.consensus(agreements.consensus(context.desk, found.models)))
