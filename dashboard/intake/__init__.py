"""The intake component: a place to drop files, running and past intakes, their reports. It fetches what it shows."""

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
        "secondlook_intake", html='<div class="host"></div>', js=assets.loader_js("intake")
    )
    return renderer


def intake(*, key: str) -> Any:  # noqa: ANN401 -- Streamlit's own result object
    """Mount the page's component. Its trigger `open` is {key}: the case to open."""
    return _component()(key=key, data={"version": 1}, on_open_change=lambda: None)
