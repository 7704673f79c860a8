"""The tab Decision of the case page: the diameter and its doubt, every measure, the surface in 3D, growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import decision_cards, growth_cards, state
from dashboard.cards import escaped
from dashboard.figures import diameters, growth
from db.records import Shown
from db.vocabulary import AuthorKind
from services import growing
from services.measurement.decided import decided

if TYPE_CHECKING:
    from dashboard.context import Context
    from db.records import CasePage, NewMeasurement
    from services.measurement.decided import Decided

PLAIN = {"displayModeBar": False}
TURNABLE = {"displayModeBar": False, "scrollZoom": False}
"""The wheel goes on moving the page; dragging with the right button zooms."""
NO_SURFACE = "No surface is stored: nobody drew an outer wall, or it was not measured yet."


def tab(context: Context, page: CasePage) -> None:
    """Everything in the order in which it is asked."""
    found = decided(page.measurements)
    st.html(decision_cards.sentence(found, page.series))
    readers = _readers(found, page)
    if diameters.has_anything(found, readers):
        figure = diameters.diameters_figure(found, readers)
        st.plotly_chart(figure, key=f"diameters {page.row.key}", config=PLAIN, alt=diameters.alt_text(found))
    _say(decision_cards.moves_most(found, page) + decision_cards.by_hand(found, page.series))
    _growth(context, page)
    _say(decision_cards.measures(found, page) + decision_cards.intervals(found))
    if found.diameter is not None:
        _surface(context, page.row.key)


def _say(html: str) -> None:
    """Streamlit refuses to say nothing."""
    if html:
        st.html(html)


def _readers(found: Decided, page: CasePage) -> dict[str, NewMeasurement]:
    """The diameter of every reader's own outline, in the order of the layers."""
    specs = (layer.spec for layer in page.layers if layer.spec.author_kind is AuthorKind.READER)
    names = dict.fromkeys(f"{spec.author} {spec.author_version}".strip() for spec in specs)
    rows = {name: found.by_author.get(name, ()) for name in names}
    shown = {name: [row for row in of if row.name == Shown.DIAMETER] for name, of in rows.items()}
    return {name: of[0] for name, of in shown.items() if of}


def _growth(context: Context, page: CasePage) -> None:
    """Only for a patient with more than one scan."""
    course = growing.course(context.desk, page.row.key)
    if len(course.scans) < 2:
        return
    st.html(growth_cards.sentences(course))
    if course.growths:
        figure = growth.growth_figure(course, page.row.key)
        st.plotly_chart(figure, key=f"growth {page.row.key}", config=PLAIN, alt=growth.alt_text(course))
    st.html(growth_cards.scans(course, page.row.key) + growth_cards.between(course))


def _surface(context: Context, key: str) -> None:
    """Loaded only when it is asked for: it is larger than all the rest of the page."""
    if not st.toggle("Surface in 3D", key=f"{state.SURFACE} {key}"):
        return
    from dashboard.figures import surface  # noqa: PLC0415 -- most readers of the page never open it

    stored = growing.surface(context.desk, key)
    if stored is None or stored.spec.value is None:
        st.html(f'<p class="sl-muted">{escaped(stored.spec.reason if stored else NO_SURFACE)}</p>')
        return
    row = stored.spec
    choices = {one.name: one for one in surface.colourings(row)}
    chosen = st.selectbox("Coloured by", list(choices), key=f"{state.SURFACE_COLOUR} {key}") if choices else None
    colouring = choices.get(chosen) if chosen else None
    figure = surface.surface_figure(row, colouring)
    st.plotly_chart(figure, key=f"mesh {key}", config=TURNABLE, theme=None, alt=surface.alt_text(row, colouring))
    st.html(f'<p class="sl-muted">{escaped(decision_cards.made_surface(row))}</p>')
