"""Writes the tables of docs/methods.md, docs/claims.md and README.md from docs/results/uncertainty.json.

secondlook evaluate --uncertainty --controls FOLDER --out docs/results/uncertainty.json
python -m scripts.uncertainty_page
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from services.evaluation.uncertainty_tables import WIDTH, brief, claims, page

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "uncertainty.json"
METHODS, CLAIMS, README = ROOT / "docs" / "methods.md", ROOT / "docs" / "claims.md", ROOT / "README.md"
BEGIN, END = "<!-- from docs/results/uncertainty.json; do not edit -->", "<!-- end of uncertainty -->"


def main() -> None:
    """Write the pages that have the marks."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    for path, lines in pages(published):
        path.write_text(quoted(path.read_text(encoding="utf-8"), lines, BEGIN, END), encoding="utf-8")


def pages(published: dict[str, Any]) -> list[tuple[Path, list[str]]]:
    """Each page with the lines that belong between its marks."""
    block = [*brief(published), "", *textwrap.wrap(published["note"], WIDTH)]
    return [(METHODS, page(published)), (CLAIMS, claims(published)), (README, block)]


def quoted(text: str, lines: list[str], begin: str, end: str) -> str:
    """A page with the lines between its marks; the same page without marks."""
    before, mark, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return "\n".join([before + mark, "", *lines, "", end]) + after if mark else text


if __name__ == "__main__":
    main()
