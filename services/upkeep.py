"""What is removed: images that belong to nobody, and patients who are to be forgotten. See workflow."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from db import commands, embeddings, forgetting
from db.blobs import HEXADECIMAL
from db.moments import now
from db.upkeep import Removed, remove_unnamed, unnamed
from db.vocabulary import AuditAction, Outcome
from services import reidentification, scratch
from services.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from db.records import IntakeItem
    from services.desk import Desk
    from services.imaging.progress import Tell
    from services.ingesting import IngestReport

AN_HOUR = timedelta(hours=1)
UNUSED = timedelta(days=30)
"""How long what a promptable model made of a slice is kept after it was last used."""
YOUNGEST = timedelta(minutes=10)
"""What was begun later may still be written to; it stays, whatever age is asked for."""
TRACE = "forgotten"
"""The secret that traces are computed with."""


@dataclass(frozen=True)
class Collected:
    """What was removed, or would be."""

    images: int
    size: int
    """Bytes that the images took."""
    drafts: int
    folders: int
    embeddings: int
    """Of slices, for promptable models, not used for 30 days; their images are among `images`."""
    dry_run: bool


@dataclass(frozen=True)
class Forgotten:
    """What was removed of a patient, and what stays."""

    cases: int
    layers: int
    reviews: int
    images: int
    trace: str
    """What the audit trail keeps: a hash of the pseudonym with a key of this installation."""
    mentions: int
    """Notes about other patients' cases that name this one. They stay, as all reviews do."""
    overwritten: bool
    """Whether the deleted bytes are gone from the database's file as well."""
    identities: int
    """Series whose original identifiers went from the re-identification map; 0 where none is kept."""


def collect(desk: Desk, older_than: timedelta, tell: Tell, *, dry: bool) -> Collected:
    """Remove what belongs to nobody and is older; with `dry` only count it. Raises PlaceUnreachable."""
    blobs, before = desk.store.blobs, now() - older_than
    unused = _unused(desk, dry=dry)
    removed = Removed()
    for number, first in enumerate(HEXADECIMAL):
        tell("images looked for", number, len(HEXADECIMAL))
        removed += remove_unnamed(desk.store, unnamed(desk.store, first), before, dry=dry)
    tell("images looked for", len(HEXADECIMAL), len(HEXADECIMAL))
    begun_before = min(before, now() - YOUNGEST)
    drafts = blobs.drafts(begun_before)
    folders = [folder for folder in scratch.deserted(desk.settings.home) if scratch.begun(folder) < begun_before]
    if not dry:
        for draft in drafts:
            blobs.delete_draft(draft)
        for folder in folders:
            scratch.remove(folder)
        forgetting.shorten_journal(desk.store)
        if removed.images:
            _audit(desk, AuditAction.COLLECTED, {"images": removed.images, "bytes": removed.size})
    return Collected(removed.images, removed.size, len(drafts), len(folders), unused, dry)


def forget(desk: Desk, name: str, tell: Tell) -> Forgotten:
    """Rows first, in one transaction with the trace and the map's entry; then the images that no other row names.

    Killed in between, the images are orphans that the next `collect` takes. Raises NotFound.
    """
    with desk.store.begin() as session:
        pseudonym = forgetting.pseudonym_of(session, name)
        if pseudonym is None:
            raise _nobody(forgetting.forgotten_at(session, trace_of(desk, name)))
        identities = reidentification.forget(desk.settings, pseudonym)
        gone = forgetting.forget(session, pseudonym)
        trace = trace_of(desk, pseudonym)
        counts = {"cases": gone.cases, "layers": gone.layers, "reviews": gone.reviews, "images": len(gone.images)}
        details = {"trace": trace} | counts
        actor = desk.settings.user
        commands.record_audit(session, actor=actor, action=AuditAction.FORGOTTEN, case_key=None, details=details)
    tell("images removed", 0, len(gone.images))
    removed = remove_unnamed(desk.store, gone.images, before=None)
    tell("images removed", len(gone.images), len(gone.images))
    overwritten = forgetting.overwrite_deleted(desk.store)
    return Forgotten(
        gone.cases, gone.layers, gone.reviews, removed.images, trace, gone.mentions, overwritten, identities
    )


def trace_of(desk: Desk, name: str) -> str:
    """What stays of a patient who is forgotten, from the pseudonym or a case key: HMAC-SHA256 (RFC 2104).

    A hash without a key would give the pseudonym away: there are only 2^30 of them.
    """
    pseudonym = name.upper().partition("-")[0]
    return hmac.new(desk.settings.secret(TRACE), pseudonym.encode(), hashlib.sha256).hexdigest()


def with_remarks(desk: Desk, report: IngestReport) -> IngestReport:
    """The report, with a remark at every new case of a patient who was forgotten before."""
    return replace(report, items=tuple(with_remark(desk, item) for item in report.items))


def with_remark(desk: Desk, item: IntakeItem) -> IntakeItem:
    """One line of a report, see with_remarks."""
    when = _forgotten(desk, item.key) if item.outcome is Outcome.NEW else None
    if when is None:
        return item
    return replace(
        item, remarks=(*item.remarks, f"this patient was forgotten on {when:%Y-%m-%d} and is now in the store again")
    )


def _unused(desk: Desk, *, dry: bool) -> int:
    """How many embeddings are let go of, or would be."""
    before = now() - UNUSED
    if dry:
        with desk.store.read() as session:
            return embeddings.count_unused(session, before)
    with desk.store.begin() as session:
        return embeddings.drop_unused(session, before)


def _forgotten(desk: Desk, key: str) -> datetime | None:
    with desk.store.read() as session:
        return forgetting.forgotten_at(session, trace_of(desk, key))


def _audit(desk: Desk, action: AuditAction, details: dict[str, object]) -> None:
    with desk.store.begin() as session:
        commands.record_audit(session, actor=desk.settings.user, action=action, case_key=None, details=details)


def _nobody(when: datetime | None) -> NotFound:
    found = f"nobody of that name any more: forgotten on {when:%Y-%m-%d %H:%M} UTC." if when else "no such patient."
    return NotFound("The patient must be in this store.", found, "`secondlook cases` lists every case's key.")
