"""What is stored of the doubt of a case, with figures that are easy to recognise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import commands, doubts
from db.records import NewScore
from db.vocabulary import LabelSource
from services.uncertainty.figure_names import CALIBRATION, DISTANCE, ERROR, MODEL, MODEL_VERSION, Figure, name_of
from services.uncertainty.names import ENTROPIES, ONE, UNITS, VARIANCES, Measure
from services.uncertainty.rejection import KEPT
from tests import factories

if TYPE_CHECKING:
    from services.desk import Desk

SUBJECT = "aorta 1"
PLACE = [7, 24, 37]
NO_MAP = "it needs networks that learnt from several readers"
OUTER_WALL = "outer wall"
BINS = {"count": [900, 0, 100], "confidence": [0.1, None, 0.9], "right": [0.05, None, 0.8]}


def rows(
    mean: float = 0.02, *, epistemic: float | None = None, variances: bool = True, readers: int = 4, ncc: float = 0.5
) -> list[NewScore]:
    """One case: the parts of doubt have the means that are given, their total is the sum; half of it with one reader.

    mean: of aleatoric, or of expected entropy where there are no variances; epistemic: a quarter of it where None.
    """
    other = mean / 4 if epistemic is None else epistemic
    known = dict(zip(VARIANCES, (mean, other, mean + other), strict=True)) if variances else {}
    known |= dict(zip(ENTROPIES, (2 * (mean + other), 2 * mean, 2 * other), strict=True)) | {Measure.SOFTMAX: mean}
    found = [row for measure in Measure for row in _of_map(measure, known.get(measure))]
    return found + (_against_readers(known, readers, ncc) if readers > 1 else [_row(ERROR, None, reason="one reader")])


def store(desk: Desk, key: str, found: list[NewScore], model: str = "aorta", version: str = "1") -> None:
    """Store these as the newest figures of a case."""
    with desk.store.begin() as session:
        doubts.set_doubt(session, key, found, {MODEL: model, MODEL_VERSION: version})


def add(desk: Desk, patient: str, found: list[NewScore], *, synthetic: bool = True, **facts: Any) -> str:
    """A case of which no image is kept, with these figures."""
    source = LabelSource.SYNTHETIC if synthetic else None
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case(patient, source=source, series=factories.series(facts=facts)))
    store(desk, key, found)
    return key


def _of_map(measure: Measure, mean: float | None) -> list[NewScore]:
    said: dict[str, Any] = {"reach_mm": 6.0, "largest": 1.0, "place": PLACE}
    values = {Figure.MEAN: mean, Figure.HIGH: None if mean is None else 5 * mean}
    reason = NO_MAP if mean is None else ""
    return [
        _row(name_of(measure, figure), value, unit=UNITS[measure], reason=reason, parameters=said)
        for figure, value in values.items()
    ]


def _against_readers(known: dict[Measure, float], readers: int, ncc: float) -> list[NewScore]:
    said: dict[str, Any] = {"readers": readers, "reference": "majority"}
    accuracy = [0.9 + 0.1 * (1 - kept) for kept in KEPT]
    found = [_row(ERROR, 0.1, parameters=said), _row(DISTANCE, None, reason="not known")]
    for measure in known:
        curve = {"kept": list(KEPT), "accuracy": accuracy}
        found.append(_row(name_of(measure, Figure.AAC), 0.05, parameters=said | curve))
        found.append(_row(name_of(measure, Figure.TRA), None, reason="never so right", parameters=said))
        found.append(_row(name_of(measure, Figure.NCC), ncc, parameters=said))
    return [*found, _row(name_of(OUTER_WALL, CALIBRATION), 0.06, parameters=said | BINS)]


def _row(name: str, value: float | None, **said: Any) -> NewScore:
    usual: dict[str, Any] = {"unit": ONE, "region": "region", "method": "doubt of a case", "method_version": "1"}
    return NewScore(name, SUBJECT, value, **usual | said)
