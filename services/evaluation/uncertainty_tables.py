"""Tables of uncertainty, as Markdown, from the file of `secondlook evaluate --uncertainty`; computes nothing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from services.evaluation.held_out import Generator
from services.evaluation.results import ALL, NONE
from services.evaluation.uncertainty_comparing import BRIEF, LEADING, MATCHED, OURS, PLAIN, READ, SHOWN
from services.evaluation.uncertainty_judging import AAC, EXACT, MASS_ERROR, NCC, TRA, TRD, WIDTH_ERROR, key
from services.evaluation.uncertainty_ways import Way
from services.phantom.structures import Factor
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
WIDTH = 138
"""Of a line of a page, in letters."""
SAME, OTHER = Generator.SAME.value, Generator.OTHER.value
COLUMNS = tuple((column, reference) for column in (SAME, OTHER) for reference in LEADING)
SWEPT, SWEPT_WAYS = (0.2, 0.35, 0.5, 0.65, 0.8), (Way.ENSEMBLE, Way.SOFT_ALONE, Way.TEN)
THOUSAND = 1000


def brief(published: Document) -> list[str]:
    """README's table: AAC of the maps that are compared, and what the two ensembles gain."""
    return [*areas(published, BRIEF), "", *textwrap.wrap(aim(published), WIDTH)]


def page(published: Document) -> list[str]:
    """Everything, as docs/methods.md shows it."""
    made = published["made"]
    scans = ", ".join(f"{count} of the {column}" for column, count in published["scans"].items())
    measured = f"Measured on {made['at'][:10]} by `{made['command']}`: scans, {scans}. {published['note']}"
    return [
        *textwrap.wrap(measured, WIDTH, break_on_hyphens=False),
        "",
        *areas(published, SHOWN),
        "",
        *textwrap.wrap(aim(published), WIDTH),
        "",
        *shares(published),
        "",
        *matching(published),
        "",
        *gains(published),
        "",
        *calibration(published),
        "",
        *sweeps(published),
        "",
        *failures(published),
        "",
        *strata(published),
    ]


def areas(published: Document, shown: Sequence[tuple[Way, Measure]]) -> list[str]:
    """AAC, times 1000, of maps that were measured."""
    heads = ["map", *(f"AAC x 1000, {column}, {reference}" for column, reference in COLUMNS)]
    cells = {one: [_found(published, one, where, AAC, THOUSAND) for where in COLUMNS] for one in shown}
    return _table(heads, [[_name(one), *each] for one, each in cells.items() if set(each) != {DASH}])


def shares(published: Document) -> list[str]:
    """Shares to throw away."""
    columns = [(figure, column) for figure in (TRA, TRD) for column in (SAME, OTHER)]
    heads = ["map", *(f"{figure}, %, {column}, {EXACT}" for figure, column in columns)]
    cells = {one: [_found(published, one, (column, EXACT), figure, 100) for figure, column in columns] for one in BRIEF}
    return _table(heads, [[_name(one), *each] for one, each in cells.items() if set(each) != {DASH}])


def matching(published: Document) -> list[str]:
    """NCC with the variance of the readers of every cohort."""
    columns = [(column, reference) for column in (SAME, OTHER) for reference in READ]
    heads = ["map", *(f"NCC, {column}, readers: {reference.partition(', ')[2]}" for column, reference in columns)]
    cells = {one: [_found(published, one, where, NCC) for where in columns] for one in MATCHED}
    return _table(heads, [[_name(one), *each] for one, each in cells.items() if set(each) != {DASH}])


def gains(published: Document) -> list[str]:
    """By how much the two ensembles' AAC is lower than that of the best baseline at equal cost, and our other ways'."""
    heads = ["ours", "the best at equal cost", "reference", "generator", "AAC lower by, %"]
    rows = [
        [
            _name(one["ours"]),
            _name(one["theirs"]) + (", by its own mask" if one["own_mask"] else ""),
            one["reference"],
            one["generator"],
            _estimate(one["gain"], 100, 1, signed=True),
        ]
        for one in published["gains"]
        if one["best"] and (tuple(one["ours"]) == OURS or one["reference"] in LEADING)
    ]
    return _table(heads, rows)


def calibration(published: Document) -> list[str]:
    """Calibration errors before and after one temperature, against the exact labels."""
    heads = ["probabilities of", "generator", "temperature", *(
        f"{what}, %, {when}" for what in (WIDTH_ERROR, MASS_ERROR) for when in ("before", "after")
    )]  # fmt: skip
    rows = [
        [
            one["way"],
            one["generator"],
            DASH if one["temperature"] is None else f"{one['temperature']:.2f}",
            *(_estimate(one[when][what], 100, 2) for what in (WIDTH_ERROR, MASS_ERROR) for when in ("before", "after")),
        ]
        for one in published["calibration"]
        if one["reference"] == EXACT
    ]
    return _table(heads, rows)


