"""Two scans of one patient beside each other, matched along the vessel."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import streamlit as st

from dashboard import growth_cards, notices, state
from dashboard.linking import link_data, matched_at, widest_place
from dashboard.viewer import viewer
from dashboard.viewer_data import viewer_data
from services import growing, workflow

if TYPE_CHECKING:
    from dashboard.context import Context
    from db.records import CasePage
    from services.growing import Followed

SIDES = ("viewer_earlier", "viewer_later")


def render(context: Context) -> None:
    key = st.query_params.get(state.CASE_PARAMETER, "")
    other = st.query_params.get(state.OTHER_PARAMETER, "")
    if not (key and other):
        notices.header("Scans beside each other", "Which scans? Open a case, and choose one in its tab Decision.")
        return
    course = growing.course(context.desk, key)
    scans = growing.pair(course, key, other)
    _remember(context, key, other)
    first, second = (workflow.case_page(context.desk, scan.key) for scan in scans)
    synthetic = any(scan.synthetic for scan in scans)
    notices.header("Scans beside each other", matched_at(first, second), synthetic=synthetic)
    columns = st.columns(2, gap="small")
    pages = ((first, second), (second, first))
    for column, scan, (page, beside), name in zip(columns, scans, pages, SIDES, strict=True):
        with column:
            _scan(context, scan, page, beside, name)


def _scan(context: Context, scan: Followed, page: CasePage, beside: CasePage, name: str) -> None:
    st.html(growth_cards.of_scan(scan))
    token = context.access.image_token(context.user, scan.key)
    data = viewer_data(page, token)
    places = [*widest_place(page), *cast("list[object]", data["places"])]
    viewer(data | {"places": places, "link": link_data(page, beside)}, key=name, on_place=_nothing, on_step=_nothing)


def _remember(context: Context, key: str, other: str) -> None:
    """The first look of this session at the other scan is noted once."""
    kept = state.review_state()
    if other not in kept.opened:
        kept.opened.add(other)
        growing.opened_beside(context.desk, other, key, context.user)


def _nothing() -> None:
    """Marks and the list belong to the page of one case."""
