"""Writes the table about one box in docs/methods.md from docs/results/one_box.json.

secondlook evaluate --one-box --persons 1 --out docs/results/one_box.json; then python -m scripts.one_box_page
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.one_box_results import table, windows_table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "one_box.json"
PAGES = (ROOT / "docs" / "methods.md", ROOT / "README.md")
WINDOWS = "<!-- windows from docs/results/one_box.json; do not edit -->"
BEGIN, END = "<!-- from docs/results/one_box.json; do not edit -->", "<!-- end of one box -->"


def main() -> None:
    """Write both, where they have the marks."""
    for page in PAGES:
        page.write_text(quoted(page.read_text(encoding="utf-8")), encoding="utf-8")


def quoted(text: str) -> str:
    """A page with the tables between their marks brought up to date; the same page without marks."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    made = published["made"]
    said = f"Measured on {made['at'][:10]} by `{made['command']}`, {made['cores']} cores of an {made['processor']}."
    text = _between(text, BEGIN, [*table(published), "", f"{said} {published['note']}"])
    return _between(text, WINDOWS, windows_table(published))


def _between(text: str, begin: str, lines: list[str]) -> str:
    before, mark, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    return "\n".join([before + mark, *lines, END]) + after if mark else text


if __name__ == "__main__":
    main()
