"""The use-cases: where `services` and `db` meet. Read this first.

ingest  ->  images first, then one transaction of rows  ->  worklist  ->  case  ->  review
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import commands, queries
from db.blobs import BlobDamaged, BlobMissing
from db.store import open_store
from db.vocabulary import AuditAction, CaseStatus, ReidentificationReason
from services import reidentification, scratch, soundness, upkeep
from services.desk import Desk
from services.errors import NotFound
from services.imaging.deidentify import PSEUDONYM, Original, Pseudonymiser
from services.imaging.progress import Tell, silent
from services.jobs import INGEST
from services.running import RunningJob, running
from services.segmentation import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from db.records import CasePage, CaseRow, IntakeItem, NewReview, SavedView, WorklistPage, WorklistQuery
    from db.vocabulary import Outcome
    from services.backup import BackedUp
    from services.ingesting import IngestReport
    from services.intake import IntakeOptions
    from services.pipeline import Predict
    from services.settings import Settings
    from services.soundness import Problem
    from services.upkeep import Collected, Forgotten

Progress = Tell


@dataclass(frozen=True)
class StoredImage:
    """A stored image that a page may fetch: on the local disk, or read through the store."""

    digest: str
    path: Path | None
    read: Callable[[], bytes]


def open_home(settings: Settings) -> Desk:
    """Open the installation under `settings.home`; makes it at the first call and migrates it when needed.

    Raises StoreUnsound where the folder or the database cannot be opened.
    """
    with soundness.refusals():
        settings.prepare_home()
        return Desk(settings, open_store(settings.database, settings.blobs))


def ingest(
    desk: Desk, path: Path, *, options: IntakeOptions | None = None, progress: Progress | None = None
) -> IngestReport:
    """Take in every case found under `path`. The same input twice changes nothing.

    One bad series never stops a good one: what was left out is in the report with its reason. The report is kept as a
    job, which a page may watch and cancel; the path is not. Raises InputRefused when nothing at all can be read there,
    and JobCancelled.
    """
    with soundness.answers():
        number, worker = desk.jobs.begin(INGEST, desk.settings.user)
        with running(desk.store, number, worker, progress or silent) as run:
            return take_in(desk, path, options, run)


def take_in(desk: Desk, path: Path, options: IntakeOptions | None, run: RunningJob) -> IngestReport:
    """What `ingest` does, as a part of a running job: here and in the worker."""
    from services import ingesting, intake  # noqa: PLC0415 -- reading images loads pydicom and highdicom; a page must not

    known = reidentification.open_map(desk.settings)
    identity = Pseudonymiser(desk.settings.secret("pseudonym"), known.add if known else None)
    wanted = options or intake.IntakeOptions()

    def told(item: IntakeItem) -> None:
        run.report(upkeep.with_remark(desk, item))

    with soundness.answers(), scratch.own_folder(desk.settings.home) as work:
        report = ingesting.ingest(desk.store, identity, path, wanted, run.tell, work, told)
    return upkeep.with_remarks(desk, report)


def analyse(desk: Desk, key: str, model: str, run: RunningJob, predict: Predict | None = None) -> Outcome:
    """Analyse a case with a model, 'aorta@1', as a running job, then measure it (SECONDLOOK_MEASURE). Raises NotFound.

    UNCHANGED where that was done before. predict: what outlines the aorta; the networks of the model where None.
    """
    from services import measuring  # noqa: PLC0415 -- loads highdicom; a page must not

    with soundness.answers():
        limits = desk.measurings.thresholds() if desk.settings.measure else None
        card, fits, share = registry.find(model, desk.settings.home), desk.measurings.fits(), desk.settings.audit_share
        return measuring.analyse(desk.store, key, card, limits, run.tell, predict, fits, audit_share=share)


def stored_before(desk: Desk, images: Sequence[Path]) -> IngestReport | None:
    """What an ingest of the series of these DICOM images would report if all are stored; None where one is not."""
    from services import ingesting  # noqa: PLC0415 -- loads pydicom and highdicom; a page must not

    return ingesting.stored_before(desk.store, Pseudonymiser(desk.settings.secret("pseudonym")), images)


def cases(desk: Desk) -> list[CaseRow]:
    """Every case, oldest first."""
    with desk.store.read() as session:
        rows = (queries.case_row(session, key) for key in queries.case_keys(session))
        return [row for row in rows if row is not None]


def worklist(desk: Desk, query: WorklistQuery) -> WorklistPage:
    """One page of the worklist. Raises ValueError on an unknown sort or a damaged cursor."""
    with desk.store.read() as session:
        return queries.worklist(session, query)


def views(desk: Desk, user: str) -> tuple[dict[str, int], tuple[SavedView, ...]]:
    """How many cases each built-in view holds, and the user's own views."""
    with desk.store.read() as session:
        return queries.counts(session, user), queries.views(session, user)


def save_view(desk: Desk, user: str, view: SavedView) -> None:
    """Keep a named filter of `user`, replacing one of the same name."""
    with desk.store.begin() as session:
        commands.save_view(session, user, view)


def delete_view(desk: Desk, user: str, name: str) -> None:
    """Forget a named filter of `user`."""
    with desk.store.begin() as session:
        commands.delete_view(session, user, name)


def case_page(desk: Desk, key: str) -> CasePage:
    """All that the case page shows. Raises NotFound."""
    with desk.store.read() as session:
        page = queries.case_page(session, key)
    if page is None:
        raise _no_case()
    return page


