"""Zip and tar archives: unpacked within limits into a folder that is removed afterwards."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_BYTES = 20 * 1024**3
MOST_FILES = 100_000
MOST_TIMES = 200
"""No medical image becomes this many times larger when it is unpacked; what does was made to fill the disk."""
SMALL = 10 * 1024**2
"""Below this size an archive may be as dense as it likes."""
BLOCK = 1024**2
MOST_AT_ONCE = 8 * BLOCK
"""Of a tar's own records; a long name or an extended header that is larger was made to fill the memory."""
STREAMS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
"""How a packed tar begins, and what unpacks it."""
UNREADABLE = (
    EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError, lzma.LZMAError, struct.error,
    tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def is_archive(path: Path) -> bool:
    """Whether a file is named like an archive."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


@contextmanager
def unpacked(archive: Path, work: Path) -> Iterator[Path]:
    """The archive's content in a folder under `work` that is gone afterwards. Raises InputRefused."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        target = Path(folder) / "content"
        target.mkdir()
        try:
            _unpack(archive, target)
        except UNREADABLE as error:
            raise InputRefused(
                "An archive must be a readable zip or tar file, without a password.",
                "one that is damaged or locked.",
                "Send it again, or unpack it and name the folder.",
            ) from error
        yield target


def _unpack(archive: Path, target: Path) -> None:
    room = _Room(archive.stat().st_size, shutil.disk_usage(target).free)
    for name, content in _members(archive, room.bytes + SMALL):
        path = _inside(target, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with content, path.open("wb") as file:
            room.one_file_more()
            while block := content.read(BLOCK):
                room.take(len(block))
                file.write(block)


def _members(archive: Path, most: int) -> Iterator[tuple[str, IO[bytes]]]:
    """Every plain file of an archive of at most so many bytes; folders, links and devices are passed over."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if not entry.is_dir():
                    yield entry.filename, opened.open(entry)
    else:
        with _tar_stream(archive) as stream, tarfile.open(fileobj=_steady(stream, most), mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content


def _tar_stream(archive: Path) -> IO[bytes]:
    """The tar in an archive, whatever it is packed with and named."""
    with archive.open("rb") as file:
        start = file.read(5)
    unpack = next((unpack for mark, unpack in STREAMS.items() if start.startswith(mark)), open)
    stream: IO[bytes] = unpack(archive, "rb")
    return stream


def _steady(stream: IO[bytes], most: int) -> IO[bytes]:
    return cast("IO[bytes]", _Steady(stream, most))


class _Steady:
    """A stream that hands out no more at once than a tar's own records need: tarfile asks for what they claim."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most = stream, most
        self.tell = stream.tell

    def read(self, size: int) -> bytes:
        if size > MOST_AT_ONCE:
            message = "A record of a tar must not be larger than the names in it."
            raise tarfile.ReadError(message)
        return self._stream.read(size)

    def seek(self, place: int) -> int:
        if place > self._most:
            message = "A tar must not be larger than what may be unpacked."
            raise tarfile.ReadError(message)
        return self._stream.seek(place)


def _inside(target: Path, name: str) -> Path:
    """A place for a member below `target`, whatever its name says."""
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    if not parts:
        message = "A member of an archive must have a name."
        raise ValueError(message)
    return target.joinpath(*parts)


class _Room:
    """What an archive may still take. Counts what is really written, not what the archive says of itself."""

    def __init__(self, packed: int, free: int) -> None:
        self.bytes = min(MOST_BYTES, free // 2, max(packed * MOST_TIMES, SMALL))
        self.files = MOST_FILES

    def one_file_more(self) -> None:
        self.files -= 1
        if self.files < 0:
            self._refuse(f"more than {MOST_FILES:,} files")

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            self._refuse("more than that")

    def _refuse(self, found: str) -> None:
        raise InputRefused(
            f"An archive may hold {MOST_FILES:,} files and {MOST_BYTES // 1024**3} GB, half of the free disk,"
            f" and {MOST_TIMES} times its own size.",
            f"{found}.",
            "Unpack it yourself and name the folder.",
        )
