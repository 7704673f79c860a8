"""The HTTP routes of the page Failures: its tables as CSV and as Parquet, and the way to the worst case of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse
from starlette.routing import Route

from dashboard.answers import told
from dashboard.exports import table_file
from dashboard.group_cards import WORST
from dashboard.state import CASE_PARAMETER, PLACE_PARAMETER, place_text
from db.failure_records import Attribute, CaseError, ErrorKind
from services import failures
from services.errors import InputRefused
from services.failures import Chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.exports import Cell
    from db.failure_records import ListedPiece
    from services.desk import Desk

    Table = tuple[tuple[str, ...], Sequence[Sequence[Cell]]]

ORDERS = frozenset({"volume", "distance", "effect"})
PIECE = (
    "case", "synthetic", "model", "reference", "basis", "kind", "structure", "volume_ml", "distance_mm", "effect_mm",
    "clock", "place_k", "place_j", "place_i", "first_slice", "last_slice", "touching", "disagreement",
)  # fmt: skip
GROUP = ("group", "cases", "measured", "mean", "lower", "upper", "judged", "failed", "p_corrected", "looks", "reason")
SLICE = ("rule", "failed", "judged", "failed_elsewhere", "judged_elsewhere", "lift", "p_corrected", "looks")


def routes(desk: Desk) -> list[Route]:
    server = FailureRoutes(desk)
    return [
        Route("/failures/{table}.{kind}", told(server.table)),
        Route(f"/{WORST}", told(server.worst)),
    ]


class FailureRoutes:
    """The tables of one store."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def table(self, request: Request) -> Response:
        """One of them; what it is about is in the address."""
        name = request.path_params["table"]
        made = {"pieces": self._pieces, "cases": self._cases, "groups": self._groups, "slices": self._slices}.get(name)
        if made is None:
            raise _refused("A table must be pieces, cases, groups or slices.")
        heading, rows = made(request)
        return table_file(f"failures-{name}", request.path_params["kind"], heading, rows)

    def worst(self, request: Request) -> Response:
        """To the worst case of a group, at its largest error."""
        said = request.query_params
        labels = {name: said[name.value] for name in Attribute if name.value in said}
        if said.get("error") not in list(CaseError) or not labels:
            raise _refused("A group is named by what its cases share, and by an error.")
        key = failures.worst_of(self.desk, said["error"], labels)
        if key is None:
            raise _refused("A group must have a case.")
        place = failures.place_of(self.desk, key)
        at = {PLACE_PARAMETER: place_text(place)} if place else {}
        return RedirectResponse(f"/case?{urlencode({CASE_PARAMETER: key, **at})}", status_code=303)

    def _pieces(self, request: Request) -> Table:
        said = request.query_params
        order, kind = said.get("order", "volume"), said.get("kind", "")
        if order not in ORDERS or kind not in {"", *ErrorKind}:
            raise _refused("Pieces are sorted by volume, distance or effect, and are false positives or negatives.")
        wanted = ErrorKind(kind) if kind else None
        found = failures.pieces(self.desk, order, wanted, said.get("structure", ""), failures.MOST_IN_FILE)
        return PIECE, [_piece(one) for one in found.pieces]

    def _cases(self, request: Request) -> Table:
        choices, said = failures.choices(self.desk), request.query_params
        if said.get("error") not in choices.errors or said.get("score") not in choices.scores:
            raise _refused("An error and a score must be those that some case has.")
        chosen = Chosen(said["error"], said["score"])
        rows = [(one.case_key, one.synthetic, one.y, one.x) for one in failures.pairs(self.desk, chosen)]
        return ("case", "synthetic", chosen.error, chosen.score), rows

    def _groups(self, request: Request) -> Table:
        error = request.query_params.get("error", "")
        if error not in failures.choices(self.desk).errors:
            raise _refused("An error must be one that some case has.")
        looked, _ = failures.groups(self.desk, error)
        rows = [
            (one.words, one.sums.cases, one.sums.measured, one.sums.mean if one.sums.measured else None, one.lower,
             one.upper, one.sums.judged, one.sums.failed, one.p, looked.tested, one.reason)
            for one in looked.subgroups
        ]  # fmt: skip
        return GROUP, rows

    def _slices(self, _: Request) -> Table:
        errors = failures.choices(self.desk).errors
        if not errors:
            return SLICE, []
        looked, _cuts = failures.groups(self.desk, next(iter(errors)))
        rows = [
            (one.words, one.failed, one.judged, one.failed_elsewhere, one.judged_elsewhere, one.lift, one.p,
             looked.rules)
            for one in looked.slices
        ]  # fmt: skip
        return SLICE, rows


def _piece(one: ListedPiece) -> Sequence[Cell]:
    spec, facts = one.spec, one.spec.facts
    touching, disagreement = facts.get("touching"), facts.get("disagreement")
    return (
        one.case_key, one.synthetic, spec.subject, spec.reference, spec.basis.value, spec.kind.value, spec.structure,
        spec.volume_ml, spec.distance_mm, spec.effect_mm, spec.clock, *spec.place, spec.slices[0] + 1,
        spec.slices[1] + 1, str(touching) if touching else None,
        disagreement if isinstance(disagreement, float) else None,
    )  # fmt: skip


def _refused(must: str) -> InputRefused:
    return InputRefused(must, "another one.", "Use the links of the page Failures.")
