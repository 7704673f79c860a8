"""The tab Doubt of the case page: what the model does not know here, how much that is, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import doubt_cards, score_cards

if TYPE_CHECKING:
    from db.records import CasePage
    from services import scorings
    from services.doubts import OfCase


def tab(found: OfCase, page: CasePage, scored: scorings.OfCase | None) -> None:
    """Everything in the order in which it is asked; scored: the scores of its maps, None without any."""
    st.html(
        doubt_cards.whose(found)
        + doubt_cards.measures(found, page)
        + doubt_cards.separation(found.separation, found.sentence)
        + score_cards.scores(scored)
        + doubt_cards.distance(found)
        + doubt_cards.worth(found)
        + doubt_cards.further(found)
    )
