"""One case: the image beside what was found, where it comes from, and what the reader decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cards, decision, differences, doubt, error_cards, notices, state
from dashboard.analysis import analysis
from dashboard.viewer import viewer
from dashboard.viewer_data import viewer_data
from db.records import NewReview
from db.vocabulary import ReviewReason, Verdict
from services import doubts, failures, scorings, workflow
from services.access import may_see_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboard.context import Context
    from db.failure_records import ListedPiece
    from db.records import CasePage, Index3
    from services.doubts import OfCase

KEYS = {
    Verdict.ACCEPTABLE: "alt+a",
    Verdict.MINOR_EDIT: "alt+m",
    Verdict.MAJOR_EDIT: "alt+j",
    Verdict.REJECT: "alt+x",
    Verdict.NOT_ASSESSABLE: "alt+u",
}
LONGEST_NOTE = 2000


def render(context: Context) -> None:
    key = st.query_params.get(state.CASE_PARAMETER, "")
    if not key:
        notices.header("Case", "Which case? Open one from the worklist.")
        return
    page, found = workflow.case_page(context.desk, key), doubts.of_case(context.desk, key)
    errors = failures.of_case(context.desk, key)
    _remember(context, key)
    notices.header(key, page.row.status, synthetic=page.row.synthetic, chips=cards.chips(page.flags))
    image, side = st.columns([2, 1], gap="small")
    with image, st.container(key=state.IMAGE):
        token = context.access.image_token(context.user, key)
        start = state.place_of(st.query_params.get(state.PLACE_PARAMETER, ""))
        names = may_see_names(context.desk.settings.role)
        data = viewer_data(page, token, start, letters=names, separation=found.sentence, errors=errors)
        viewer(data, key=state.VIEWER, on_place=_mark, on_step=_stepper(context, key))
    with side:
        analysis(key, key=state.ANALYSIS)
        _tabs(context, page, found, errors)


def _remember(context: Context, key: str) -> None:
    """The first look of this session at a case is noted once; a mark belongs to the case it was made in."""
    kept = state.review_state()
    if kept.case_key != key:
        kept.case_key, kept.place = key, None
    if key not in kept.opened:
        kept.opened.add(key)
        workflow.opened(context.desk, key, context.user)


def _tabs(context: Context, page: CasePage, found: OfCase, errors: Sequence[ListedPiece]) -> None:
    names = ["Findings", "Decision", "Doubt", "Review", "Provenance"]
    findings, measured, doubted, review, provenance = st.tabs(names)
    with findings:
        st.html(
            cards.findings(page.flags, checked=bool(page.scores))
            + error_cards.card(errors)
            + differences.card(differences.differences(page))
            + cards.volumes(page.scores)
            + cards.agreement(page.scores)
        )
    with measured:
        decision.tab(context, page)
    with doubted:
        doubt.tab(found, page, scorings.of_case(context.desk, page.row.key))
    with review:
        _review(context, page)
    with provenance:
        st.html(cards.provenance(page.layers) + cards.image_facts(page))


def _review(context: Context, page: CasePage) -> None:
    key = page.row.key
    place = state.review_state().place
    st.selectbox("Reason", list(ReviewReason), key=f"{state.VERDICT_REASON} {key}")
    st.text_area("Note", key=f"{state.VERDICT_NOTE} {key}", max_chars=LONGEST_NOTE, placeholder="No patient names")
    st.caption(f"Place: {cards.place_text(place)}. The key m in the image marks the place under the crosshair.")
    for verdict, shortcut in KEYS.items():
        st.button(
            verdict.capitalize(),
            shortcut=shortcut,
            key=f"verdict {verdict} {key}",
            on_click=_save,
            args=(context, key, verdict),
            width="stretch",
        )
    st.html(cards.history(page.reviews))


def _save(context: Context, key: str, verdict: Verdict) -> None:
    """Saved at once, appended, never changed; the form is empty again afterwards."""
    place = state.review_state().place
    spec = NewReview(
        verdict=verdict,
        reason=ReviewReason(st.session_state[f"{state.VERDICT_REASON} {key}"]),
        note=st.session_state[f"{state.VERDICT_NOTE} {key}"].strip(),
        reviewer=context.user,
        place=place,
        slices=(place[0], place[0]) if place else None,
    )
    workflow.review(context.desk, key, spec)
    st.session_state[f"{state.VERDICT_NOTE} {key}"] = ""
    state.review_state().place = None
    st.toast(f"Saved: {verdict}")


def _mark() -> None:
    marked = getattr(st.session_state[state.VIEWER], "place", None)
    if marked:
        state.review_state().place = _index(marked)


def _stepper(context: Context, key: str) -> Callable[[], None]:
    def step() -> None:
        asked = getattr(st.session_state[state.VIEWER], "step", None)
        before, after = workflow.neighbours(context.desk, key, state.review_state().query)
        target = after if asked and asked["by"] > 0 else before
        if target:
            st.query_params.pop(state.PLACE_PARAMETER, None)
            st.query_params[state.CASE_PARAMETER] = target
        else:
            st.toast("This is the end of the list.")

    return step


def _index(mark: dict[str, int]) -> Index3:
    return int(mark["k"]), int(mark["j"]), int(mark["i"])
