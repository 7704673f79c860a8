"""The worklist component: one line a case; it fetches its own pages, so filtering never reruns the page."""

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
        "secondlook_table", html='<div class="host"></div>', js=assets.loader_js("table")
    )
    return renderer


def table(*, key: str) -> Any:  # noqa: ANN401 -- Streamlit's own result object
    """Mount the worklist. Its trigger `open` is {key, query}: the case, and the list it was opened from."""
    return _component()(key=key, data={"version": 1}, on_open_change=lambda: None)