def require_case(desk: Desk, key: str) -> CaseRow:
    """The worklist line of a case. Raises NotFound."""
    with desk.store.read() as session:
        row = queries.case_row(session, key)
    if row is None:
        raise _no_case()
    return row


def neighbours(desk: Desk, key: str, query: WorklistQuery) -> tuple[str | None, str | None]:
    """The case before and the case after `key` in the order of `query`."""
    with desk.store.read() as session:
        return queries.neighbours(session, key, query)


def opened(desk: Desk, key: str, user: str) -> None:
    """Note who looked at a case; a scheduled case is then in progress."""
    with desk.store.begin() as session:
        row = queries.case_row(session, key)
        if row is not None and row.status is CaseStatus.SCHEDULED:
            commands.set_status(session, key, CaseStatus.IN_PROGRESS)
        commands.record_audit(session, actor=user, action=AuditAction.OPENED, case_key=key, details={})


def review(desk: Desk, key: str, verdict: NewReview) -> int:
    """Append a verdict to a case, with its audit event, in one transaction. Returns the review's number."""
    require_case(desk, key)
    with desk.store.begin() as session:
        number = commands.add_review(session, key, verdict)
        details = {"review": number, "verdict": verdict.verdict.value}
        commands.record_audit(
            session, actor=verdict.reviewer, action=AuditAction.REVIEWED, case_key=key, details=details
        )
    return number


def signed_in(desk: Desk, user: str) -> None:
    """Note a sign-in."""
    with desk.store.begin() as session:
        commands.record_audit(session, actor=user, action=AuditAction.SIGNED_IN, case_key=None, details={})


def reidentify(desk: Desk, name: str, reason: ReidentificationReason, actor: str) -> list[Original]:
    """Who a pseudonym, or the patient of a case, was before. The asking is in the audit trail before this returns.

    Raises InputRefused where no map is kept or `name` is no pseudonym, NotFound where the map does not know it.
    """
    found = PSEUDONYM.fullmatch(name.strip().upper())
    kept = reidentification.open_map(desk.settings)
    if found is None or kept is None:
        raise reidentification.cannot_answer(kept)
    originals = kept.find(found["patient"])
    with desk.store.begin() as session:
        row = queries.case_row(session, found[0])
        details = {"pseudonym": found["patient"], "reason": reason.value, "series": len(originals)}
        key = row.key if row else None
        commands.record_audit(session, actor=actor, action=AuditAction.REIDENTIFIED, case_key=key, details=details)
    if not originals:
        raise reidentification.not_known()
    return originals


def stored_image(desk: Desk, key: str, digest: str) -> StoredImage:
    """An image that belongs to the case `key`. Raises NotFound for any other."""
    with desk.store.read() as session:
        allowed = digest in queries.blobs_of(session, key)
    if not allowed:
        raise NotFound(
            "An image is fetched through the case it belongs to.", "another image.", "Open the case from the worklist."
        )
    with _images_answer():
        return StoredImage(digest, desk.store.blobs.local_path(digest), lambda: _read(desk, digest))


def png(desk: Desk, digest: str) -> bytes:
    """A stored thumbnail (1, rows, columns) uint8 as a PNG picture."""
    import io  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    with _images_answer():
        array, _ = desk.store.blobs.get(digest)
    file = io.BytesIO()
    Image.fromarray(array[0]).save(file, format="PNG")
    return file.getvalue()


def check(desk: Desk, *, progress: Progress | None = None) -> list[Problem]:
    """Everything about this installation and its store that is not as it must be, errors first."""
    from services import examination  # noqa: PLC0415 -- no page examines the store

    with soundness.answers():
        return examination.check(desk.store, desk.settings.home, progress or silent)


def collect(
    desk: Desk, *, older_than: timedelta = upkeep.AN_HOUR, dry_run: bool = False, progress: Progress | None = None
) -> Collected:
    """Remove the images that no row names and what interrupted ingests left, where it is old enough."""
    with soundness.answers():
        return upkeep.collect(desk, older_than, progress or silent, dry=dry_run)


def forget(desk: Desk, patient: str, *, progress: Progress | None = None) -> Forgotten:
    """Remove a patient, by pseudonym or case key, with all rows and images; a keyed hash stays. Raises NotFound."""
    with soundness.answers():
        return upkeep.forget(desk, patient, progress or silent)


def backup(desk: Desk, folder: Path, *, progress: Progress | None = None) -> BackedUp:
    """Copy the whole store to a folder while it is in use; a second time only what is new. Raises InputRefused."""
    from services import backup as copying  # noqa: PLC0415 -- no page copies the store

    with soundness.answers():
        return copying.backup(desk, folder, progress or silent)


def restore(desk: Desk, folder: Path, *, progress: Progress | None = None) -> BackedUp:
    """Fill an empty store from a backup that is whole. Raises InputRefused."""
    from services import backup as copying  # noqa: PLC0415 -- no page copies the store

    with soundness.answers():
        return copying.restore(desk, folder, progress or silent)


def _read(desk: Desk, digest: str) -> bytes:
    with _images_answer():
        return desk.store.blobs.read_bytes(digest)


@contextmanager
def _images_answer() -> Iterator[None]:
    """An image that is gone is not found; an image store that does not answer is unsound."""
    try:
        with soundness.answers():
            yield
    except (BlobMissing, BlobDamaged):
        raise NotFound(
            "The image must be in the store, and whole.",
            "one that is missing or damaged.",
            "Reload the page; if that does not help, run `secondlook check`.",
        ) from None


def _no_case() -> NotFound:
    return NotFound("The address must name a case of this store.", "no such case.", "Open it from the worklist.")
