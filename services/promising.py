"""The threshold that this installation can promise, from its cases that were drawn at random: the use-case."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from db import audit_draws
from db.vocabulary import FlagReason
from services.aggregation.names import DEFAULT, OF_MAP, direction, parse
from services.errors import InputRefused
from services.failure.acceptance import acceptance_of
from services.failure.promise import ALPHA, DELTA, Audited, promised

if TYPE_CHECKING:
    from db.failure_records import Judged
    from db.store import Store
    from services.failure.promise import Promise


def promise_of(
    store: Store, share: float, *, score: str = DEFAULT, alpha: float = ALPHA, delta: float = DELTA
) -> Promise:
    """Of a score in [0, 1], with the flags as they are now beside it. share: of cases without a flag that is drawn now.

    A drawn case is judged by its newest review alone: references are not read, as they may be another program's.
    Raises InputRefused for another score.
    """
    known = parse(score)
    if known is None or known.strategy not in OF_MAP or direction(known.strategy) < 0:
        raise InputRefused(
            "A promise must be about an aggregated score in [0, 1] that rises with doubt.",
            "another one.",
            "Name one that no fit gives and that is no size.",
        )
    with store.read() as session:
        drawn, cases = audit_draws.judged(session, score), audit_draws.count_chances(session)
    found = [Audited(_score(one), one.probability, acceptance_of(one.verdict).unacceptable) for one in drawn]
    return promised(found, cases, probability=share or 1.0, alpha=alpha, delta=delta)


def sentence(found: Promise) -> str:
    """What is promised, or why nothing is."""
    told = f"{found.cases} cases, {found.audited} of them drawn at random, {found.waiting} of these not judged yet"
    if found.threshold is None:
        return f"No threshold can be promised: {found.reason} ({told})."
    rest = f" {found.reason[0].upper()}{found.reason[1:]}." if found.reason else ""
    return (
        f"Where cases with a score of {found.threshold:g} or more are flagged too, at most {found.alpha:.0%} of all"
        f" cases like these are bad and not flagged, with {1 - found.delta:.0%} confidence"
        f" ({told}; {found.method}).{rest}"
    )


def _score(one: Judged) -> float:
    """Of a drawn case; nan for one that another flag points at by now, which counts as flagged."""
    flagged = any(reason for reason in one.flag_reasons.split("|") if reason and reason != FlagReason.AUDIT)
    return math.nan if flagged or one.value is None else one.value
