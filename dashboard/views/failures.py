"""Which failures does a model hide, what are they made of, and where do they gather?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import drift, failure_cards, group_cards, notices, state
from dashboard.figures.failures import quadrant_figure
from dashboard.views import open_case
from db.failure_records import ErrorKind
from services import drifting, failures
from services.failures import Chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.context import Context
    from db.failure_records import ValuedCase
    from services.failures import Choices

QUESTION = "Where is a model wrong without knowing it, by how much, and in which kind of case?"
PLAIN = {"displayModeBar": False}
ALT = "The error of every case against the uncertainty of its model; the numbers are in the file beside the title."
ORDERS = {"volume": "volume", "distance from the reference": "distance", "effect on the diameter": "effect"}
ANY = "all"


def render(context: Context) -> None:
    choices = failures.choices(context.desk)
    notices.header("Failures", QUESTION, synthetic=drifting.has_generated(context.desk))
    if not choices.errors:
        st.html(failure_cards.none(choices))
        drift.section(context)
        return
    st.html(failure_cards.said(choices))
    _quadrant(context, choices)
    _gallery(context, choices)
    _pieces(context)
    _groups(context, choices)
    drift.section(context)


def _quadrant(context: Context, choices: Choices) -> None:
    """The main figure: every point is a way into its case, to its largest error."""
    if not choices.scores:
        st.html(failure_cards.muted(failure_cards.NO_SCORES))
        return
    chosen = _chosen(choices)
    seen = failures.see(context.desk, chosen)
    if seen is None:
        st.html(failure_cards.no_pairs(chosen.score, chosen.error))
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.html(failure_cards.quadrant(seen))
        figure = quadrant_figure(seen)
        picked = st.plotly_chart(
            figure, key=state.QUADRANT, on_select="rerun", selection_mode="points", config=PLAIN, alt=ALT
        )
    with right:
        listed = [one.case_key for one in seen.silent[: failure_cards.MOST_LISTED]]
        st.html(failure_cards.silent(seen, failures.places(context.desk, listed)))
    points = [point for point in picked.selection.points if point.get("customdata")]
    if points:
        key = str(points[0]["customdata"][0])
        open_case(key, failures.place_of(context.desk, key))


def _chosen(choices: Choices) -> Chosen:
    columns = st.columns(4)
    with columns[0]:
        error = _select("Error", list(choices.errors), state.FAILURE_ERROR)
    with columns[1]:
        score = _select("Uncertainty score", list(choices.scores), state.FAILURE_SCORE, choices.first_score)
    with columns[2]:
        error_cut = st.number_input("Line of the error", value=None, placeholder="median", key=state.ERROR_CUT)
    with columns[3]:
        score_cut = st.number_input("Line of the score", value=None, placeholder="median", key=state.SCORE_CUT)
    return Chosen(error, score, error_cut, score_cut)


def _gallery(context: Context, choices: Choices) -> None:
    column, _ = st.columns([1, 3])
    with column:
        name = _select("Gallery by", choices.sortable, state.GALLERY_BY)
    found = failures.gallery(context.desk, name)
    places = failures.places(context.desk, [one.case_key for one in found])

    def picture(one: ValuedCase) -> str:
        token = context.access.image_token(context.user, one.case_key)
        return f"/thumb/{one.thumbnail}?t={token}" if one.thumbnail else ""

    st.html(failure_cards.caption("Gallery", f"Worst in {name}, at most {failures.MOST_PICTURES} cases."))
    st.html(failure_cards.gallery(found, name, places, picture))


def _pieces(context: Context) -> None:
    columns = st.columns(4)
    with columns[0]:
        order = ORDERS[_select("Pieces by", list(ORDERS), state.PIECES_BY)]
    with columns[1]:
        kind = _select("Kind", (ANY, *ErrorKind), state.PIECES_KIND)
    known = failures.pieces(context.desk, order, most=0).structures
    with columns[2]:
        structure = _select("Structure", (ANY, *known), state.PIECES_OF)
    said = {"kind": "" if kind == ANY else kind, "structure": "" if structure == ANY else structure}
    listed = failures.pieces(context.desk, order, ErrorKind(said["kind"]) if said["kind"] else None, said["structure"])
    words = f"{listed.count:,} connected pieces, the largest first; each opens its case at its place."
    st.html(failure_cards.caption("Error pieces", words, failure_cards.files("pieces", order=order, **said)))
    st.html(failure_cards.pieces(listed))


def _groups(context: Context, choices: Choices) -> None:
    error = str(st.session_state.get(state.FAILURE_ERROR) or next(iter(choices.errors)))
    looked, _ = failures.groups(context.desk, error)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.html(group_cards.subgroups(looked, error))
    with right:
        st.html(group_cards.slices(looked, error))


def _select(label: str, options: Sequence[str], key: str, index: int = 0) -> str:
    return str(st.selectbox(label, [str(one) for one in options], index=index, key=key, bind="query-params"))
