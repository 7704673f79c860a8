"""The use-cases about scores of maps: what a case has and where it stands among all, and fitting on the user's cases.

Scores were stored when a case was measured (see scoring); here they are read, placed among the others and fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db import scorings
from db.moments import now
from services.aggregation.names import DEFAULT, INTENSITIES, MASSES, MEASURES, SIZE, Strategy, Where, key_of, parse
from services.errors import InputRefused
from services.uncertainty.across_cases import Standing
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from db.records import NewScore
    from services.aggregation.meta_fits import MetaFits
    from services.desk import Desk

FIRST = (
    DEFAULT,
    key_of(Measure.PREDICTIVE, Strategy.MEAN, Where.AORTA),
    key_of(Measure.PREDICTIVE, Strategy.EVERY, Where.AORTA),
    SIZE,
)
"""What is shown first; size stands beside every score, since in aneurysms it goes with everything."""
_FEATURES = [key_of(measure, one, Where.AORTA) for measure in MEASURES for one in (*MASSES, *INTENSITIES)]
LEAST_CASES, MOST_CASES = 100, 5_000
"""A fit needs so many cases, and looks at the newest ones, at most so many."""


@dataclass(frozen=True)
class Placed:
    """A stored score, and where it stands among the other cases; None where it is undefined, or not one to sort by."""

    score: NewScore
    standing: Standing | None = None


@dataclass(frozen=True)
class OfCase:
    """The scores of one case."""

    fit: str
    """The version of the meta-aggregators; '' for none."""
    first: tuple[Placed, ...]
    others: tuple[Placed, ...]
    """The rest, without places among others."""


def of_case(desk: Desk, key: str) -> OfCase | None:
    """The scores of a case; None where it was not scored yet, or has no model with a map."""
    with desk.store.read() as session:
        found = scorings.of_case(session, key)
        if found is None or not found[1]:
            return None
        said, scores = found
        by_name = {score.name: score for score in scores}
        first = tuple(_placed(session, by_name[name], key) for name in FIRST if name in by_name)
    others = tuple(Placed(score) for score in scores if score.name not in FIRST and parse(score.name))
    return OfCase(str(said.get("fit", "")), first, others)


def refit(desk: Desk) -> MetaFits:
    """Fit the meta-aggregators on the cases of this store, and keep them as a new version for its scores from now on.

    Raises InputRefused where fewer than LEAST_CASES have scores, or scikit-learn is not installed.
    """
    cases = _cases(desk)
    if len(cases) < LEAST_CASES:
        raise InputRefused(
            f"Meta-aggregators must be fitted on at least {LEAST_CASES} cases with scores.",
            f"{len(cases)}, so that {LEAST_CASES - len(cases)} are missing.",
            "Analyse further cases, or `secondlook measure --all` those of an older store; the shipped fit stays.",
        )
    from services.aggregation import meta_fits  # noqa: PLC0415 -- loads scipy; a page must not

    number = max(meta_fits.numbers(desk.settings.home), default=0) + 1
    when = now().isoformat(timespec="seconds")
    fits = _fitted(cases, f"own-{number}", {"on": "cases of this installation", "cases": len(cases), "fitted_at": when})
    meta_fits.keep(fits, desk.settings.home)
    return fits


def _fitted(cases: Sequence[dict[str, float]], version: str, about: Mapping[str, Any]) -> MetaFits:
    from services.aggregation.meta_fitting import fit_all  # noqa: PLC0415 -- likewise

    try:
        return fit_all(cases, version, about)
    except ImportError:
        raise InputRefused(
            "Fitting needs scikit-learn.", "an installation without it.", "Install the extra `analysis`."
        ) from None


def _cases(desk: Desk) -> Sequence[dict[str, float]]:
    """The defined scores of each of the newest cases."""
    names = sorted(_FEATURES, key=lambda name: name != DEFAULT)
    with desk.store.read() as session:
        return list(scorings.rows_of(session, names, MOST_CASES).values())


def _placed(session: Session, score: NewScore, key: str) -> Placed:
    if score.value is None:
        return Placed(score)
    return Placed(score, Standing(*scorings.place_of(session, score.name, score.value, key)))
