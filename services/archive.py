"""The folder of a backup: what lies in it, and whether it is whole.

manifest.json       what it holds, with counts and checksums; written last
rows-<moment>/      one <table>.jsonl.gz a table
blobs/              the images, named as in the store
secrets/            the keys behind the pseudonyms
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db import portable
from db.blobs import BlobDamaged, BlobMissing, BlobStore
from db.moments import now
from db.places import sync
from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.imaging.progress import Tell

FORMAT = 1
MANIFEST, BLOBS, SECRETS, LOCK, ROWS = "manifest.json", "blobs", "secrets", "lock", "rows-"
AGAIN = "Make the backup again, or use another one."


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    format: int
    program: str
    made: str
    revision: str
    """The migration that the rows are of."""
    rows: str
    """The folder with the rows."""
    tables: dict[str, dict[str, Any]]
    """Rows and SHA-256 of the file of each table."""
    images: int = 0
    unsound: tuple[str, ...] = ()
    """Images that were missing or damaged when the backup was made."""
    secrets: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file with a key."""

    @property
    def row_count(self) -> int:
        """Rows of all tables."""
        return sum(int(table["rows"]) for table in self.tables.values())

    def complete(self, images: list[str], unsound: tuple[str, ...], keys: dict[str, str]) -> Manifest:
        """The same, with these images and keys."""
        return replace(self, images=len(images), unsound=unsound, secrets=keys)


class Draft:
    """Rows on their way into a backup."""

    def __init__(self, folder: Path, revision: str) -> None:
        """Makes a new folder for the rows beside those of the backup before."""
        self._folder, self._revision = folder, revision
        self._name = f"{ROWS}{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self._tables: dict[str, dict[str, Any]] = {}
        (folder / self._name).mkdir(mode=0o700)

    @contextmanager
    def table(self, name: str) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Writes the lines of one table."""
        path, count = self._folder / self._name / f"{name}.jsonl.gz", 0
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:

            def write(line: dict[str, Any]) -> None:
                nonlocal count
                file.write(json.dumps(line).encode() + b"\n")
                count += 1

            yield write
        sync(path)
        self._tables[name] = {"rows": count, "sha256": _checksum(path)}

    def manifest(self) -> Manifest:
        """What was written."""
        program = f"secondlook {version('secondlook')}"
        return Manifest(FORMAT, program, now().isoformat(timespec="seconds"), self._revision, self._name, self._tables)


def begin(folder: Path, revision: str) -> Draft:
    """Begin with the rows of a new backup."""
    return Draft(folder, revision)


def blobs(folder: Path) -> BlobStore:
    """The images of a backup."""
    return BlobStore(str(folder / BLOBS))


@contextmanager
def locked(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """The folder for oneself. Raises InputRefused where it holds something else, or another backup runs into it."""
    if not shared:
        _require_ours(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    elif not has_manifest(folder):
        raise _unfit("none, or one that was never finished.")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputRefused(
            "A backup's folder serves one command at a time.", "another one at work.", "Wait until it is done."
        ) from None
    finally:
        os.close(descriptor)


def has_manifest(folder: Path) -> bool:
    """Whether a backup was finished here."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: Path) -> Manifest:
    """What the backup holds. Raises InputRefused where it does not say so."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
        checksum = said.pop("sha256")
        if checksum != _digest(said) or said["format"] != FORMAT:
            raise _unfit("one whose manifest.json is damaged or of another version.")
        return Manifest(**said | {"unsound": tuple(said["unsound"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _unfit("one whose manifest.json cannot be read.") from None


def finish(folder: Path, manifest: Manifest, images: list[str]) -> None:
    """Make the new backup the one that counts, then remove what only the one before it needed."""
    said = json.loads(json.dumps(asdict(manifest)))
    draft = folder / f"{MANIFEST}.{secrets.token_hex(3)}"
    draft.write_text(json.dumps(said | {"sha256": _digest(said)}, indent=1) + "\n")
    sync(draft)
    draft.replace(folder / MANIFEST)
    sync(folder)
    for older in folder.glob(f"{ROWS}*"):
        if older.name != manifest.rows:
            shutil.rmtree(older)
    kept, store = set(images), blobs(folder)
    for digest in [digest for digest in store.digests() if digest not in kept]:
        store.delete(digest)
    for unfinished in [*store.drafts(now()), *map(str, folder.glob(f"{MANIFEST}.*"))]:
        Path(unfinished).unlink(missing_ok=True)


def rows(folder: Path, manifest: Manifest, table: str) -> Iterator[dict[str, Any]]:
    """The lines of one table; none of a table that the backup does not know."""
    if table in manifest.tables:
        with gzip.open(folder / manifest.rows / f"{table}.jsonl.gz", "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)


def verified_images(folder: Path, manifest: Manifest, tell: Tell) -> list[str]:
    """The images that the backup's rows name, after all of it was read and found whole. Raises InputRefused."""
    _require_secrets(folder, manifest)
    images = sorted(_named(folder, manifest))
    if len(images) != manifest.images:
        raise _unfit("one whose rows name other images than it holds.")
    store, unsound = blobs(folder), set(manifest.unsound)
    for number, digest in enumerate(images):
        tell("images verified", number, len(images))
        try:
            if digest not in unsound:
                store.verified(digest)
        except (BlobMissing, BlobDamaged):
            raise _unfit(f"one whose image {digest[:12]} is missing or damaged.") from None
    tell("images verified", len(images), len(images))
    return images


