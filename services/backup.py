"""A whole store in a folder, and back: rows as JSON lines, images as they lie, secrets. See workflow.

The rows are of one moment. The images that they name are copied after them, each once: names are contents. What is new
becomes the backup when manifest.json is replaced, last of all; until then the backup before it is the one that counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from db import commands, portable, upkeep
from db.blobs import BlobDamaged, BlobMissing, BlobStore
from db.store import newest_revision
from db.vocabulary import AuditAction
from services import archive
from services.errors import InputRefused, StoreUnsound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from db.store import Store
    from services.archive import Manifest
    from services.desk import Desk
    from services.imaging.progress import Tell

ATTEMPTS = 5
"""How often a backup begins anew when a patient is forgotten while it runs."""


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds, or what was restored from it."""

    rows: int
    images: int
    new_images: int
    """Images that were copied this time."""
    size: int
    """Bytes of the images that were copied this time."""
    unsound: tuple[str, ...]
    """Images that were missing or damaged in the store that was backed up."""
    revision: str


def backup(desk: Desk, folder: Path, tell: Tell) -> BackedUp:
    """Make or renew the backup in `folder`. Raises InputRefused where the folder holds something else."""
    _require_apart(desk, folder)
    with archive.locked(folder):
        before = archive.read_manifest(folder) if archive.has_manifest(folder) else None
        for _ in range(ATTEMPTS):
            manifest, images = _rows(desk, folder)
            copied = _Copied(desk.store.blobs, archive.blobs(folder), set(before.unsound if before else ()))
            copied.copy_all(images, tell)
            if not copied.missing - _still_named(desk.store, copied.missing):
                break
        else:
            raise StoreUnsound("A backup needs a moment without forgetting.", "none.", "Try again.")
        done = manifest.complete(images, copied.unsound, archive.keep_secrets(folder, desk.settings.home))
        archive.finish(folder, done, images)
    counts = {"rows": done.row_count, "images": len(images)}
    with desk.store.begin() as session:
        actor = desk.settings.user
        commands.record_audit(session, actor=actor, action=AuditAction.BACKED_UP, case_key=None, details=counts)
    return BackedUp(done.row_count, len(images), copied.count, copied.size, done.unsound, done.revision)


def restore(desk: Desk, folder: Path, tell: Tell) -> BackedUp:
    """Fill the store from the backup in `folder`. Reads all of it before it changes anything. Raises InputRefused."""
    with archive.locked(folder, shared=True):
        manifest = archive.read_manifest(folder)
        if not portable.is_known(manifest.revision):
            raise InputRefused(
                "A backup must be of this version of Second Look or an older one.",
                "one that a newer version made.",
                "Install the newer version.",
            )
        images = archive.verified_images(folder, manifest, tell)
        _require_empty(desk.store, images)
        copied = _Copied(archive.blobs(folder), desk.store.blobs, set())
        copied.copy_all(images, tell)

        def ready() -> None:
            copied.copy_all(images, tell)
            archive.restore_secrets(folder, desk.settings.home, manifest)

        try:
            portable.load(desk.store, manifest.revision, lambda table: archive.rows(folder, manifest, table), ready)
        except portable.NotEmpty:
            raise _not_empty() from None
    return BackedUp(manifest.row_count, len(images), copied.count, copied.size, manifest.unsound, newest_revision())


def _rows(desk: Desk, folder: Path) -> tuple[Manifest, list[str]]:
    """The rows of one moment, written to the folder, and the images that they name."""
    images: set[str] = set()
    with desk.store.snapshot() as session:
        draft = archive.begin(folder, newest_revision())
        for table in portable.tables():
            with draft.table(table) as write:
                for line in portable.lines(session, table):
                    write(line)
                    images.update(portable.names_in(table, line))
    return draft.manifest(), sorted(images)


class _Copied:
    """Images on their way from one store to another: those that are new there, each read again when it is written."""

    def __init__(self, source: BlobStore, target: BlobStore, again: set[str]) -> None:
        """`again`: images that are copied although something of that name is there."""
        self._source, self._target, self._again = source, target, again
        self.count = self.size = 0
        self.missing: set[str] = set()
        self.damaged: set[str] = set()

    @property
    def unsound(self) -> tuple[str, ...]:
        """The images that are not there or not whole."""
        return tuple(sorted(self.missing | self.damaged))

    def copy_all(self, images: list[str], tell: Tell) -> None:
        """Copy what is not there yet. What cannot be copied whole is kept in `missing` and `damaged`."""
        for number, digest in enumerate(images):
            tell("images copied", number, len(images))
            if digest not in self._again and digest in self._target:
                continue
            try:
                self._copy(digest)
            except BlobMissing:
                self.missing.add(digest)
            except BlobDamaged:
                self.damaged.add(digest)
        tell("images copied", len(images), len(images))

    def _copy(self, digest: str) -> None:
        suffix = self._source.suffix(digest)
        content = self._source.read_bytes(digest, suffix)
        self._target.write_bytes(digest, content, suffix)
        self._again.discard(digest)
        self.count, self.size = self.count + 1, self.size + len(content)
        self._target.verified(digest)


def _still_named(store: Store, images: Iterable[str]) -> frozenset[str]:
    """Those that rows name now: lost, and not only forgotten since the rows were read."""
    with store.read() as session:
        return upkeep.named_among(session, sorted(images))


def _require_apart(desk: Desk, folder: Path) -> None:
    home = desk.settings.home.resolve()
    kept = [home, *([Path(desk.store.blobs.root).resolve()] if desk.store.blobs.is_local else [])]
    here = folder.resolve()
    if any(here == place or here in place.parents or place in here.parents for place in kept):
        raise InputRefused(
            "A backup must lie apart from what it is a backup of.",
            "a folder inside SECONDLOOK_HOME or the image store, or around it.",
            "Name a folder on another disk.",
        )


def _require_empty(store: Store, images: list[str]) -> None:
    """Empty, but for images that an interrupted restoring of the same backup has left."""
    if not portable.is_empty(store) or not set(store.blobs.digests()) <= set(images):
        raise _not_empty()


def _not_empty() -> InputRefused:
    return InputRefused(
        "A backup is restored into an empty store.",
        "one that holds something.",
        "Name another folder in SECONDLOOK_HOME, or another database and image store.",
    )
