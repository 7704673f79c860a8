"""A folder of files, on this disk or elsewhere (S3, ...), by fsspec URL. A file is written whole or not at all."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DRAFT_SUFFIX = ".part"
LARGEST_PUT = 5 * 1024**3
"""S3 takes a file of up to 5 GiB in one request, which stores it whole or not at all."""


class PlaceUnreachable(Exception):
    """A place elsewhere does not answer as it must. Says why, and repeats nothing that it said: that may hold keys."""


class Place:
    """One folder. A path is what `path` gives; what is missing raises FileNotFoundError."""

    def __init__(self, url: str) -> None:
        """Open the folder; a local one is made when it is missing, a bucket is not. Raises PlaceUnreachable."""
        # Listings are never kept: other processes write here too.
        self._fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        self.root = str(root).rstrip("/")
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._is_s3 = "s3" in _protocols(self._fs)
        with self._answering(writes=True):
            if self._is_s3:
                self._fs.info(self.root.partition("/")[0])
            else:
                self._fs.makedirs(self.root, exist_ok=True)

    def path(self, *parts: str) -> str:
        """The path of a file or folder below this one."""
        return "/".join((self.root, *parts))

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        with self._answering():
            return bool(self._fs.exists(path))

    def size(self, path: str) -> int:
        """Bytes of a file."""
        with self._answering():
            return int(self._fs.size(path))

    def modified(self, path: str) -> datetime:
        """When a file was last written, in UTC."""
        with self._answering():
            moment: datetime = self._fs.modified(path)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        with self._answering():
            content: bytes = self._fs.cat_file(path)
        return content

    def files(self, prefix: str = "") -> list[str]:
        """The paths of all files at any depth, or of those whose path from here begins with `prefix`."""
        with self._answering():
            try:
                return sorted(str(path) for path in self._found(prefix))
            except FileNotFoundError:
                return []

    def _found(self, prefix: str) -> Iterator[str]:
        if self._is_s3 or not prefix:
            yield from self._fs.find(self.root, **({"prefix": prefix} if prefix else {}))
            return
        for path in self._fs.ls(self.root, detail=False):
            if path.rsplit("/", 1)[-1].startswith(prefix):
                yield from self._fs.find(path)

    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with self._answering():
            try:
                self._fs.rm_file(path)
            except FileNotFoundError:
                return

    def write(self, path: str, fill: Callable[[IO[bytes]], object]) -> int:
        """Write a file, which `fill` fills, so that a crash at any moment leaves it whole or not there; its bytes."""
        if self.is_local:
            return self._write_here(path, fill)
        file = io.BytesIO()
        fill(file)
        with self._answering(writes=True):
            self._fs.pipe_file(path, file.getvalue(), **({"chunksize": LARGEST_PUT} if self._is_s3 else {}))
        return file.tell()

    def _write_here(self, path: str, fill: Callable[[IO[bytes]], object]) -> int:
        """Temporary file, fsync, rename, fsync of the folder."""
        folder = path.rsplit("/", 1)[0]
        self._fs.makedirs(folder, exist_ok=True)
        draft = Path(f"{path}.{secrets.token_hex(6)}{DRAFT_SUFFIX}")
        try:
            with draft.open("xb") as file:
                fill(file)
                written = file.tell()
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        sync(folder)
        sync(self.root)
        return written

    @contextmanager
    def _answering(self, *, writes: bool = False) -> Iterator[None]:
        """Turns what goes wrong elsewhere into PlaceUnreachable. Errors of this disk are let through as they are."""
        try:
            yield
        except Exception as error:  # every file system has errors of its own; `_reason` tells the kinds apart
            if self.is_local or (isinstance(error, FileNotFoundError) and not writes):
                raise
            raise PlaceUnreachable(_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such bucket or folder"
    if isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return "keys that are missing or that it does not accept"
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return "an error of its own"
    return "no answer, or one that is not understood"


def _protocols(filesystem: Any) -> tuple[str, ...]:  # noqa: ANN401 -- fsspec has no types
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def sync(path: str | Path) -> None:
    """See that a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
