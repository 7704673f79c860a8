"""Writes the tables about measured diameters in docs/methods.md and README.md from docs/results/measurement.json.

secondlook evaluate --measurement --persons 16 --out docs/results/measurement.json
python -m scripts.measurement_page
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.evaluation.measurement_results import real_table, table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "measurement.json"
PAGES = (ROOT / "docs" / "methods.md", ROOT / "README.md")
BEGIN, END = "<!-- from docs/results/measurement.json; do not edit -->", "<!-- end of measurement -->"


def main() -> None:
    """Write both, where they have the marks."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    for page in PAGES:
        page.write_text(quoted(page.read_text(encoding="utf-8"), published), encoding="utf-8")


def quoted(text: str, published: dict[str, Any]) -> str:
    """A page with the tables between their marks brought up to date; the same page without marks."""
    made = published["made"]
    said = f"Measured on {made['at'][:10]} by `{made['command']}`."
    lines = [*table(published), "", *real_table(published), "", said, published["note"]]
    before, mark, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + mark, *lines, END]) + after if mark else text


if __name__ == "__main__":
    main()
