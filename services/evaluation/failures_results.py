"""What is published of the evaluation of scores: every figure, and how it was made."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from services.aggregation.names import DEFAULT
from services.evaluation import evaluating, failures_lines
from services.evaluation.failures_settings import SHIFTS, table_of
from services.evaluation.failures_summary import (
    PLAIN,
    RANK_RESAMPLES,
    RESAMPLES,
    SEED,
    failures_found,
    percentiles,
    rankings,
    strangers_found,
)
from services.evaluation.held_out import VERSIONS
from services.evaluation.uncertainty_ways import Part
from services.failure import acceptance, detection
from services.uncertainty import failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.evaluation.failures_settings import Table
    from services.evaluation.failures_summary import Detected, Ranking
    from services.evaluation.uncertainty_asking import Networks
    from services.evaluation.uncertainty_lines import ScanFigures
    from services.failure.detection import Bounded

    Document = dict[str, Any]

DIGITS = 5
NOTE = (
    "SYNTHETIC scans throughout, one training of the ensemble: intervals are over persons alone. A failure is an outer"
    f" wall with Dice below {acceptance.LEAST_DICE:.2f}. How well any score finds failures among patients' scans is not"
    " known."
)


def document(
    lines: Sequence[ScanFigures],
    networks: Networks,
    scores: str,
    real: Mapping[str, float | None],
    command: str,
    resamples: tuple[int, int] = (RESAMPLES, RANK_RESAMPLES),
) -> Document:
    """All that is published, ready for JSON; figures to five digits. scores: their versions; real: of the real scan.

    resamples: of each figure, and of mean ranks.
    """
    table = table_of(lines)
    return {
        "made": evaluating.how_made(command),
        "synthetic": True,
        "note": NOTE,
        "networks": networks.weights(Part.A),
        "versions": _versions(scores),
        "parameters": _parameters(resamples),
        "scans": {name: int(mask.sum()) for name, mask in table.groups.items()},
        "failed": {name: int((table.dice[mask] < acceptance.LEAST_DICE).sum()) for name, mask in table.groups.items()},
        "settings": _settings(table),
        "failures": [_detected(one) for one in failures_found(table, resamples[0])],
        "outside": [_detected(one) for one in strangers_found(table, resamples[0])],
        "rankings": [_ranking(one) for one in rankings(table, resamples[1])],
        "reasons": _reasons(lines),
        "real": [[key, _rounded(one.value), one.reason] for key, one in percentiles(table, real)] if real else [],
    }


def _versions(scores: str) -> Document:
    return {
        "evaluation": failures_lines.VERSION,
        "scores": scores,
        "detection": detection.VERSION,
        "failure figures": failure.VERSION,
        "acceptance": acceptance.VERSION,
        "generators": {column.value: number for column, number in VERSIONS.items()},
    }


def _parameters(resamples: tuple[int, int]) -> Document:
    return {
        "failed_below_dice": acceptance.LEAST_DICE,
        "default": DEFAULT,
        "plain": PLAIN,
        "shifts": [factor.value for factor in SHIFTS],
        "level": detection.LEVEL,
        "resamples": resamples[0],
        "resamples of ranks": resamples[1],
        "seed": SEED,
    }


def _settings(table: Table) -> list[Document]:
    return [
        {"name": one.name, "inside": int(one.inside.sum()), "outside": int(one.outside.sum())} for one in table.settings
    ]


def _detected(one: Detected) -> Document:
    return {
        "score": one.score,
        "scans": one.scans,
        "count": one.count,
        "positive": one.positive,
        "undefined": one.undefined,
        "figures": {name: _bounded(figure) for name, figure in one.figures.items()},
    }


def _ranking(one: Ranking) -> Document:
    return {
        "task": one.task,
        "figure": one.figure,
        "measure": one.measure.value,
        "where": one.where.value,
        "settings": list(one.settings),
        "values": {key: [_rounded(value) for value in values] for key, values in one.values.items()},
        "ranks": {key: _rounded(rank) for key, rank in one.ranks.items()},
        "left_out": one.left_out,
        "gain": _bounded(one.gain) if one.gain else None,
    }


def _bounded(one: Bounded) -> list[float | str | None]:
    return [_rounded(one.value), _rounded(one.lower), _rounded(one.upper), one.reason]


def _reasons(lines: Sequence[ScanFigures]) -> Document:
    """By score, why single scans have none, and how many."""
    counted: dict[str, Counter[str]] = {}
    for line in lines:
        for name, reason in line.reasons.items():
            counted.setdefault(name, Counter())[reason] += 1
    return {name: dict(reasons) for name, reasons in counted.items()}


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)
