"""Who is asking, and the store that answers: one of each for a page run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.gate import COOKIE
from services import workflow
from services.access import Access
from services.settings import Settings

if TYPE_CHECKING:
    from services.desk import Desk


@dataclass(frozen=True)
class Context:
    """What every page gets."""

    desk: Desk
    user: str
    access: Access


@lru_cache(maxsize=4)
def desk(settings: Settings) -> Desk:
    return workflow.open_home(settings)


@lru_cache(maxsize=4)
def access(settings: Settings) -> Access:
    return Access(settings.secret("session"))


def current() -> Context:
    """The context of this page run. Raises AccessDenied without a valid session, whatever let the run in."""
    settings = Settings()
    gatekeeper = access(settings)
    user = gatekeeper.user_of(st.context.cookies.get(COOKIE, ""))
    return Context(desk(settings), user, gatekeeper)
