"""Which case next? The list of cases, with what was flagged in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import notices, state
from dashboard.table import table
from dashboard.views import open_case
from dashboard.worklist_api import query_from

if TYPE_CHECKING:
    from dashboard.context import Context


def render(context: Context) -> None:
    notices.header("Worklist", "Which case needs a second look next?")
    opened = table(key=state.TABLE).open
    if opened:
        state.review_state().query = query_from(opened["query"], context.user)
        open_case(opened["key"])
