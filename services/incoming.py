"""Uploads on their way in: a folder of its own each, gone when its intake has ended. No database here.

SECONDLOOK_HOME/incoming/<32 hexadecimal digits>/content holds the files in the structure that intake reads. A file
whose name intake does not need (DICOM, archives) gets another one; no name leaves this folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from services.errors import InputRefused, NotFound
from services.imaging.archives import MOST_BYTES, MOST_FILES, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKEN = re.compile(r"[0-9a-f]{32}")
KEPT_SECONDS = 24 * 3600
"""An upload that nobody started, and the files of an intake that failed, stay for a day."""
DEEPEST, LONGEST_PART = 32, 255
NAMED = (
    ".nii", ".nii.gz", ".toml", ".json", ".nrrd", ".nhdr", ".mha", ".mhd", ".raw", ".zraw", ".hdr", ".img", ".img.gz",
    ".npz", ".pkl", ".csv", ".tsv", ".txt", ".md",
)  # fmt: skip
"""Files whose names intake reads: an author, a manifest, or which file a header belongs to."""
DICOM_SUFFIXES = (".dcm", ".ima")


@dataclass(frozen=True)
class Limits:
    """What one upload may hold, beside half of the free disk."""

    files: int = MOST_FILES
    size: int = MOST_BYTES


@dataclass
class Size:
    """How many files and bytes there are."""

    files: int = 0
    size: int = 0


@dataclass(frozen=True)
class Incoming:
    """The folder of uploads. A token names one; who knows it and is signed in may add to it."""

    root: Path
    limits: Limits = Limits()
    _sizes: dict[str, Size] = field(default_factory=dict)

    def begin(self, files: int, size: int) -> str:
        """The token of a new upload. Raises InputRefused when so much does not fit."""
        self._require_room(Size(files, size), size)
        token = secrets.token_hex(16)
        for part in ("content", "partial"):
            (self.root / token / part).mkdir(parents=True, mode=0o700)
        for folder in (self.root, self.root / token):
            folder.chmod(0o700)
        return token

    def content(self, token: str) -> Path:
        """The folder that intake reads. Raises NotFound when the upload is not there (any more)."""
        content = self.root / token / "content"
        if not TOKEN.fullmatch(token) or not content.is_dir():
            raise NotFound("An upload must be there to be used.", "none of that name.", "Upload the files again.")
        return content

    def size(self, token: str) -> Size:
        """What has arrived so far, whole files only."""
        content = self.content(token)
        if token not in self._sizes:
            sizes = [path.stat().st_size for path in content.rglob("*") if path.is_file()]
            self._sizes[token] = Size(len(sizes), sum(sizes))
        return self._sizes[token]

    @contextmanager
    def receiving(self, token: str, name: str, size: int) -> Iterator[IO[bytes]]:
        """A file to write `size` bytes to; it is in its place when the block ends, and nowhere when it fails.

        name: the file's path relative to what was dropped. Raises InputRefused for one that leads elsewhere.
        """
        there, place = self.size(token), self.content(token) / _neutral(token, name)
        self._require_room(Size(there.files + 1, there.size + size), size)
        draft = self.root / token / "partial" / secrets.token_hex(8)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                yield file
            if draft.stat().st_size != size:
                raise InputRefused("A file must arrive whole.", "a part of it.", "Send it again.")
            self._put(draft, place, there)
        finally:
            draft.unlink(missing_ok=True)

    def missing(self, token: str, wanted: Sequence[tuple[str, int]]) -> list[int]:
        """The places in `wanted` (name and size) of the files that have not arrived whole."""
        content = self.content(token)
        return [
            number for number, (name, size) in enumerate(wanted) if _size_of(content / _neutral(token, name)) != size
        ]

    def close(self, token: str) -> str:
        """The token under which the whole upload is kept from now on; the old one opens nothing any more."""
        if not self.size(token).files:
            raise InputRefused("An upload must hold files.", "none.", "Choose a folder, files or an archive.")
        kept = secrets.token_hex(16)
        (self.root / token).rename(self.root / kept)
        self._sizes.pop(token, None)
        return kept

    def is_there(self, token: str) -> bool:
        """Whether the files of an upload are still here."""
        return bool(TOKEN.fullmatch(token)) and (self.root / token / "content").is_dir()

    def remove(self, token: str) -> None:
        """Delete an upload with all its files; nothing happens where there is none."""
        if TOKEN.fullmatch(token):
            shutil.rmtree(self.root / token, ignore_errors=True)
            self._sizes.pop(token, None)

    def sweep(self, kept: frozenset[str]) -> None:
        """Delete what nobody has added to for a day, except the uploads in `kept`."""
        oldest = time.time() - KEPT_SECONDS
        for folder in self.root.iterdir() if self.root.is_dir() else ():
            if folder.name not in kept and folder.stat().st_mtime < oldest:
                self.remove(folder.name)

    def _put(self, draft: Path, place: Path, there: Size) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = _size_of(place)
        size = draft.stat().st_size
        draft.replace(place)
        os.utime(draft.parents[1])
        there.files += before is None
        there.size += size - (before or 0)

    def _require_room(self, wanted: Size, coming: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        most = f"{self.limits.files:,} files and {self.limits.size / 1024**3:.3g} GB"
        if wanted.files > self.limits.files or wanted.size > self.limits.size:
            raise InputRefused(
                f"One upload may hold {most}.",
                f"{wanted.files:,} files and {wanted.size / 1024**3:.3g} GB.",
                "Upload it in parts, or run `secondlook ingest` on this machine.",
            )
        if coming > shutil.disk_usage(self.root).free // 2:
            raise InputRefused(
                "An upload may take half of the free disk, so that its cases can be stored.",
                f"{coming / 1024**3:.3g} GB for a disk with {shutil.disk_usage(self.root).free / 1024**3:.3g} GB free.",
                "Make room on the disk of SECONDLOOK_HOME, or upload less.",
            )


def _neutral(token: str, name: str) -> PurePosixPath:
    """Where a file of an upload lies. Raises InputRefused for a name that leads out of the upload."""
    parts = name.replace("\\", "/").split("/")
    if not 0 < len(parts) <= DEEPEST or not all(map(_is_plain, parts)):
        raise InputRefused(
            "A file must lie inside what was dropped.", "a path that leads elsewhere.", "Rename it, or leave it out."
        )
    lower = parts[-1].lower()
    if lower == "dicomdir" or lower.endswith(NAMED):
        return PurePosixPath(*parts)
    suffix = next((suffix for suffix in (*SUFFIXES, *DICOM_SUFFIXES) if lower.endswith(suffix)), "")
    return PurePosixPath(*parts[:-1], hashlib.sha256(f"{token}/{name}".encode()).hexdigest()[:20] + suffix)


def _is_plain(part: str) -> bool:
    has_control = any(ord(character) < 32 for character in part)
    return part not in {"", ".", ".."} and not has_control and len(part.encode()) <= LONGEST_PART


def _size_of(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
