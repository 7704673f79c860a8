"""What is published of the evaluation of uncertainty: every figure, and how it was made."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from services.evaluation import evaluating, uncertainty_lines
from services.evaluation.held_out import VERSIONS, Generator
from services.evaluation.uncertainty_comparing import AIM, BRIEF, MATCHED, REFERENCES, claims, gains
from services.evaluation.uncertainty_judging import CALIBRATED, EXACT, LOSS, OWN_AAC, TEMPERATURES, TRA, TRD, key
from services.evaluation.uncertainty_readings import SEED as READERS_SEED
from services.evaluation.uncertainty_summary import FAILED_BELOW, SEED, calibrated, detected, rows_of, sweep
from services.evaluation.uncertainty_ways import Way
from services.labels import LUMEN, OUTER_WALL, THROMBUS
from services.phantom.simulated_readers import COHORTS, READERS_VERSION
from services.uncertainty import calibration, case_figures, failure, matching, region, rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.evaluation.results import Estimate
    from services.evaluation.uncertainty_asking import Networks
    from services.evaluation.uncertainty_lines import ScanFigures

    Document = dict[str, Any]

DIGITS = 5
IN_STRATA = frozenset(key(*one) for one in (*BRIEF, *MATCHED))
"""Maps that are published stratum by stratum."""
NOTE = (
    "SYNTHETIC scans and readers throughout; one training of each ensemble, so that intervals are over persons alone."
    " What these maps are worth on patients' scans is not known."
)
COLUMNS = (
    "name", "generator", "stratum", "value", "lower", "upper", "scans", "persons", "undefined", "reason",
)  # fmt: skip


def document(lines: Sequence[ScanFigures], networks: Networks, command: str) -> Document:
    """All that is published, ready for JSON; figures to five digits."""
    return {
        "made": evaluating.how_made(command),
        "synthetic": True,
        "note": NOTE,
        "networks": {part.value: [member.sha256 for member in card.members] for part, card in networks.cards.items()},
        "versions": _versions(),
        "parameters": _parameters(),
        "scans": {column.value: sum(line.generator is column for line in lines) for column in Generator},
        "columns": list(COLUMNS),
        "rows": [
            [one.name, one.generator, one.stratum, *_estimate(one.estimate)]
            for one in rows_of(lines, IN_STRATA)
            if _is_published(one.name)
        ],
        "reasons": _reasons(lines),
        "gains": [
            {
                "ours": list(one.ours),
                "theirs": list(one.theirs),
                "reference": one.reference,
                "generator": one.generator.value,
                "own_mask": one.own_mask,
                "best": one.best,
                "gain": said(one.estimate),
            }
            for one in gains(lines)
        ],
        "claims": [
            {"claim": one.claim, "paper": one.paper, "found": {name: said(each) for name, each in one.found.items()}}
            for one in claims(lines)
        ],
        "calibration": list(_calibration(lines)),
        "sweeps": list(_sweeps(lines)),
        "failures": [
            {"score": one.score, "scans": one.scans}
            | {name: [_rounded(value) for value in figure[:3]] + [figure[3]] for name, figure in one.figures.items()}
            for one in detected(lines)
        ],
    }


def said(one: Estimate) -> Document:
    """An estimate, ready for JSON."""
    return {name: _rounded(value) for name, value in asdict(one).items()}


def _versions() -> Document:
    modules = (region, rejection, calibration, matching, failure)
    return {
        "evaluation": uncertainty_lines.VERSION,
        "figures of uncertainty": case_figures.VERSION,
        "readers": READERS_VERSION,
        "generators": {column.value: number for column, number in VERSIONS.items()},
    } | {module.__name__.rpartition(".")[2]: module.VERSION for module in modules}


def _parameters() -> Document:
    return {
        "reach_mm": region.REACH_MM,
        "accuracy": rejection.ACCURACY,
        "dice": rejection.DICE,
        "bins": calibration.BINS,
        "temperatures": [round(value, 4) for value in TEMPERATURES],
        "thresholds": list(calibration.THRESHOLDS),
        "failed_below_dice": FAILED_BELOW,
        "aim": AIM,
        "references": list(REFERENCES),
        "cohorts": {name: asdict(cohort) for name, cohort in COHORTS.items()},
        "seeds": {"bootstrap": SEED, "readers, beside a scan's own": READERS_SEED},
    }


def _is_published(name: str) -> bool:
    """Shares to throw away, and masks of their own, against the exact labels and the majority that B learnt from."""
    _, _, figure = name.rpartition("|")
    return figure not in (TRA, TRD, OWN_AAC) or any(f"|{reference}|" in name for reference in CALIBRATED)


def _reasons(lines: Sequence[ScanFigures]) -> Document:
    """By figure, why single scans have none, and how many."""
    counted: dict[str, Counter[str]] = {}
    for line in lines:
        for name, reason in ((name, reason) for name, reason in line.reasons.items() if _is_published(name)):
            counted.setdefault(name, Counter())[reason] += 1
    return {name: dict(reasons) for name, reasons in counted.items()}


def _calibration(lines: Sequence[ScanFigures]) -> Iterator[Document]:
    for way in _calibrated_ways(lines):
        for reference in CALIBRATED:
            for generator in Generator:
                one = calibrated(lines, way, reference, generator)
                yield {
                    "way": way.value,
                    "reference": reference,
                    "generator": generator.value,
                    "temperature": _rounded(one.temperature),
                    "before": {what: said(each) for what, each in one.before.items()},
                    "after": {what: said(each) for what, each in one.after.items()},
                }


def _sweeps(lines: Sequence[ScanFigures]) -> Iterator[Document]:
    for way in _calibrated_ways(lines):
        for reference in CALIBRATED:
            for structure in (OUTER_WALL, LUMEN, THROMBUS):
                for generator in Generator:
                    curve = sweep(lines, way, reference, structure, generator)
                    yield {
                        "way": way.value,
                        "reference": reference,
                        "structure": structure,
                        "generator": generator.value,
                        "dice": [_rounded(value) for value in curve],
                    }


def _calibrated_ways(lines: Sequence[ScanFigures]) -> list[Way]:
    """Those with probabilities of their own."""
    return [way for way in Way if any(key(way, EXACT, LOSS) in line.curves for line in lines)]


def _estimate(one: Estimate) -> list[float | int | str | None]:
    figures = [_rounded(value) for value in (one.value, one.lower, one.upper)]
    return [*figures, one.cases, one.patients, one.undefined, one.reason]


def _rounded(value: Any) -> Any:  # noqa: ANN401 -- numbers, and what is none
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, DIGITS)
    return value
