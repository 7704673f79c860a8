"""What came in, and what was left out? Uploads, running and past intakes, and a report of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import notices, state
from dashboard.intake import intake
from dashboard.views import open_case

if TYPE_CHECKING:
    from dashboard.context import Context


def render(context: Context) -> None:
    notices.header("Intake", "What came in, and what was left out?")
    opened = intake(key=state.INTAKE).open
    if opened:
        open_case(opened["key"])
