"""From measured diameters to a file and its tables: bias, spread, and the bars that were set beforehand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from services.evaluation.evaluating import how_made
from services.evaluation.held_out import VERSIONS
from services.evaluation.measurement import AXIS, WAYS
from services.evaluation.measurement_cases import SPACING_MM, Group
from services.measurement.measure import METHOD, PARAMETERS, VERSION
from services.terminal import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from services.evaluation.measurement import Line, RealPlace

ALL = "all"
WITHIN_MM = {AXIS: 0.5}
OWN_WITHIN_MM, BIAS_MM, REAL_WITHIN_MM, SHARE = 1.5, 0.3, 3.0, 0.95
NOTE = "SYNTHETIC: generated aortas with exact labels. The real outlines are a program's."


def document(lines: Sequence[Line], real: Sequence[RealPlace] | None, command: str) -> dict[str, Any]:
    """What is published: every line, the rows of the table, and how it was made."""
    rows = [
        row(group, way, [one for one in lines if one.way == way and group in {ALL, one.group}])
        for group in (ALL, *Group)
        for way in WAYS
    ]
    return {
        "made": how_made(command),
        "method": {"name": METHOD, "version": VERSION, "parameters": dict(PARAMETERS)},
        "spacing_mm": SPACING_MM,
        "generator_versions": {column.value: number for column, number in VERSIONS.items()},
        "note": NOTE,
        "rows": [one for one in rows if one["cases"]],
        "real": [asdict(one) for one in real] if real is not None else None,
        "lines": [asdict(one) for one in lines],
    }


def row(group: str, way: str, lines: Sequence[Line]) -> dict[str, Any]:
    """One line of the table; undefined cases are counted and left out of the figures."""
    error = np.array([one.measured_mm - one.truth_mm for one in lines if one.measured_mm is not None])
    bar = WITHIN_MM.get(way, OWN_WITHIN_MM)
    known = len(error) > 0
    return {
        "group": str(group),
        "way": way,
        "cases": len(lines),
        "undefined": len(lines) - len(error),
        "bias_mm": float(error.mean()) if known else None,
        "sd_mm": float(error.std(ddof=1)) if len(error) > 1 else None,
        "p95_mm": float(np.quantile(np.abs(error), SHARE)) if known else None,
        "most_mm": float(np.abs(error).max()) if known else None,
        "bar_mm": bar,
        "within": float((np.abs(error) <= bar).mean()) if known else None,
        "seconds": float(np.median([one.seconds for one in lines])) if lines else 0.0,
    }


def table(published: dict[str, Any]) -> list[str]:
    """The rows as Markdown."""
    head = "| aortas | along | n | undefined | bias, mm | 95 % of errors below, mm | largest error, mm | bar |"
    return [head, "|---|---|---|---|---|---|---|---|", *(_row(one) for one in published["rows"])]


def _row(one: dict[str, Any]) -> str:
    figures = (_mm(one["bias_mm"], sign=True), _mm(one["p95_mm"]), _mm(one["most_mm"]))
    share = UNDEFINED if one["within"] is None else f"{100 * one['within']:.0f} % within {one['bar_mm']} mm"
    cells = (one["group"], one["way"], str(one["cases"]), str(one["undefined"]), *figures, share)
    return "| " + " | ".join(cells) + " |"


def real_table(published: dict[str, Any]) -> list[str]:
    """The real CTA as Markdown; empty where it was not measured."""
    if not published["real"]:
        return []
    rows = [
        f"| {one['place']} | {one['published_mm']:.0f} | {_mm(one['orthogonal_mm'])} | {_mm(one['axial_mm'])} |"
        for one in published["real"]
    ]
    return ["| place | published, mm | orthogonal, mm | axial, mm |", "|---|---|---|---|", *rows]


def _mm(value: float | None, *, sign: bool = False) -> str:
    return UNDEFINED if value is None else f"{value:{'+' if sign else ''}.2f}"


def write(target: Path, published: dict[str, Any]) -> None:
    """Put the document where it is wanted, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.unfinished")
    draft.write_text(json.dumps(published, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(target)