def keep_secrets(folder: Path, home: Path) -> dict[str, str]:
    """Copy an installation's keys into its backup. Returns their names and checksums."""
    kept = {}
    for key in sorted((home / SECRETS).glob("*.key")):
        _copy_key(key, folder / SECRETS / key.name)
        kept[key.name] = _checksum(folder / SECRETS / key.name)
    return kept


def restore_secrets(folder: Path, home: Path, manifest: Manifest) -> None:
    """Put a backup's keys in the place of those of an empty installation."""
    for name in manifest.secrets:
        _copy_key(folder / SECRETS / name, home / SECRETS / name)


def _copy_key(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(f".{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def _named(folder: Path, manifest: Manifest) -> set[str]:
    found: set[str] = set()
    for table, facts in manifest.tables.items():
        path, count = folder / manifest.rows / f"{table}.jsonl.gz", 0
        try:
            if _checksum(path) != facts["sha256"]:
                raise _unfit(f"one whose rows of '{table}' are damaged.")
            for line in rows(folder, manifest, table):
                found.update(portable.names_in(table, line))
                count += 1
        except (OSError, EOFError, ValueError):
            raise _unfit(f"one whose rows of '{table}' are missing or damaged.") from None
        if count != facts["rows"]:
            raise _unfit(f"one with {count} and not {facts['rows']} rows of '{table}'.")
    return found


def _require_secrets(folder: Path, manifest: Manifest) -> None:
    for name, checksum in manifest.secrets.items():
        path = folder / SECRETS / name
        if not path.is_file() or _checksum(path) != checksum:
            raise _unfit("one whose secrets are missing or damaged.")


def _require_ours(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputRefused("A backup is a folder.", "a file of that name.", "Name another folder.")
    known = {MANIFEST, BLOBS, SECRETS}
    entries = [path.name for path in folder.iterdir()] if folder.exists() else []
    if any(name not in known and not name.startswith((ROWS, MANIFEST)) for name in entries):
        raise InputRefused(
            "A backup's folder must be empty, or hold an earlier backup.", "other things in it.", "Name another folder."
        )


def _unfit(found: str) -> InputRefused:
    return InputRefused("The folder must hold a finished backup, whole as it was made.", found, AGAIN)


def _digest(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
