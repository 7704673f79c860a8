"""The HTTP routes of the page Risk and budget: its curves and its table as files, for whoever is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from dashboard.answers import not_as_sent, told
from dashboard.exports import table_file
from services import risks
from services.risks import MOST_CASES, MOST_SHOWN, Budget

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.exports import Cell
    from services.desk import Desk
    from services.risks import Seen

    Table = tuple[tuple[str, ...], list[tuple[Cell, ...]]]


def routes(desk: Desk) -> list[Route]:
    def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in TABLES:
            raise not_as_sent()
        heading, rows = TABLES[name](_seen(desk, request))
        return table_file(f"risk-{name}", request.path_params["kind"], heading, rows)

    return [Route("/risk/{name}.{kind}", told(file))]


def curves(seen: Seen) -> Table:
    """Every point of every curve."""
    heading = ("score", "left unreviewed", "unacceptable among them", "lower 95 %", "upper 95 %", "next to review")
    rows: list[tuple[Cell, ...]] = []
    for one in seen.scores:
        curve = one.curve
        points = zip(curve.coverage, curve.risk, curve.lower, curve.upper, one.keys, strict=True)
        rows += [(one.order.name, *point) for point in points]
    return heading, rows


def scores(seen: Seen) -> Table:
    """What each score leaves at the budget."""
    interval = ("lower 95 %", "upper 95 %", "interval by")
    heading = (
        "score", "reviewed a week", "coming a week", "judged cases", "unacceptable",
        "unseen of the unacceptable", *(f"unseen, {one}" for one in interval),
        "unacceptable among the unreviewed", *(f"risk, {one}" for one in interval),
        "found last",
    )  # fmt: skip
    about = (seen.budget.reviewed, seen.budget.coming, seen.cases, seen.unacceptable)
    rows: list[tuple[Cell, ...]] = [
        (one.order.name, *about, *(_defined(cell) for cell in (*one.left.unseen, *one.left.risk)), one.last)
        for one in seen.scores
    ]
    return heading, rows


TABLES = {"curves": curves, "scores": scores}


def _defined(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and cell != cell else cell  # noqa: PLR0124 -- nan is not itself


def _seen(desk: Desk, request: Request) -> Seen:
    said = request.query_params
    try:
        budget = Budget(int(said.get("budget", "")), int(said.get("coming", "")))
    except ValueError:
        raise not_as_sent() from None
    known = {order.name: order for order in risks.scores(desk)}
    chosen = dict.fromkeys(said.getlist("score"))
    if not set(chosen) <= set(known) or len(chosen) > MOST_SHOWN + 1 or not 0 <= budget.reviewed <= MOST_CASES:
        raise not_as_sent()
    return risks.see(desk, [known[name] for name in chosen], budget)
