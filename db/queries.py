"""Reads. Each takes the session first and returns frozen records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, union

from db import agreements, findings, job_notes, measurements, models, readers, rows, score_order
from db.keyset import before_and_after, filtered, page_of
from db.records import BlobRef, CasePage, CaseRow, Review, SavedView, WorklistPage, WorklistQuery
from db.vocabulary import CaseStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


def worklist(session: Session, query: WorklistQuery) -> WorklistPage:
    """At most 200 rows by keyset. Raises ValueError on an unknown sort or a damaged cursor."""
    score = score_order.name_in(query.sort)
    found, following = score_order.page_of(session, query, score) if score else page_of(session, query)
    total = session.scalar(select(func.count()).select_from(filtered(query).subquery())) or 0
    return WorklistPage(tuple(map(rows.case_record, found)), total, following)


def counts(session: Session, user: str) -> dict[str, int]:
    """How many cases each built-in view holds."""
    case = models.Case
    conditions = {
        "all": None,
        "flagged": case.flag_count > 0,
        "disputed": case.disputed.is_(True),
        "mine": case.reviewer == user,
        "done": case.status == CaseStatus.COMPLETED,
    }
    count = select(func.count()).select_from(case)
    return {
        name: session.scalar(count if condition is None else count.where(condition)) or 0
        for name, condition in conditions.items()
    }


def neighbours(session: Session, key: str, query: WorklistQuery) -> tuple[str | None, str | None]:
    """The case before and the case after `key` in the order of `query`; it need not be in that list itself."""
    case = _find(session, key)
    if case is None:
        return None, None
    score = score_order.name_in(query.sort)
    return (
        score_order.before_and_after(session, case, query, score) if score else before_and_after(session, case, query)
    )


def case_row(session: Session, key: str) -> CaseRow | None:
    """One worklist line."""
    case = _find(session, key)
    return rows.case_record(case) if case else None


def case_page(session: Session, key: str) -> CasePage | None:
    """All that the case page shows; of each kind of findings the newest run's."""
    case = _find(session, key)
    if case is None:
        return None
    series = session.get_one(models.Series, case.series_id)
    layers = session.scalars(agreements.current_layers(case.id)).all()
    run = _findings_run(session, case.id)
    scores = select(models.Score).where(models.Score.run_id == run).order_by(models.Score.id)
    profiles = select(models.Profile).where(models.Profile.run_id.in_(findings.current_runs(session, case.id)))
    return CasePage(
        row=rows.case_record(case),
        series=rows.series_record(series, session.get_one(models.Study, series.study_id)),
        region=rows.region_record(case.region) if case.region else None,
        crop=BlobRef(case.crop, case.crop_size or 0) if case.crop else None,
        layers=tuple(map(rows.layer_record, layers)),
        scores=tuple(map(rows.score_record, session.scalars(scores))),
        flags=tuple(map(rows.flag_record, findings.current_flags(session, case.id))),
        profiles=tuple(map(rows.profile_record, session.scalars(profiles.order_by(models.Profile.id)))),
        reviews=tuple(_reviews(session, case.id)),
        measurements=measurements.of_case(session, case.id),
        readers=readers.numbers(session, {layer.author for layer in layers}),
    )


def find_series(session: Session, series_uid: str) -> tuple[str, str] | None:
    """The case key and image digest of a stored series."""
    found = session.execute(
        select(models.Case.key, models.Series.blob).join(models.Series).where(models.Series.uid == series_uid)
    ).first()
    return (found[0], found[1]) if found else None


def blobs_of(session: Session, key: str) -> frozenset[str]:
    """The names of all images that belong to a case, and of those that work about it has made so far."""
    case = _find(session, key)
    if case is None:
        return frozenset()
    layers = session.scalars(select(models.Layer.blob).where(models.Layer.case_id == case.id))
    image = session.get_one(models.Series, case.series_id).blob
    so_far = job_notes.images_of(session, [case.id])
    return frozenset(filter(None, (*layers, *so_far, image, case.crop, case.thumbnail)))


def all_blobs(session: Session) -> Iterator[str]:
    """The names of all images that any row names."""
    columns = (models.Series.blob, models.Series.headers, models.Case.crop, models.Case.thumbnail, models.Layer.blob)
    return (name for name in session.scalars(union(*(select(column) for column in columns))) if name)


def views(session: Session, user: str) -> tuple[SavedView, ...]:
    """The user's own worklist views, by name."""
    table = models.SavedView
    found = session.scalars(select(table).where(table.user == user))
    # Sorted here: each database has an order of letters of its own.
    return tuple(SavedView(view.name, view.query) for view in sorted(found, key=lambda view: view.name))


def case_keys(session: Session) -> tuple[str, ...]:
    """The keys of all cases, oldest first."""
    return tuple(session.scalars(select(models.Case.key).order_by(models.Case.id)))


def keys_never_measured(session: Session) -> tuple[str, ...]:
    """The keys of the cases that were never measured, or without their doubt, scores or errors, oldest first."""
    of_case = select(models.Run.id).where(models.Run.case_id == models.Case.id)
    kinds = (findings.MEASUREMENT, findings.DOUBT, findings.SCORES, findings.ERRORS)
    missing = (~of_case.where(models.Run.kind == kind).exists() for kind in kinds)
    wanted = select(models.Case.key).where(or_(*missing)).order_by(models.Case.id)
    return tuple(session.scalars(wanted))


def _find(session: Session, key: str) -> models.Case | None:
    return session.scalar(select(models.Case).where(models.Case.key == key))


def _findings_run(session: Session, case_id: int) -> int | None:
    newest = select(func.max(models.Run.id)).where(models.Run.case_id == case_id, models.Run.kind == findings.FINDINGS)
    return session.scalar(newest)


def _reviews(session: Session, case_id: int) -> Iterator[Review]:
    query = (
        select(models.Review, models.Reader.name)
        .join(models.Reader)
        .where(models.Review.case_id == case_id)
        .order_by(models.Review.id)
    )
    for review, reviewer in session.execute(query):
        yield rows.review_record(review, reviewer)
