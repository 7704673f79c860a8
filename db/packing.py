"""gzip by ISA-L, on several cores: several times as fast as zlib for as few bytes, and read by any gzip reader.

Why this one, with what was measured: docs/decisions/0010-isa-l-for-deflate.md.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, cast

from isal import igzip, igzip_threaded
from isal.igzip_lib import IsalError

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 2
"""On CT as small as zlib's level 1, and on masks smaller; level 1 is no faster, level 3 ten times slower on masks."""
BLOCK = 2**20
"""Bytes that a thread packs at a time, with the 32 kB before them as its dictionary; less is not worth a thread."""
THREADS = min(4, os.cpu_count() or 1)
UNREADABLE = (OSError, EOFError, cast("type[Exception]", IsalError))
"""What `unpack` raises on damaged bytes."""


def pack(parts: Sequence[bytes | memoryview], file: IO[bytes]) -> None:
    """Write the parts, one after the other, as one gzip member without time or name.

    Equal parts give equal bytes on the same kind of processor, on however many threads.
    """
    if sum(map(len, parts)) <= BLOCK:
        file.write(igzip.compress(b"".join(parts), LEVEL, mtime=0))
        return
    with igzip_threaded.open(file, "wb", compresslevel=LEVEL, threads=THREADS, block_size=BLOCK) as packed:
        for part in parts:
            packed.write(part)


def packed_bytes(parts: Sequence[bytes | memoryview]) -> bytes:
    """What `pack` would write."""
    file = io.BytesIO()
    pack(parts, file)
    return file.getvalue()


def unpack(content: bytes) -> bytes:
    """The bytes of a gzip file, whoever packed it. Raises one of UNREADABLE where they are damaged."""
    plain: bytes = igzip.decompress(content)
    return plain
