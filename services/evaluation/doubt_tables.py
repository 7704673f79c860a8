"""Tables of the diameter's intervals, as Markdown, from the file that `secondlook evaluate --doubt` writes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from services.evaluation.doubt_cases import CALIBRATION
from services.evaluation.doubt_scores import ALL, STRATA
from services.evaluation.held_out import Generator
from services.measurement.interval import Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = (Generator.SAME.value, Generator.OTHER.value)
HEADING = ("interval", "scans", "hold the truth", "95 % interval of that", "mean width, mm", "interval score, mm")
DASH = "-"
WIDTH = 138
"""Of a line of a page, in letters."""
STRATUM_METHODS = (Method.SHAPES, Method.CONFORMAL)


def table(published: Mapping[str, Any]) -> list[str]:
    """Every method on all scans of each cohort that nothing was fitted to."""
    lines = []
    for cohort in COLUMNS:
        lines += [f"{cohort.capitalize()}:", "", *_head(HEADING)]
        lines += [_line(row) for row in published["rows"] if (row["cohort"], row["stratum"]) == (cohort, ALL)]
        lines.append("")
    return lines[:-1]


def strata_table(published: Mapping[str, Any]) -> list[str]:
    """Shape sampling beside conformal in every stratum: how many hold the truth, and how wide they are."""
    heading = ["stratum", *(f"{cohort}, {method}" for cohort in COLUMNS for method in STRATUM_METHODS)]
    lines = _head(heading)
    for stratum in STRATA:
        cells = [_cell(published, cohort, stratum, method) for cohort in COLUMNS for method in STRATUM_METHODS]
        lines.append("| " + " | ".join([stratum, *cells]) + " |")
    return lines


def fitted(published: Mapping[str, Any]) -> str:
    """What constants were fitted to, in a sentence."""
    fit = published["fit"]
    rows = published["rows"]
    here = next(
        one for one in rows if (one["cohort"], one["stratum"], one["method"]) == (CALIBRATION, ALL, Method.SHAPES)
    )
    return (
        f"Constants (version {fit['version']}) were fitted to {fit['fitted_on']}: a = {fit['floor_mm']:g} mm,"
        f" b = {fit['per_doubt']:g}, c = {fit['per_member']:g}, bias {fit['bias_mm']:g} mm; without members"
        f" a = {fit['floor_alone_mm']:g} mm, b = {fit['per_doubt_alone']:g}, bias {fit['bias_alone_mm']:g} mm;"
        f" conformal half-width {fit['error_mm']:g} mm. On these scans shape sampling holds"
        f" {here['covered']} of {here['scans']}."
    )


def page(published: Mapping[str, Any]) -> list[str]:
    """Everything, as docs/methods.md shows it."""
    made = published["made"]
    measured = f"Measured on {made['at'][:10]} by `{made['command']}`. {published['note']}"
    said = (textwrap.wrap(words, WIDTH, break_on_hyphens=False) for words in (fitted(published), measured))
    return [*table(published), "", *strata_table(published), "", *next(said), "", *next(said)]


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["cohort"], row["stratum"], row["method"]


def _head(heading: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]


def _line(row: Mapping[str, Any]) -> str:
    without = f", {row['undefined']} undefined" if row["undefined"] else ""
    if row["coverage"] is None:
        return f"| {row['method']} | {row['scans']}{without} |" + f" {DASH} |" * 4
    share = f"{row['coverage_lower']:.0%} to {row['coverage_upper']:.0%}"
    return (
        f"| {row['method']} | {row['scans']}{without} | {row['coverage']:.0%} | {share} |"
        f" {row['width_mm']:.1f} | {row['score_mm']:.1f} |"
    )


def _cell(published: Mapping[str, Any], cohort: str, stratum: str, method: str) -> str:
    for row in published["rows"]:
        if _place(row) == (cohort, stratum, method) and row["scans"]:
            return f"{row['covered']} of {row['scans']}, {row['width_mm']:.0f} mm"
    return DASH
