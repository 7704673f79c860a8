"""Writes of what was found: scores, flags and profiles of one run, and what the worklist keeps of them.

Several kinds of runs give flags and profiles to a case; of each kind the newest counts.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from db import models
from db.vocabulary import Agreement, FlagReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from db.records import Json, NewFlag, NewProfile, NewScore

FINDINGS, MEASUREMENT, GROWTH, AGREEMENT, TRIAGE = "findings", "measurement", "growth", "agreement", "triage"
KINDS = (FINDINGS, MEASUREMENT, GROWTH, AGREEMENT, TRIAGE)
"""Runs that give flags and profiles."""
DOUBT = "doubt"
"""Runs with figures of doubt, see `doubts`; they give neither."""
ERRORS = "errors"
"""Runs that compare a model with the reference of its case, see `error_pieces`; neither do they."""
SCORES = "scores"
"""Runs with the scores of maps of doubt, see `scorings`; neither do they."""
LONGEST_REASON = 400
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
    run = add_run(session, case, FINDINGS, {}, flags, profiles)
    add_scores(session, run, scores)
    _set_agreement(case, scores)
    show_flags(session, case)


def add_run(
    session: Session,
    case: models.Case,
    kind: str,
    parameters: Json,
    flags: Sequence[NewFlag] = (),
    profiles: Sequence[NewProfile] = (),
) -> models.Run:
    """A new run of this kind, with its flags and profiles. `show_flags` brings the worklist line up to date."""
    run = models.Run(case_id=case.id, kind=kind, parameters=dict(parameters), seed=None)
    session.add(run)
    session.flush()
    session.add_all(models.Profile(run_id=run.id, **_fields(p, values=list(p.values))) for p in profiles)
    session.add_all(models.Flag(run_id=run.id, **_fields(f, **_place(f), text=f.text[:LONGEST_TEXT])) for f in flags)
    return run


def case_named(session: Session, key: str) -> models.Case:
    """The row of a case. Raises KeyError."""
    case = session.scalar(select(models.Case).where(models.Case.key == key))
    if case is None:
        raise KeyError(key)
    return case


def set_triage(session: Session, key: str, flags: Sequence[NewFlag], parameters: Json) -> int:
    """Store what triage says of a case as a new run; earlier ones stay. Its number. Raises KeyError."""
    case = case_named(session, key)
    run = add_run(session, case, TRIAGE, parameters, flags)
    show_flags(session, case)
    return run.id


def flags_but(session: Session, key: str, kind: str) -> tuple[str, ...]:
    """The reasons of a case's flags, of the newest runs of all kinds but this one. Raises KeyError."""
    run = models.Run
    current = current_runs(session, case_named(session, key).id)
    others = select(run.id).where(run.id.in_(current), run.kind != kind)
    return tuple(session.scalars(select(models.Flag.reason).where(models.Flag.run_id.in_(others))))


def add_scores(session: Session, run: models.Run, scores: Iterable[NewScore]) -> None:
    """Scores of a run that was added in this transaction."""
    session.add_all(
        models.Score(
            run_id=run.id,
            **_fields(score, parameters=dict(score.parameters), reason=score.reason[:LONGEST_REASON]),
        )
        for score in scores
    )


def current_runs(session: Session, case_id: int) -> tuple[int, ...]:
    """The newest run of each of the KINDS."""
    run = models.Run
    wanted = select(func.max(run.id)).where(run.case_id == case_id, run.kind.in_(KINDS)).group_by(run.kind)
    return tuple(session.scalars(wanted))


def current_flags(session: Session, case_id: int) -> Sequence[models.Flag]:
    """The flags of the newest runs, most severe first."""
    flag = models.Flag
    wanted = select(flag).where(flag.run_id.in_(current_runs(session, case_id)))
    return session.scalars(wanted.order_by(flag.severity.desc(), flag.id)).all()


def show_flags(session: Session, case: models.Case) -> None:
    """Bring what the worklist says of the case's flags up to date."""
    session.flush()
    flags = current_flags(session, case.id)
    case.flag_count = len(flags)
    case.severity = flags[0].severity if flags else 0
    case.first_flag = flags[0].text if flags else ""
    case.flag_reasons = "".join(f"|{reason}" for reason in sorted({flag.reason for flag in flags})) + "|"
    case.disputed = any(flag.reason == FlagReason.DISAGREEMENT for flag in flags)
    case.priority = 4.0 * case.severity - case.agreement_rank
    set_search_text(case)


def _set_agreement(case: models.Case, scores: Sequence[NewScore]) -> None:
    pairs = [score for score in scores if score.name == Agreement.WITH_ONE]
    values = [score.value for score in pairs if score.value is not None]
    case.agreement = min(values, default=None)
    reasons = [score.reason for score in pairs if score.value is None]
    missing = reasons[0] if reasons else "fewer than two authors drew the outer wall"
    case.agreement_reason = missing if case.agreement is None else ""
    case.agreement_rank = UNDEFINED_RANK if case.agreement is None else case.agreement


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
