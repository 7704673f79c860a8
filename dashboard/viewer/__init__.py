"""The image viewer: an own Canvas2D component. Scrolling, windowing and layers never leave the browser."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import assets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@cache
def _component() -> Callable[..., Any]:
    renderer: Callable[..., Any] = st.components.v2.component(
        "secondlook_viewer", html='<div class="host"></div>', js=assets.loader_js("viewer")
    )
    return renderer


def viewer(data: Mapping[str, object], *, key: str, on_place: Callable[[], None], on_step: Callable[[], None]) -> Any:  # noqa: ANN401 -- Streamlit's own result object
    """Mount the viewer; `data` as viewer_data builds it.

    Triggers: `place` {k, j, i}, `step` {by}, and `show`, which asks for the page anew with what was stored meanwhile.
    """
    return _component()(
        key=key, data=dict(data), on_place_change=on_place, on_step_change=on_step, on_show_change=lambda: None
    )
