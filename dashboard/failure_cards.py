"""What the page Failures says beside its figure, and its lists. Pure functions; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards
from dashboard.cards import DASH, escaped
from dashboard.exports import WORDS
from dashboard.state import CASE_PARAMETER, PLACE_PARAMETER, place_text
from db.failure_records import Basis
from services.failures import unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from db.failure_records import ListedPiece, ValuedCase
    from db.records import Index3
    from services.failures import Choices, Listed, Seen

    Places = Mapping[str, Index3]

SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'
MOST_LISTED = 12
EMPTY = "No case is stored yet. Take some in on the page Intake, or try secondlook demo."
NO_ERRORS = (
    "of them none can be set against a reference yet. An error is known where a model has outlined a case and somebody "
    "else has too: readers, or another program. Then measure: secondlook measure --all."
)
NO_SCORES = "No uncertainty score is stored yet: a model is needed whose doubt is stored (secondlook analyse --all)."


def none(choices: Choices) -> str:
    """Why there is nothing to show."""
    words = f"{_cases(choices.cases)}; {NO_ERRORS}" if choices.cases else EMPTY
    return muted(words)


def said(choices: Choices) -> str:
    """Of how many cases the error is known, and by which references."""
    known = max(choices.errors.values())
    by = ", ".join(f"{basis.value} {count:,}" for basis, count in choices.bases.items())
    references = f" References of the cases with an error: {by}." if by else ""
    software = " Against labels of another program it is agreement, not accuracy." if _has_software(choices) else ""
    return muted(f"{_cases(choices.cases)}, {known:,} with a reference.{references}{software}")


def no_pairs(score: str, error: str) -> str:
    """Why there is no figure."""
    return muted(f"{DASH} no case has both {score} and {error}.")


def muted(words: str) -> str:
    return f'<p class="sl-muted">{escaped(words)}</p>'


def caption(title: str, words: str, links: str = "") -> str:
    """Title, one sentence, and the files."""
    return f'<p class="sl-caption"><strong>{escaped(title)}</strong> <span>{escaped(words)}</span> {links}</p>'


def files(table: str, **said: str) -> str:
    """Links to a table as CSV and Parquet."""
    query = urlencode({name: value for name, value in said.items() if value})
    links = (
        f'<a class="sl-data" href="{escaped(f"/failures/{table}.{kind}?{query}")}" download>{name}</a>'
        for kind, name in WORDS.items()
    )
    return " ".join(links)


def quadrant(seen: Seen) -> str:
    """What the figure shows, in a sentence."""
    score, error = seen.chosen.score, seen.chosen.error
    words = (
        f"{seen.silent_count:,} of {_cases(seen.both)} are worse than {shown(error, seen.error_cut)} in {error} though "
        f"the score is on the sure side of {shown(score, seen.score_cut)}: silent failures. A point opens its case."
    )
    return caption("Wrong without knowing it", words, files("cases", error=error, score=score))


def silent(seen: Seen, places: Places) -> str:
    """The worst silent failures, each a link to its largest error."""
    rows = [
        [_link(one, places), shown(seen.chosen.error, one.value), _number(seen.silent_scores.get(one.case_key))]
        for one in seen.silent[:MOST_LISTED]
    ]
    if not rows:
        return muted("No silent failure: every case beyond the error's line is on the unsure side of the score's.")
    more = seen.silent_count - len(rows)
    rest = muted(f"and {more:,} more; the file has all cases") if more > 0 else ""
    return cards.table("Silent failures, the most wrong first", ("Case", seen.chosen.error, "Score"), rows) + rest


def gallery(found: Sequence[ValuedCase], name: str, places: Places, picture: Callable[[ValuedCase], str]) -> str:
    """Thumbnails, each a link; picture: the address of a case's thumbnail, '' without one."""
    return f'<div class="sl-gallery">{"".join(_tile(one, name, places, picture(one)) for one in found)}</div>'


def pieces(listed: Listed) -> str:
    """The error pieces, each a link to its place."""
    rows = [_piece(one) for one in listed.pieces]
    heading = (
        "Case", "Place", "Kind", "Structure", "Against", "Touching", "Clock", "mL", "Distance (mm)",
        "Effect on the diameter (mm)", "Readers who disagree",
    )  # fmt: skip
    more = listed.count - len(rows)
    rest = muted(f"And {more:,} more in the same order; the files have up to 20,000.") if more > 0 else ""
    if not rows:
        return muted("No such piece is stored.")
    table = cards.table("Pieces", heading, rows, numeric_from=6)
    return f'<div class="sl-scroll" role="region" aria-label="Error pieces" tabindex="0">{table}</div>{rest}'


def shown(name: str, value: float) -> str:
    """A value with its unit."""
    return f"{value:.3g} {unit_of(name)}".strip()


def address(key: str, place: Index3 | None) -> str:
    """Of a case at a place."""
    at = {PLACE_PARAMETER: place_text(place)} if place else {}
    return f"case?{urlencode({CASE_PARAMETER: key, **at})}"


def why(reason: str) -> str:
    """What stands for an undefined value."""
    return f'<span class="sl-why" title="{escaped(reason)}">{DASH}</span>'


def reasons(one: ListedPiece) -> Mapping[str, str]:
    """Why something of a piece is undefined."""
    said = one.spec.facts.get("reasons")
    return said if isinstance(said, dict) else {}


def _piece(one: ListedPiece) -> list[str]:
    spec, reason = one.spec, reasons(one)
    disagreement, touching = spec.facts.get("disagreement"), spec.facts.get("touching")
    target = escaped(address(one.case_key, spec.place))
    badge = f" {SYNTHETIC}" if one.synthetic else ""
    against = f"{spec.reference} (agreement only)" if spec.basis is Basis.SOFTWARE else spec.reference
    return [
        f'<a href="{target}" target="_self">{escaped(one.case_key)}</a>{badge}',
        escaped(cards.place_text(spec.place, spec.slices)),
        spec.kind.value,
        escaped(spec.structure),
        escaped(against),
        escaped(str(touching)) if touching else why(reason.get("touching", "not known")),
        str(spec.clock) if spec.clock else why(reason.get("clock", "not known")),
        f"{spec.volume_ml:.1f}",
        why("the reference is empty") if spec.distance_mm is None else f"{spec.distance_mm:.1f}",
        why(reason.get("effect", "not known")) if spec.effect_mm is None else f"{spec.effect_mm:+.1f}",
        f"{disagreement:.0%}" if isinstance(disagreement, float) else why(reason.get("disagreement", "not known")),
    ]


def _tile(one: ValuedCase, name: str, places: Places, picture: str) -> str:
    image = f'<img src="{escaped(picture)}" alt="" loading="lazy">' if picture else '<div class="none"></div>'
    badge = f" {SYNTHETIC}" if one.synthetic else ""
    text = f"{escaped(one.case_key)}<br>{escaped(shown(name, one.value))}{badge}"
    target = escaped(address(one.case_key, places.get(one.case_key)))
    return f'<a href="{target}" target="_self">{image}<p>{text}</p></a>'


def _link(one: ValuedCase, places: Places) -> str:
    badge = f" {SYNTHETIC}" if one.synthetic else ""
    target = escaped(address(one.case_key, places.get(one.case_key)))
    return f'<a class="sl-silent" href="{target}" target="_self">{escaped(one.case_key)}</a>{badge}'


def _has_software(choices: Choices) -> bool:
    return Basis.SOFTWARE in choices.bases


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.3g}"


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"
