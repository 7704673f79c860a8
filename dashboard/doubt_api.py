"""The HTTP route of what the figures of the page Uncertainty show, as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from dashboard.answers import NEVER_KEPT, told
from services import doubt_figures, doubt_tables
from services.doubt_figures import Choice
from services.doubts import ALL
from services.errors import InputRefused
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.desk import Desk


def routes(desk: Desk) -> list[Route]:
    return [Route("/doubt/{figure}.csv", told(DoubtRoutes(desk).figure))]


class DoubtRoutes:
    """Figures of doubt as tables."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def figure(self, request: Request) -> Response:
        """One figure of the choice that the address makes."""
        name = request.path_params["figure"]
        heading, lines = doubt_tables.rows(doubt_figures.see(self.desk, choice_of(request)), name)
        text = io.StringIO()
        csv.writer(text).writerows([heading, *(["" if cell is None else cell for cell in line] for line in lines)])
        headers = {"Content-Disposition": f'attachment; filename="doubt-{name}.csv"'}
        return Response(text.getvalue(), media_type="text/csv", headers=NEVER_KEPT | headers)


def choice_of(request: Request) -> Choice:
    """What the address asks for. Raises InputRefused for a measure that there is not."""
    said = request.query_params
    if said.get("measure") not in list(Measure):
        raise InputRefused("A measure must be one of doubt.", "another one.", "Use the links of the page Uncertainty.")
    measure = Measure(said["measure"])
    return Choice(said.get("model", ""), measure, said.get("stratum", ALL), said.get("structure", ""))
