"""Writes the tables about the diameter's intervals in docs/methods.md from docs/results/doubt.json; prints README's.

secondlook evaluate --doubt --out docs/results/doubt.json; then python -m scripts.doubt_page
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.doubt_tables import page, table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "doubt.json"
PAGE, README = ROOT / "docs" / "methods.md", ROOT / "README.md"
BEGIN, END = "<!-- from docs/results/doubt.json; do not edit -->", "<!-- end of the diameter's doubt -->"


def main() -> None:
    """Write both, where they have the marks, and print the README's block."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    block = [*table(published), "", published["note"]]
    for path, lines in ((PAGE, page(published)), (README, block)):
        path.write_text(quoted(path.read_text(encoding="utf-8"), lines), encoding="utf-8")
    print("\n".join([BEGIN, *block, END]))


def quoted(text: str, lines: list[str]) -> str:
    """A page with the lines between its marks; the same page without marks."""
    before, mark, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([before + mark, *lines, END]) + after if mark else text


if __name__ == "__main__":
    main()
