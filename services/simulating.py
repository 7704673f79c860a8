"""Simulated dates and verdicts of the demonstration, so that its pages have weeks to show. SYNTHETIC throughout.

Generated cases are spread over the last WEEKS weeks in the order they were taken in, and most of them get the verdict
of a reader who sees the Dice of the outer wall with an error of his own. Case n of the demonstration gets the same
draws whatever comes after it. Nobody was ever asked: the reviews say so, and so does the audit trail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from db import jobs, simulated
from db.job_records import NewJob
from db.moments import now
from db.records import NewReview
from db.vocabulary import ReviewReason, Verdict
from services.jobs import SIMULATION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from db.store import Store
    from services.imaging.progress import Tell

METHOD, VERSION, SEED = "simulated verdict", "1", 20_341
READER = "simulated reader"
NOTE = "SYNTHETIC: drawn for the demonstration from the Dice of the outer wall; nobody looked at this case."
KEYS = "cases"
"""Detail of a job: the cases that it is about."""
WEEKS = 16
REVIEWED = 0.75
"""Share of the cases that get a verdict."""
EYE = 0.02
"""Standard deviation of what the reader takes the Dice for."""
FROM = ((0.90, Verdict.ACCEPTABLE), (0.86, Verdict.MINOR_EDIT), (0.78, Verdict.MAJOR_EDIT))
"""The least seen Dice of each verdict; below them all a case is rejected. Chosen so that a few in a dozen fail."""
LONGEST_WAIT_DAYS = 5.0


class Drawn(NamedTuple):
    """What becomes of one case."""

    arrived: datetime
    verdict: Verdict | None
    reviewed: datetime | None


def queue(store: Store, actor: str, keys: Sequence[str]) -> None:
    """Have these cases dated and judged once nothing else is left to be done: their scores are known then."""
    if keys:
        with store.begin() as session:
            jobs.add_job(session, NewJob(SIMULATION, actor, {KEYS: list(keys)}))


def simulate(store: Store, keys: Sequence[str], tell: Tell) -> int:
    """Date and judge those of these cases that are generated and that nobody has judged; how many got a verdict."""
    with store.begin() as session:
        found = simulated.judgeable(session, keys)
        drawn = draw([case.dice for case in found], now())
        said = {"method": METHOD, "version": VERSION, "seed": SEED}
        for number, (case, one) in enumerate(zip(found, drawn, strict=True)):
            tell("simulating", number, len(found))
            simulated.simulate(
                session, case.case_key, one.arrived, _review(one.verdict), one.reviewed, actor=READER, details=said
            )
    return sum(one.verdict is not None for one in drawn)


def draw(dice: Sequence[float | None], end: datetime, seed: int = SEED) -> list[Drawn]:
    """Of cases in the order they came, each with its Dice; without one a case has no verdict. All before `end`."""
    return [_drawn(number, len(dice), value, end, seed) for number, value in enumerate(dice)]


def verdict_of(seen: float) -> Verdict:
    """What a reader says who takes the Dice for this."""
    return next((verdict for least, verdict in FROM if seen >= least), Verdict.REJECT)


def _drawn(number: int, count: int, dice: float | None, end: datetime, seed: int) -> Drawn:
    rng = np.random.default_rng([seed, number])
    within, takes_part, error, wait = rng.random(), rng.random() < REVIEWED, rng.normal(0, EYE), rng.random()
    arrived = end - timedelta(weeks=WEEKS * (1 - (number + within) / count))
    if dice is None or not takes_part:
        return Drawn(arrived, None, None)
    return Drawn(arrived, verdict_of(dice + error), min(end, arrived + timedelta(days=LONGEST_WAIT_DAYS * wait)))


def _review(verdict: Verdict | None) -> NewReview | None:
    if verdict is None:
        return None
    reason = ReviewReason.NONE if verdict is Verdict.ACCEPTABLE else ReviewReason.WALL_WRONG
    return NewReview(verdict, reason, NOTE, READER)
