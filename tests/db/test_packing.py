"""Packed bytes are one plain gzip member that anybody reads, the same for the same content."""

from __future__ import annotations

import gzip
import io
import zlib

import numpy as np
import pytest

from db import packing
from db.packing import BLOCK, UNREADABLE, pack, packed_bytes, unpack

SIZES = (0, 1, 4096, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17)
sizes = pytest.mark.parametrize("size", SIZES)


def noise(size: int) -> bytes:
    """Bytes that pack to about a half, as those of a CT do."""
    return np.random.default_rng(size).integers(0, 16, size, dtype=np.uint8).tobytes()


@sizes
def test_another_gzip_reader_gives_the_content_back(size: int) -> None:
    assert gzip.decompress(packed_bytes((noise(size),))) == noise(size)


@sizes
def test_it_is_one_member_with_nothing_behind_it(size: int) -> None:
    """A browser reads the first member only."""
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(packed_bytes((noise(size),))) == noise(size)
    assert reader.eof
    assert reader.unused_data == b""


@sizes
def test_no_time_and_no_name_is_written(size: int) -> None:
    magic, flags, time = (packed_bytes((noise(size),))[part] for part in (slice(2), slice(3, 4), slice(4, 8)))
    assert (magic, flags, time) == (b"\x1f\x8b", b"\0", b"\0" * 4)


@sizes
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_bytes_do_not_depend_on_how_many_threads_pack(
    size: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = packed_bytes((noise(size),))
    monkeypatch.setattr(packing, "THREADS", threads)
    assert packed_bytes((noise(size),)) == usual


@pytest.mark.parametrize("level", [1, 6, 9])
def test_what_zlib_has_packed_is_read_too(level: int) -> None:
    """A store that was begun before this module was there."""
    assert unpack(gzip.compress(noise(3 * BLOCK), level)) == noise(3 * BLOCK)


@pytest.mark.parametrize("keep", [0, 5, 1000, -1, -8])
def test_a_cut_off_file_is_found_out(keep: int) -> None:
    with pytest.raises(UNREADABLE):
        unpack(packed_bytes((noise(5000),))[:keep] or b"\0")


def test_what_cannot_be_written_raises_and_leaves_no_thread_waiting() -> None:
    class FullDisk(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space left"):
        pack((noise(8 * BLOCK),), FullDisk())
