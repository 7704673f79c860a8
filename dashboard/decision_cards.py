"""What the tab Decision says in words and tables: the diameter, every measure, growth. Pure; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dashboard.cards import DASH, escaped, jump, parameters_text, place_text, table
from db.records import Shown
from db.vocabulary import Sex
from services.measurement.decided import INTERVALS, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import CasePage, Index3, NewMeasurement, NewSeries, Point
    from services.measurement.decided import Decided

NOT_MEASURED = "Nothing was measured in this case yet."
PEOPLE = {Sex.MALE.value: "men", Sex.FEMALE.value: "women"}
DIGITS = {"mm": 1, "mL": 1, "degrees": 0, "1": 2}
UNITS = {"1": "", "degrees": "\N{DEGREE SIGN}"}
BY_HAND = ("Reader", "Measure", "Value", "Where")


def sentence(found: Decided, series: NewSeries) -> str:
    """The first line: the diameter with its interval, and how probable another decision is; or why there is none."""
    row = found.diameter
    if row is None:
        return f'<p class="sl-decision">{DASH} <span class="sl-muted">{NOT_MEASURED}</span></p>'
    if row.value is None:
        return f'<p class="sl-decision">{DASH} <span class="sl-muted">No diameter: {escaped(row.reason)}.</span></p>'
    widest = f"Widest at {where(row, series)}. " if row.points else ""
    return f'<p class="sl-decision">{_diameter(row, found.interval_name)}{widest}{_flip(found.flip)}</p>'


def _diameter(row: NewMeasurement, interval: str) -> str:
    shown = f'<strong title="{escaped(made(row))}">{row.value:.1f} mm</strong>'
    if row.lower is None or row.upper is None:
        return f"{shown}, without an interval. "
    by = f", {escaped(interval)}" if interval else ""
    return f"{shown} ({level(row)}: {row.lower:.1f} to {row.upper:.1f}){by}. "


def _flip(flip: NewMeasurement | None) -> str:
    if flip is None:
        return ""
    if flip.value is None:
        return f'P(flip) {DASH} <span class="sl-muted">{escaped(flip.reason)}.</span>'
    said = flip.parameters
    side = "below" if said.get("side") == "above" else "above"
    chance = f'<strong title="{escaped(made(flip))}">{_capital(percent(flip.value))}</strong>'
    about = (
        f"({escaped(str(said.get('threshold_set', '')))}, version {escaped(str(said.get('threshold_version', '')))}; "
    )
    return (
        f"{chance} that the true diameter lies {side} {_mm(said.get('threshold_mm'))}, {_whose(said)} "
        f'<span class="sl-muted">{about}an example, never advice)</span>.'
    )


def _whose(said: object) -> str:
    parameters = said if isinstance(said, dict) else {}
    people = PEOPLE.get(str(parameters.get("sex")))
    if people:
        return f"the example threshold for {people}"
    other = parameters.get("other_mm")
    beside = f"; the other is {_mm(other)}" if other is not None else ""
    return f"the nearer of the example thresholds, since the sex is not stored{beside}"


def percent(chance: float) -> str:
    """A probability as people say it; never 0 or 100 %, which samples cannot tell."""
    if chance < 0.01:
        return "less than 1 %"
    return "more than 99 %" if chance > 0.99 else f"{100 * chance:.0f} %"


def moves_most(found: Decided, page: CasePage) -> str:
    """The way to the doubt that the diameter depends on most; '' where that is not known."""
    row = found.moves_most
    if row is None or not row.points:
        return ""
    place = voxel(page.series, row.points[0])
    much = f", by {row.value:.1f} mm" if row.value is not None else ""
    text = f"The uncertain region that moves the diameter most{much}: {place_text(place)}"
    return f'<button class="sl-finding" title="{escaped(made(row))}"{jump(place)}>{escaped(text)}</button>'


def measures(found: Decided, page: CasePage) -> str:
    """Every measure, the shown author's open, those of others folded below their diameters."""
    tables = [(author, _table(author, rows, page.series)) for author, rows in found.by_author.items()]
    if not tables:
        return ""
    first, *others = tables
    folded = (
        f'<details class="sl-fold"><summary>{_summary(who, found.by_author[who])}</summary>{html}</details>'
        for who, html in others
    )
    return first[1] + "".join(folded)


