"""Writes of what was found: scores, flags and profiles of one run, and what the worklist keeps of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from db import models
from db.vocabulary import Agreement, FlagReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from db.records import NewFlag, NewProfile, NewScore

UNDEFINED_RANK = 2.0
"""Sorts after every Dice: an undefined agreement is the least urgent."""
LONGEST_TEXT = 400


def set_findings(
    session: Session,
    case: models.Case,
    scores: Sequence[NewScore],
    flags: Sequence[NewFlag],
    profiles: Sequence[NewProfile],
) -> None:
    """Store findings as a new run of the case and bring its worklist line up to date."""
    run = models.Run(case_id=case.id, kind="findings", parameters={}, seed=None)
    session.add(run)
    session.flush()
    session.add_all(
        models.Score(run_id=run.id, **_fields(score, parameters=dict(score.parameters))) for score in scores
    )
    session.add_all(models.Profile(run_id=run.id, **_fields(p, values=list(p.values))) for p in profiles)
    session.add_all(models.Flag(run_id=run.id, **_fields(f, **_place(f), text=f.text[:LONGEST_TEXT])) for f in flags)
    _set_worklist_columns(case, scores, flags)


def _set_worklist_columns(case: models.Case, scores: Sequence[NewScore], flags: Sequence[NewFlag]) -> None:
    ranked = sorted(flags, key=lambda flag: -flag.severity)
    case.flag_count = len(flags)
    case.severity = ranked[0].severity if ranked else 0
    case.first_flag = ranked[0].text[:LONGEST_TEXT] if ranked else ""
    case.flag_reasons = "".join(f"|{reason}" for reason in sorted({flag.reason for flag in flags})) + "|"
    case.disputed = any(flag.reason is FlagReason.DISAGREEMENT for flag in flags)
    pairs = [score for score in scores if score.name == Agreement.WITH_ONE]
    values = [score.value for score in pairs if score.value is not None]
    case.agreement = min(values, default=None)
    reasons = [score.reason for score in pairs if score.value is None]
    missing = reasons[0] if reasons else "fewer than two authors drew the outer wall"
    case.agreement_reason = missing if case.agreement is None else ""
    case.agreement_rank = UNDEFINED_RANK if case.agreement is None else case.agreement
    case.priority = 4.0 * case.severity - case.agreement_rank
    set_search_text(case)


def set_search_text(case: models.Case) -> None:
    """What the search box looks through, in lower case."""
    parts = (case.key, case.first_flag, case.reviewer, case.verdict or "")
    case.search_text = " ".join(parts).lower()[:600]


def _fields(record: NewScore | NewFlag | NewProfile, **changed: object) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)} | changed


def _place(flag: NewFlag) -> dict[str, Any]:
    return {
        "place": list(flag.place) if flag.place else None,
        "slices": list(flag.slices) if flag.slices else None,
    }
