"""Which models are here, how far do they hold, and what changes from one to the next?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cards, model_cards, notices, state
from dashboard.figures.changes import changes_figure
from dashboard.figures.strata import strata_figure
from dashboard.views import open_case
from services import comparing, decision_flips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.context import Context
    from services.comparing import Comparison, KnownModel, Reference
    from services.evaluation.results import Evaluation

QUESTION = "How far does each model hold, and what changes from one to the next?"
MEASURES = ("outer wall Dice", "outer wall HD95", "lumen Dice", "lumen HD95")
PLAIN = {"displayModeBar": False}
EMPTY = "No model is known here yet: none is shipped, none was added, and no case came with a model's result."

NO_FIGURES = "No figures: this model was not evaluated here. An administrator can: secondlook evaluate."
COMPANION_FIGURES = "No figures of outlines: these networks come with another model, to tell its doubt."
PROMPTED_FIGURES = "What a promptable model outlines depends on the prompt; docs/methods.md has what was measured."


def render(context: Context) -> None:
    models = comparing.models(context.desk)
    notices.header("Models", QUESTION)
    if not models:
        st.html(f'<p class="sl-muted">{EMPTY}</p>')
        return
    first, second = st.tabs(["Cards", "Side by side"])
    with first:
        _cards(models)
    with second:
        _pair(context, models)


def _cards(models: Sequence[KnownModel]) -> None:
    st.html(model_cards.overview(models))
    left, right = st.columns([1, 2], gap="medium")
    with left:
        model = _model("Model", models, state.MODEL)
        st.html(model_cards.facts(model))
    with right:
        _figures(model)


def _figures(model: KnownModel) -> None:
    """Figures of the measure that is chosen, or why there are none."""
    if model.evaluation is None:
        why = model.problem or _without_figures(model)
        st.html(f'<p class="sl-muted">{cards.escaped(why)}</p>')
        return
    measure = st.selectbox("Measure", MEASURES, key=state.MEASURE, bind="query-params")
    st.html(model_cards.made(model.evaluation) + model_cards.real_scan(model.evaluation))
    _table(model.evaluation, measure)


def _without_figures(model: KnownModel) -> str:
    if model.prompted is not None:
        return PROMPTED_FIGURES
    return COMPANION_FIGURES if model.card is not None and model.card.companion_of else NO_FIGURES


def _table(evaluation: Evaluation, measure: str) -> None:
    strata = [row for row in evaluation.strata if row.measure == measure]
    pairs = [row for row in evaluation.pairs if row.measure == measure]
    alt = f"{measure} in every stratum with intervals; the numbers stand in the table below."
    st.plotly_chart(strata_figure(strata), key="strata", config=PLAIN, alt=alt)
    st.html(model_cards.figures(strata) + model_cards.factors(pairs))


def _pair(context: Context, models: Sequence[KnownModel]) -> None:
    used = [model for model in models if model.cases]
    if len(used) < 2:
        st.html('<p class="sl-muted">Two models with results in this store are needed to set them side by side.</p>')
        return
    columns = st.columns(4)
    with columns[0]:
        first = _model("First model", used, state.FIRST_MODEL)
    with columns[1]:
        second = _model("Second model", used, state.SECOND_MODEL, index=1)
    with columns[2]:
        reference = _reference(comparing.references(context.desk))
    with columns[3]:
        threshold = st.number_input(
            "Right from Dice", 0.0, 1.0, comparing.RIGHT_FROM, 0.05, key=state.THRESHOLD, bind="query-params"
        )
    if first == second:
        st.html('<p class="sl-muted">The same model twice. Choose another one to compare it with.</p>')
        return
    comparison = comparing.compare(context.desk, first, second, reference, float(threshold))
    st.html(model_cards.counted(comparison, reference))
    if comparison.cases:
        _compared(comparison, first.key, second.key)
    st.html(model_cards.flips(decision_flips.flips(context.desk, first, second), first.key, second.key))


def _compared(comparison: Comparison, first: str, second: str) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        figure = changes_figure(comparison, first, second)
        alt = "Each case as a point, the first model across and the second upwards; the numbers stand in the table."
        chosen = st.plotly_chart(
            figure, key=state.CHANGES, on_select="rerun", selection_mode="points", config=PLAIN, alt=alt
        )
    with right:
        st.html(model_cards.changes(comparison, first, second))
    points = chosen.selection.points
    if points:
        open_case(str(points[0]["customdata"][0]))


def _model(label: str, models: Sequence[KnownModel], key: str, index: int = 0) -> KnownModel:
    by_key = {model.key: model for model in models}
    return by_key[st.selectbox(label, list(by_key), index=index, key=key, bind="query-params")]


def _reference(references: Sequence[Reference]) -> Reference:
    by_title = {reference.title: reference for reference in references}
    return by_title[st.selectbox("Reference", list(by_title), key=state.REFERENCE, bind="query-params")]
