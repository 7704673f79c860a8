"""The HTTP route of the page Agreement: the disputed cases as a file, for whoever is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from dashboard.agreement_cards import disputed_csv
from dashboard.answers import NEVER_KEPT, not_as_sent, told
from services import agreements
from services.agreements import Disputed

if TYPE_CHECKING:
    from starlette.requests import Request

    from services.desk import Desk

ADDRESS = "agreement.csv"
HEADERS = NEVER_KEPT | {"Content-Disposition": "attachment; filename=disputed_cases.csv"}


def routes(desk: Desk) -> list[Route]:
    def disputed(request: Request) -> Response:
        order = request.query_params.get("by", Disputed.VOLUME)
        if order not in {by.value for by in Disputed}:
            raise not_as_sent()
        found = agreements.disputed(desk, Disputed(order))
        return Response(disputed_csv(found), media_type="text/csv", headers=HEADERS)

    return [Route(f"/{ADDRESS}", told(disputed))]
