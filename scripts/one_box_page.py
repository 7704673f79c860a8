"""Writes the table about one box in docs/methods.md from docs/results/one_box.json.

secondlook evaluate --one-box --persons 1 --out docs/results/one_box.json; then python -m scripts.one_box_page
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.one_box_results import table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "one_box.json"
PAGES = (ROOT / "docs" / "methods.md", ROOT / "README.md")
BEGIN, END = "<!-- from docs/results/one_box.json; do not edit -->", "<!-- end of one box -->"


def main() -> None:
    """Write both, where they have the marks."""
    for page in PAGES:
        page.write_text(quoted(page.read_text(encoding="utf-8")), encoding="utf-8")


def quoted(text: str) -> str:
    """A page with the table between its two marks brought up to date; the same page without marks."""
    before, mark, rest = text.partition(BEGIN)
    if not mark:
        return text
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    made, (_, _, after) = published["made"], rest.partition(END)
    said = f"Measured on {made['at'][:10]} by `{made['command']}`, {made['cores']} cores of an {made['processor']}."
    return "\n".join([before + BEGIN, *table(published), "", f"{said} {published['note']}", END]) + after


if __name__ == "__main__":
    main()
