"""Tables of an evaluation between the marks of the pages that show them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.evaluation.uncertainty_tables import WIDTH

if TYPE_CHECKING:
    from types import ModuleType

    Pages = list[tuple[Path, list[str]]]

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
METHODS, CLAIMS, README = ROOT / "docs" / "methods.md", ROOT / "docs" / "claims.md", ROOT / "README.md"


def pages_of(tables: ModuleType, published: dict[str, Any]) -> Pages:
    """Each page with the lines that belong between its marks, by a module with `page`, `claims` and `brief`."""
    block = [*tables.brief(published), "", *textwrap.wrap(published["note"], WIDTH)]
    return [(METHODS, tables.page(published)), (CLAIMS, tables.claims(published)), (README, block)]


def write(tables: ModuleType, results: Path, begin: str, end: str) -> None:
    """Bring the pages that have the marks up to date with a file of results."""
    for path, lines in pages_of(tables, json.loads(results.read_text(encoding="utf-8"))):
        path.write_text(quoted(path.read_text(encoding="utf-8"), lines, begin, end), encoding="utf-8")


def quoted(text: str, lines: list[str], begin: str, end: str) -> str:
    """A page with the lines between its marks; the same page without marks."""
    before, mark, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + mark, "", *lines, "", end]) + after if mark else text
