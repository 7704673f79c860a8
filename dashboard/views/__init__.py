"""The pages, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from dashboard import context, state

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

    from db.records import Index3


@dataclass(frozen=True)
class View:
    """One page: its module in this package has `render(context)`."""

    module: str
    title: str
    path: str
    default: bool = False
    hidden: bool = False
    """Reached from another page only."""

    def run(self) -> None:
        import_module(f"dashboard.views.{self.module}").render(context.current())

    def entry(self) -> StreamlitPage:
        visibility: Literal["visible", "hidden"] = "hidden" if self.hidden else "visible"
        return st.Page(self.run, title=self.title, url_path=self.path, default=self.default, visibility=visibility)


WORKLIST = View("worklist", "Worklist", "worklist", default=True)
CASE = View("case", "Case", "case")
BESIDE = View("beside", "Scans beside each other", "beside", hidden=True)
INTAKE = View("intake", "Intake", "intake")
AGREEMENT = View("agreement", "Agreement", "agreement")
FAILURES = View("failures", "Failures", "failures")
UNCERTAINTY = View("uncertainty", "Uncertainty", "uncertainty")
RISK = View("risk", "Risk and budget", "risk")
MODELS = View("models", "Models", "models")
ABOUT = View("about", "About", "about")
PAGES = (WORKLIST, CASE, BESIDE, INTAKE, AGREEMENT, FAILURES, UNCERTAINTY, RISK, MODELS, ABOUT)


def open_case(key: str, place: Index3 | None = None) -> NoReturn:
    """Go to the case page; its address names the case, and a place in it, so that it can be shared and reloaded."""
    at = {state.PLACE_PARAMETER: state.place_text(place)} if place else {}
    st.switch_page(CASE.entry(), query_params={state.CASE_PARAMETER: key, **at})
