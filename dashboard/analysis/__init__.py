"""The analysis component: how a case's analysis stands, in one line. The worklist uses its line about all cases."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import assets

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _component() -> Callable[..., Any]:
    renderer: Callable[..., Any] = st.components.v2.component(
        "secondlook_analysis", html='<div class="host"></div>', js=assets.loader_js("analysis")
    )
    return renderer


def analysis(case: str, *, key: str) -> Any:  # noqa: ANN401 -- Streamlit's own result object
    """Mount the line about a case. Its trigger `show` asks for the page anew, with what was computed meanwhile."""
    return _component()(key=key, data={"version": 1, "case": case}, on_show_change=lambda: None)
