"""Where a mark would show: every byte that is kept or said, in every writing in which it could stand there."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BOTH_SIDES = 40
SHORTEST = 6
"""Fewer characters than this would be found in anything."""


def writings(mark: str) -> set[bytes]:
    """The mark in every encoding that a file, a database, a page, an address or a log may use, in small letters."""
    forms = {mark, unicodedata.normalize("NFD", mark), unicodedata.normalize("NFC", mark)}
    forms |= {form.upper() for form in forms} | {form.lower() for form in forms}
    found: set[bytes] = set()
    for form in forms:
        plain = {form.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
        plain |= {form.encode("latin-1")} if form.isascii() or _fits(form) else set()
        found |= plain | {content.hex().encode() for content in plain}
        found |= {quote(form).encode(), json.dumps(form)[1:-1].encode(), ascii(form)[1:-1].encode()}
        found |= {repr(form.encode())[2:-1].encode()}
        found |= {core.encode() for content in plain for core in _in_base64(content)}
    return {writing.lower() for writing in found if len(writing) >= SHORTEST}


def traces(haystack: bytes, marks: Iterable[str]) -> list[str]:
    """Every mark that stands there, with what stands around it."""
    small = haystack.lower()
    found = []
    for mark in marks:
        for writing in writings(mark):
            place = small.find(writing)
            if place >= 0:
                around = haystack[max(0, place - BOTH_SIDES) : place + len(writing) + BOTH_SIDES]
                found.append(f"{mark!r} in {around!r}")
                break
    return found


def kept_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The name and content of every file below a folder, unpacked where it is packed, databases also cell by cell."""
    for path in sorted(folder.rglob("*")):
        yield "a name", str(path.relative_to(folder)).encode()
        if path.is_file():
            content = path.read_bytes()
            yield path.name, content
            if content[:2] == b"\x1f\x8b":
                yield f"{path.name}, unpacked", gzip.decompress(content)
            if content[:15] == b"SQLite format 3":
                yield from (("a cell", cell) for cell in cells(path))


def cells(database: Path) -> Iterator[bytes]:
    """Every text and every value of every table, as SQL gives it."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in connection.execute(f'select * from "{table}"'):
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def _in_base64(content: bytes) -> Iterator[str]:
    """What base64 makes of the content at each of its three alignments, without the ends that neighbours change."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + content).decode().rstrip("=")
        core = text[(0, 2, 3)[shift] : (shift + len(content)) * 8 // 6]
        if len(core) >= SHORTEST:
            yield core


def _fits(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
