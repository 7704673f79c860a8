"""Writes the tables of README, docs/methods.md and docs/claims.md from docs/results/failures.json.

secondlook evaluate --failures --persons 4 --out docs/results/failures.json
python -m scripts.failures_page
"""

from __future__ import annotations

import json
from pathlib import Path

from scripts.uncertainty_page import quoted
from services.evaluation.failures_tables import brief, claims, page

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "failures.json"
METHODS, CLAIMS, README = ROOT / "docs" / "methods.md", ROOT / "docs" / "claims.md", ROOT / "README.md"
BEGIN, END = "<!-- from docs/results/failures.json; do not edit -->", "<!-- end of failures -->"


def main() -> None:
    """Write the pages that have the marks, and print README's block."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    block = [*brief(published), "", published["note"]]
    for path, lines in ((METHODS, page(published)), (CLAIMS, claims(published)), (README, block)):
        path.write_text(quoted(path.read_text(encoding="utf-8"), lines, BEGIN, END), encoding="utf-8")
    print("\n".join([BEGIN, "", *block, "", END]))


if __name__ == "__main__":
    main()
