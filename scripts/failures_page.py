"""Writes the tables of README, docs/methods.md and docs/claims.md from docs/results/failures.json.

secondlook evaluate --failures --persons 4 --out docs/results/failures.json
python -m scripts.failures_page
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from scripts.uncertainty_page import quoted
from services.evaluation.failures_tables import brief, claims, page
from services.evaluation.uncertainty_tables import WIDTH

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "failures.json"
METHODS, CLAIMS, README = ROOT / "docs" / "methods.md", ROOT / "docs" / "claims.md", ROOT / "README.md"
BEGIN, END = "<!-- from docs/results/failures.json; do not edit -->", "<!-- end of failures -->"


def main() -> None:
    """Write the pages that have the marks."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    for path, lines in pages(published):
        path.write_text(quoted(path.read_text(encoding="utf-8"), lines, BEGIN, END), encoding="utf-8")


def pages(published: dict[str, Any]) -> list[tuple[Path, list[str]]]:
    """Each page with the lines that belong between its marks."""
    block = [*brief(published), "", *textwrap.wrap(published["note"], WIDTH)]
    return [(METHODS, page(published)), (CLAIMS, claims(published)), (README, block)]


if __name__ == "__main__":
    main()
