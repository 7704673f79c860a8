"""A table as a file: CSV in which no cell is a formula, or Parquet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from starlette.responses import Response

from dashboard.answers import NEVER_KEPT
from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    Cell = str | float | int | bool | None

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
KINDS = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
WORDS = {"csv": "CSV", "parquet": "Parquet"}
"""What the links to them say."""


def table_file(name: str, kind: str, heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Response:
    """The table as `name`.csv or `name`.parquet. Raises InputRefused for another kind."""
    if kind not in KINDS:
        raise InputRefused("A table comes as csv or parquet.", "another kind.", "Use the links of the page.")
    content = _csv(heading, rows) if kind == "csv" else _parquet(heading, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, media_type=KINDS[kind], headers=NEVER_KEPT | headers)


def harmless(cell: Cell) -> Cell:
    """A cell as CSV may hold it: text that looks like a formula begins with an apostrophe; nothing is an empty cell."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _csv(heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[harmless(cell) for cell in line] for line in (heading, *rows)])
    return text.getvalue().encode()


def _parquet(heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 -- only who wants such a file waits for it
    import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415 -- as above

    columns = zip(*rows, strict=True) if rows else ([] for _ in heading)
    written = io.BytesIO()
    pq.write_table(pa.table(dict(zip(heading, map(list, columns), strict=True))), written)
    return written.getvalue()
