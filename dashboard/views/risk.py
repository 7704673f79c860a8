"""How many unacceptable outlines stay unseen if only the most doubtful cases are reviewed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import notices, risk_cards, state
from dashboard.figures.risk import risk_figure
from dashboard.views import open_case
from services import risks
from services.aggregation.names import SIZE
from services.risks import FIRST, MOST_CASES, MOST_SHOWN, Budget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dashboard.context import Context
    from services.risks import Order, Seen

QUESTION = "How many unacceptable outlines stay unseen if only the most doubtful cases are reviewed?"
PLAIN = {"displayModeBar": False}
COMING, REVIEWED = 60, 12


def render(context: Context) -> None:
    notices.header("Risk and budget", QUESTION)
    known = {order.name: order for order in risks.scores(context.desk)}
    if not known:
        st.html(f'<p class="sl-muted">{risk_cards.NO_SCORES}</p>')
        return
    budget, chosen = _asked(known)
    seen = risks.see(context.desk, chosen, budget)
    st.html(risk_cards.counted(seen))
    if seen.reason:
        st.html(risk_cards.too_few(seen))
    else:
        _curves(seen)
        if st.toggle("All scores at this budget", key=state.EVERY_SCORE, bind="query-params"):
            st.html(risk_cards.every(risks.every_score(context.desk, budget), budget))
    _promise(context)
    _moved(context, known)


def _promise(context: Context) -> None:
    """What may be promised of the default score, or how many cases drawn at random are missing."""
    from services import promising  # noqa: PLC0415 -- loads scipy; only this page asks

    found = promising.promise_of(context.desk.store, context.desk.settings.audit_share)
    st.html(risk_cards.promise(promising.sentence(found), found.needed))


def _asked(known: Mapping[str, Order]) -> tuple[Budget, list[Order]]:
    left, middle, right = st.columns([1, 2, 4], gap="medium", vertical_alignment="bottom")
    with left:
        coming = int(st.number_input("Cases a week", 1, MOST_CASES, COMING, key=state.COMING, bind="query-params"))
    with middle:
        reviewed = _reviewed(coming)
    others = [name for name in known if name != SIZE]
    first = [name for name in FIRST if name in known] or others[:1]
    with right:
        names = st.multiselect(
            "Scores", others, first, max_selections=MOST_SHOWN, key=state.SCORES, bind="query-params"
        )
    shown = [*names, *([SIZE] if SIZE in known else [])]
    return Budget(reviewed, coming), [known[name] for name in shown]


def _reviewed(coming: int) -> int:
    """The slider. With another end it is another slider: it begins where the one before stood, as far as it reaches."""
    first = min(int(st.session_state.get(state.REVIEWED, REVIEWED)), coming)
    if int(st.session_state.get(state.BUDGET, 0)) > coming:
        del st.session_state[state.BUDGET]
    reviewed = int(st.slider("Reviewed of them", 0, coming, first, key=state.BUDGET, bind="query-params"))
    st.session_state[state.REVIEWED] = reviewed
    return reviewed


def _curves(seen: Seen) -> None:
    """Every point is a way into the case that would be reviewed next."""
    st.html(risk_cards.said(seen))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        alt = "Share of unacceptable cases among those left unreviewed, by score; the numbers are in the files below."
        chosen = st.plotly_chart(
            risk_figure(seen), key=state.RISK, on_select="rerun", selection_mode="points", config=PLAIN, alt=alt
        )
        st.html(risk_cards.links("curves", seen))
    with right:
        st.html(risk_cards.table(seen))
    points = chosen.selection.points
    if points and points[0].get("customdata"):
        open_case(str(points[0]["customdata"][0]))


def _moved(context: Context, known: Mapping[str, Order]) -> None:
    """What another score would change in the worklist."""
    names = list(known)
    if len(names) < 2:
        return
    left, right, _ = st.columns([2, 2, 3], gap="medium")
    with left:
        before = _select("The worklist by", names, state.MOVED_FROM, 0)
    with right:
        after = _select("instead by", names, state.MOVED_TO, 1)
    if before != after:
        st.html(risk_cards.moved(known[before], known[after], risks.moved(context.desk, known[before], known[after])))


def _select(label: str, names: Sequence[str], key: str, index: int) -> str:
    return str(st.selectbox(label, names, index=index, key=key, bind="query-params"))
