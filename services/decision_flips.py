"""In which cases the decision changes from one model to another: the use-case of the page Models.

The diameters were stored when the cases were measured; here each is only set against the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import comparisons
from services.measurement.decision import Side, side_of
from services.measurement.thresholds import chosen

if TYPE_CHECKING:
    from db.comparisons import Sized
    from db.vocabulary import Sex
    from services.comparing import KnownModel
    from services.desk import Desk
    from services.measurement.thresholds import Thresholds


@dataclass(frozen=True)
class FlippedCase:
    """A case whose largest diameter lies on different sides of a threshold by two models."""

    key: str
    synthetic: bool
    first_mm: float
    second_mm: float
    threshold_mm: float
    """The one that lies between them."""
    side: Side
    """Where the second model's diameter lies."""


@dataclass(frozen=True)
class UndefinedCase:
    """A case where a model's mask gives no diameter."""

    key: str
    synthetic: bool
    model: str
    reason: str


@dataclass(frozen=True)
class Flips:
    """What two models mean for decisions, on the cases where both were measured."""

    thresholds: Thresholds
    compared: int
    """Cases where both masks give a diameter."""
    cases: tuple[FlippedCase, ...]
    """Those whose decision changes, the largest difference first."""
    undefined: tuple[UndefinedCase, ...]
    """Never counted as changed or as the same."""
    not_measured: int
    """Cases that hold results of both and were not measured since."""


def flips(desk: Desk, first: KnownModel, second: KnownModel) -> Flips:
    """The cases whose side of the threshold changes from the first model to the second. Raises InputRefused."""
    thresholds = chosen(desk.settings.thresholds)
    pair = ((first.name, first.version), (second.name, second.version))
    with desk.store.read() as session:
        found = comparisons.diameters(session, pair)
        together = comparisons.ran_together(session, pair)
    by_case: dict[str, dict[tuple[str, str], Sized]] = {}
    for one in found:
        by_case.setdefault(one.case_key, {})[one.model, one.version] = one
    both = [(case[pair[0]], case[pair[1]]) for case in by_case.values() if len(case) == len(pair)]
    undefined = tuple(_undefined(one) for pair_of_one in both for one in pair_of_one if one.diameter_mm is None)
    changed = [_flipped(before, after, thresholds) for before, after in both]
    cases = sorted(filter(None, changed), key=lambda case: (-abs(case.second_mm - case.first_mm), case.key))
    compared = sum(before.diameter_mm is not None and after.diameter_mm is not None for before, after in both)
    return Flips(thresholds, compared, tuple(cases), undefined, max(0, together - len(both)))


def crossed(sex: Sex | None, first_mm: float, second_mm: float, thresholds: Thresholds) -> float | None:
    """The threshold that lies between two diameters, in mm; of two, the one nearer to the first. None: neither does."""
    candidates = (mm for mm in thresholds.of(sex, first_mm) if mm is not None)
    return next((mm for mm in candidates if side_of(first_mm, mm) is not side_of(second_mm, mm)), None)


def _flipped(before: Sized, after: Sized, thresholds: Thresholds) -> FlippedCase | None:
    if before.diameter_mm is None or after.diameter_mm is None:
        return None
    between = crossed(before.sex, before.diameter_mm, after.diameter_mm, thresholds)
    if between is None:
        return None
    side = side_of(after.diameter_mm, between)
    return FlippedCase(before.case_key, before.synthetic, before.diameter_mm, after.diameter_mm, between, side)


def _undefined(one: Sized) -> UndefinedCase:
    return UndefinedCase(
        one.case_key, one.synthetic, f"{one.model}@{one.version}" if one.version else one.model, one.reason
    )