def sweeps(published: Document) -> list[str]:
    """Mean Dice of what lies above a threshold of a structure's probability, against the exact labels."""
    thresholds = published["parameters"]["thresholds"]
    heads = ["probabilities of", "structure", "generator", *(f"Dice at {threshold:g}" for threshold in SWEPT)]
    rows = [
        [one["way"], one["structure"], one["generator"], *(_dice(one, thresholds.index(each)) for each in SWEPT)]
        for one in published["sweeps"]
        if one["reference"] == EXACT and one["way"] in SWEPT_WAYS and one["dice"]
    ]
    return _table(heads, rows)


def failures(published: Document) -> list[str]:
    """How well the mean of each map in the predicted region finds badly segmented scans."""
    below = published["parameters"]["failed_below_dice"]
    heads = ["score of a scan", "scans", "E-AURC x 1000", "AUGRC x 1000", f"AUROC, Dice below {below:g}"]
    wanted = {key(*one) for one in (*BRIEF, *MATCHED)}
    rows = [
        [
            ", ".join(one["score"].split("|")[:2]),
            one["scans"],
            _bounds(one["excess"], THOUSAND, 1),
            _bounds(one["augrc"], THOUSAND, 1),
            _bounds(one["auroc"], 1, 2),
        ]
        for one in published["failures"]
        if "|".join(one["score"].split("|")[:2]) in wanted or "volume" in one["score"]
    ]
    return _table(heads, rows)


def strata(published: Document) -> list[str]:
    """AAC in every stratum against the exact labels: ours, the plain ensemble, and the baselines at equal cost."""
    shown = (OURS, PLAIN, (Way.TEN, Measure.PREDICTIVE), (Way.TWICE, Measure.TOTAL))
    columns = [(one, column) for column in (SAME, OTHER) for one in shown]
    heads = ["stratum", *(f"{_name(one)}, {column}" for one, column in columns)]
    rows = []
    for stratum in (ALL, NONE, *(factor.value for factor in Factor)):
        cells = [
            _found(published, one, (column, EXACT), AAC, THOUSAND, stratum=stratum, interval=False)
            for one, column in columns
        ]
        rows.append([stratum, *cells])
    return _table(heads, rows)


def aim(published: Document) -> str:
    """Whether the gain that was aimed at was found, in a sentence."""
    aimed = published["parameters"]["aim"]
    found = [
        f"{_estimate(one['gain'], 100, 1, signed=True)} % against {reference} ({_name(one['theirs'])})"
        for reference in LEADING
        for one in published["gains"]
        if one["best"] and not one["own_mask"] and tuple(one["ours"]) == OURS
        and (one["generator"], one["reference"]) == (OTHER, reference)
    ]  # fmt: skip
    said = "; ".join(found) or "not measured, without networks trained as controls"
    wanted = f"an AAC {aimed:.0%} lower than that of the best baseline at equal cost, on the other generator"
    return f"Aimed at: {wanted}. Found (a minus says higher): {said}."


def claims(published: Document) -> list[str]:
    """The rows of docs/claims.md."""
    lines = ["| claim | the paper | ours: difference (95 % interval) | |", "|---|---|---|---|"]
    for one in published["claims"]:
        known = {name: each for name, each in one["found"].items() if each["lower"] is not None}
        ours = "; ".join(f"{name}: {_estimate(each, 1, 3, signed=True)}" for name, each in known.items()) or DASH
        held = verdict(list(known.values())) if len(known) == len(one["found"]) else "not tested"
        lines.append(f"| {one['claim']} | {one['paper']} | {ours} | **{held}** |")
    return lines


def verdict(differences: Sequence[Document]) -> str:
    """By the rule of docs/claims.md."""
    if not differences:
        return "not tested"
    if all(one["lower"] > 0 for one in differences):
        return "reproduced"
    gained, lost = any(one["lower"] > 0 for one in differences), any(one["upper"] < 0 for one in differences)
    return "partly" if gained and not lost else "not reproduced"


def _found(
    published: Document,
    one: tuple[Way, Measure],
    where: tuple[str, str],
    figure: str,
    times: float = 1,
    *,
    stratum: str = ALL,
    interval: bool = True,
) -> str:
    column, reference = where
    name = key(*one, reference, figure)
    for row in published["rows"]:
        if row[:3] == [name, column, stratum]:
            value, lower, upper = row[3:6]
            if not interval:
                lower = upper = None
            return _words(value, lower, upper, times, 2 if times == 1 else 1)
    return DASH


def _dice(one: Document, place: int) -> str:
    return _words(one["dice"][place], None, None, 1, 3)


def _estimate(one: Document, times: float, digits: int, *, signed: bool = False) -> str:
    return _words(one["value"], one["lower"], one["upper"], times, digits, signed=signed)


def _bounds(figure: Sequence[Any], times: float, digits: int) -> str:
    return _words(figure[0], figure[1], figure[2], times, digits)


def _words(
    value: float | None, lower: float | None, upper: float | None, times: float, digits: int, *, signed: bool = False
) -> str:
    if value is None:
        return DASH
    form = f"{'+' if signed else ''}.{digits}f"
    words = f"{value * times:{form}}"
    if lower is not None and upper is not None:
        words += f" ({lower * times:{form}} to {upper * times:{form}})"
    return words.replace("-", MINUS)


def _name(one: Sequence[str]) -> str:
    return ", ".join(one)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]
