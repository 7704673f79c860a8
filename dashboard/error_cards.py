"""What a case's model gets wrong by its reference, as a ranked list of places. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import cards
from dashboard.failure_cards import reasons, why
from db.failure_records import Basis
from services.labels import OUTER_WALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.failure_records import ListedPiece

MOST = 20
"""So many places are walked by n and p."""
MOST_LINES = 6


def walked(found: Sequence[ListedPiece]) -> list[ListedPiece]:
    """The places of the outer wall, the largest first; at most MOST."""
    return [one for one in found if one.spec.structure == OUTER_WALL][:MOST]


def text_of(one: ListedPiece) -> str:
    """The piece in a sentence."""
    return str(one.spec.facts.get("text", ""))


def title_of(one: ListedPiece) -> str:
    """Against another program's labels nothing is called an error."""
    if one.spec.basis is Basis.SOFTWARE:
        return f"Differences from {one.spec.reference} (software labels: agreement, not accuracy)"
    return f"Errors against {one.spec.reference} ({one.spec.basis.value})"


def card(found: Sequence[ListedPiece]) -> str:
    """The ranked list; each line jumps to its place. '' without pieces."""
    places = walked(found)
    if not places:
        return ""
    rows = [_row(one) for one in places[:MOST_LINES]]
    more = len(places) - len(rows)
    rest = f'<p class="sl-muted">and {more} smaller ones; n and p walk them after the flags</p>' if more > 0 else ""
    heading = ("Place", "What", "mL", "Farthest (mm)", "Effect (mm)")
    return cards.table(title_of(places[0]), heading, rows, numeric_from=2) + rest


def place(one: ListedPiece) -> dict[str, object]:
    """As the viewer walks it."""
    k, j, i = one.spec.place
    label = "difference" if one.spec.basis is Basis.SOFTWARE else "error"
    return {"k": k, "j": j, "i": i, "label": label, "text": text_of(one), "severity": 1}


def _row(one: ListedPiece) -> list[str]:
    spec, reason = one.spec, reasons(one)
    effect = why(reason.get("effect", "not known")) if spec.effect_mm is None else f"{spec.effect_mm:+.1f}"
    clock = f", {spec.clock} o'clock" if spec.clock else ""
    return [
        f'<button class="sl-jump"{cards.jump(spec.place)}>{cards.place_text(spec.place, spec.slices)}</button>',
        cards.escaped(f"{spec.kind.value}{clock}"),
        f"{spec.volume_ml:.1f}",
        why("the reference is empty") if spec.distance_mm is None else f"{spec.distance_mm:.1f}",
        effect,
    ]