def _summary(author: str, rows: Sequence[NewMeasurement]) -> str:
    diameter = next((row for row in rows if row.name == Shown.DIAMETER), None)
    shown = f"{diameter.value:.1f} mm" if diameter and diameter.value is not None else DASH
    return f"{escaped(author)}: {shown}"


def _table(author: str, rows: Sequence[NewMeasurement], series: NewSeries) -> str:
    """A reason that holds for several measures is written out at the first one, and on hover at all."""
    said: set[str] = set()
    lines = []
    for row in rows:
        shown = _undefined(row, "" if row.reason in said else row.reason) if row.value is None else value(row)
        said.add(row.reason)
        lines.append([escaped(_capital(row.name)), shown, where(row, series)])
    return table(f"Measured on the outline of {author}", ("Measure", "Value", "Where"), lines)


def by_hand(found: Decided, series: NewSeries) -> str:
    """Diameters that readers took themselves, beside the automatic one and never instead of it."""
    lines = [
        [escaped(row.reader), escaped(_capital(row.name)), value(row), where(row, series)] for row in found.by_hand
    ]
    return table("Measured by hand", BY_HAND, lines, numeric_from=2)


def intervals(found: Decided) -> str:
    """The intervals of the figure in numbers, with the reason where one is undefined."""
    known = {name_of(row): row for row in found.intervals}
    lines = [[escaped(_capital(name)), _interval(known[name])] for name in INTERVALS if name in known]
    return table("Intervals of the diameter", ("Made from", "Interval"), lines)


def _interval(row: NewMeasurement) -> str:
    if row.lower is None or row.upper is None:
        return _undefined(row, row.reason)
    return f'<span title="{escaped(made(row))}">{row.lower:.1f} to {row.upper:.1f} mm ({level(row)})</span>'


def value(row: NewMeasurement) -> str:
    """A value with its unit and interval, how it was made on hover; undefined: a dash with the reason."""
    if row.value is None:
        return _undefined(row, row.reason)
    unit = UNITS.get(row.unit, f" {row.unit}")
    shown = f"{row.value:.{DIGITS.get(row.unit, 1)}f}{unit}"
    if row.lower is not None and row.upper is not None:
        shown += f" ({row.lower:.1f} to {row.upper:.1f})"
    return f'<span title="{escaped(made(row))}">{escaped(shown)}</span>'


def _undefined(row: NewMeasurement, shown: str) -> str:
    return f'<span class="sl-why" title="{escaped(f"{row.reason}. {made(row)}")}">{DASH} {escaped(shown)}</span>'


def where(row: NewMeasurement, series: NewSeries) -> str:
    """The way to the slice in the middle of the end points of a length; '' without any."""
    if not row.points:
        return ""
    place = voxel(series, middle(row.points))
    return f'<button class="sl-jump"{jump(place)}>{place_text(place)}</button>'


def made(row: NewMeasurement) -> str:
    """How a row came to be, for a tooltip."""
    seed = "" if row.seed is None else f", seed {row.seed}"
    samples = f", {len(row.samples)} samples" if row.samples else ""
    said = f", {parameters_text(row.parameters)}" if row.parameters else ""
    return f"{row.subject}: {row.method} {row.method_version}{seed}{samples}{said}"


def made_surface(row: NewMeasurement) -> str:
    """What a drawn surface is, and what it is not."""
    made_by = f"{row.subject}: {row.method} {row.method_version}, grid {row.value:.1f} mm."
    return f"{made_by} A picture, not for measuring."


def level(row: NewMeasurement) -> str:
    """How much an interval is meant to cover."""
    said = row.parameters.get("level", 0.95)
    return f"{100 * float(said):g} %" if isinstance(said, int | float) else ""


def voxel(series: NewSeries, point: Point) -> Index3:
    """The voxel (k, j, i) nearest to a point in LPS mm, within the image."""
    index = np.linalg.solve(np.array(series.affine), (*point, 1.0))[:3]
    k, j, i = np.clip(np.rint(index).astype(int), 0, np.array(series.shape) - 1)
    return int(k), int(j), int(i)


def middle(points: Sequence[Point]) -> Point:
    """The point amid all of them."""
    x, y, z = np.mean(points, axis=0)
    return float(x), float(y), float(z)


def _mm(said: object) -> str:
    return f"{said:g} mm" if isinstance(said, int | float) else DASH


def _capital(name: str) -> str:
    return f"{name[:1].upper()}{name[1:]}"
