"""Where the readers of a case say otherwise than its models: stored places, as a ranked list. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dashboard import cards
from db.vocabulary import LayerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.records import CasePage, Index3, Json

MOST = 20
"""So many places are walked by n and p."""
MOST_LINES = 6


@dataclass(frozen=True)
class Difference:
    """A piece where at least half of the readers contradict a model."""

    text: str
    place: Index3
    slices: tuple[int, int]
    volume_ml: float


def differences(page: CasePage) -> list[Difference]:
    """Of all models, the largest first; at most MOST."""
    layers = (layer.spec for layer in page.layers if layer.spec.kind is LayerKind.DISAGREEMENT)
    found = [piece for spec in layers for piece in _pieces(spec.parameters)]
    return sorted(found, key=lambda piece: -piece.volume_ml)[:MOST]


def card(found: Sequence[Difference]) -> str:
    """The ranked list; each line jumps to its place."""
    rows = [
        [
            f'<button class="sl-jump"{cards.jump(one.place)}>{cards.place_text(one.place, one.slices)}</button>',
            cards.escaped(one.text.partition(":")[0]),
            f"{one.volume_ml:.1f}",
        ]
        for one in found[:MOST_LINES]
    ]
    more = len(found) - len(rows)
    rest = f'<p class="sl-muted">and {more} smaller ones; n and p walk them after the flags</p>' if more > 0 else ""
    return cards.table("Where readers and models differ", ("Place", "What", "mL"), rows, numeric_from=2) + rest


def _pieces(parameters: Json) -> Iterator[Difference]:
    for one in cast("list[dict[str, Any]]", parameters.get("places", [])):
        k, j, i = (int(value) for value in one["place"])
        first, last = (int(value) for value in one["slices"])
        yield Difference(str(one["text"]), (k, j, i), (first, last), float(one["volume_ml"]))
