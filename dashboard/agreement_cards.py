"""How far readers agree, as small pieces of HTML and as CSV. Pure functions."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards, state
from dashboard.cards import DASH, escaped
from services.agreements import FEWEST_PATIENTS, READERS, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.agreements import Cell, ConsensusRow, Counted, Disagreement, Disputed, Mean, Overview, Place

SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'
HEADING = ("case", "synthetic", "disputed_ml", "krippendorff_alpha", "worst_slice", "worst_slice_cm2", "readers")


def said(overview: Overview) -> str:
    """Over how many cases the page speaks, and for whom there was no room."""
    counted = overview.counted
    made = f", {counted.synthetic} of them {SYNTHETIC}" if counted.synthetic else ""
    rest = f" {overview.left_out} more have no room here." if overview.left_out else ""
    return (
        f'<p class="sl-muted">{_cases(counted.compared)} of {counted.cases} with two or more readers{made}. '
        f"Outer wall; of every reader the newest drawing of one's own.{rest}</p>"
    )


def none(counted: Counted) -> str:
    """Why there is nothing to show."""
    why = (
        "No case is stored yet."
        if not counted.cases
        else "No case was found that two readers outlined. Send several masks of a case (folder readers), then measure "
        "it: secondlook measure --all."
    )
    return f'<p class="sl-muted">{escaped(why)}</p>'


def pairs(cells: Sequence[Cell], measure: Measure) -> str:
    """Every pair with its mean and a way to where it is furthest apart."""
    digits = 3 if measure is Measure.DICE else 2
    rows = [
        [
            escaped(f"{cell.first.title} and {cell.second.title}"),
            _number(cell.mean, digits, cell.reason),
            str(cell.cases),
            _link(cell.worst) if cell.worst else DASH,
            f"{cell.worst.value:.{digits}f}" if cell.worst else DASH,
        ]
        for cell in cells
    ]
    heading = ("Pair", f"Mean ({measure.unit})", "Cases", "Furthest apart in", f"There ({measure.unit})")
    return cards.table(f"{measure.value[0].upper()}{measure.value[1:]} of every pair", heading, rows)


def biases(means: Sequence[Mean]) -> str:
    """Each author's bias with its interval."""
    rows = [[escaped(one.author.title), f"{one.value:+.2f}", _interval(one), str(one.patients)] for one in means]
    return cards.table("Wider than the consensus (mm)", ("Author", "Mean", "95 % interval", "Patients"), rows)


def disputed(found: Sequence[Disagreement]) -> str:
    """The most disputed cases, each with a way to its worst slice."""
    rows = [
        [
            _link(one.place),
            f"{one.place.value:.1f}",
            _number(one.alpha, 3, "undefined: see docs/methods.md"),
            DASH if one.place.slice is None else str(one.place.slice + 1),
            _area(one.place),
        ]
        for one in found
    ]
    heading = ("Case, at its worst slice", "Disputed (mL)", "Alpha", "Slice", "There (cm\N{SUPERSCRIPT TWO})")
    return cards.table("Most disputed cases and slices", heading, rows)


def download(counted: Counted, by: Disputed) -> str:
    """The way to all of them as a file."""
    address = f"agreement.csv?{urlencode({'by': by})}"
    words = f"Download {_cases(counted.compared)} as CSV"
    return f'<p class="sl-decision"><a href="{escaped(address)}" target="_self" download>{words}</a></p>'


def disputed_csv(found: Sequence[Disagreement]) -> str:
    """The same as a file; slices count from 1. Undefined is empty."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADING)
    for one in found:
        place = one.place
        numbers = (
            place.value,
            one.alpha,
            None if place.slice is None else place.slice + 1,
            place.said.get("apart_cm2"),
        )
        writer.writerow([place.case_key, "yes" if place.synthetic else "no", *numbers, place.said.get("readers")])
    return file.getvalue()


def consensus(rows: Sequence[ConsensusRow]) -> str:
    """The methods beside each other: how large, and how close to readers, models and each other."""
    others = list(dict.fromkeys(name for row in rows for name in (READERS, *row.dice)))
    names = [row.method for row in rows]
    columns = [*(one for one in others if one not in names), *names]
    body = [
        [
            escaped(row.method),
            f'<span title="mean of {_cases(row.cases)}">{row.volume_ml:.1f}</span>',
            *(_number(row.dice.get(name), 3, "itself" if name == row.method else "no such case") for name in columns),
        ]
        for row in rows
    ]
    return cards.table("Consensus methods: mean Dice (0 to 1) with", ("Method", "Volume (mL)", *columns), body)


def note() -> str:
    """What the intervals are."""
    return (
        '<p class="sl-muted">Each reader against the consensus of the others, models against that of all readers. '
        "Scans of a patient are averaged first; the interval is Student's t, where there are"
        f" {FEWEST_PATIENTS} patients or more.</p>"
    )


def _interval(one: Mean) -> str:
    if one.lower is None or one.upper is None:
        return f'<span title="{escaped(one.reason)}">{DASH}</span>'
    return f"{one.lower:+.2f} to {one.upper:+.2f}"


def _area(place: Place) -> str:
    area = place.said.get("apart_cm2")
    return f"{area:.1f}" if isinstance(area, int | float) else DASH


def _number(value: float | None, digits: int, reason: str) -> str:
    return f'<span title="{escaped(reason)}">{DASH}</span>' if value is None else f"{value:.{digits}f}"


def _link(place: Place) -> str:
    at = {state.PLACE_PARAMETER: state.place_text(place.place)} if place.place else {}
    address = f"case?{urlencode({state.CASE_PARAMETER: place.case_key, **at}, safe=',')}"
    badge = f" {SYNTHETIC}" if place.synthetic else ""
    return f'<a href="{escaped(address)}" target="_self">{escaped(place.case_key)}</a>{badge}'


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"
