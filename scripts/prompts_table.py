"""Writes the table about prompts in README.md from what `secondlook evaluate` measured.

python -m scripts.prompts_table
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.prompt_tables import written

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "README.md"
RESULTS = [ROOT / "docs" / "results" / f"{name}.json" for name in ("one_box", "clicks", "self_prompt")]


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(brought_up(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def brought_up(page: str) -> str:
    """The page as it must be."""
    return written(page, *(json.loads(path.read_text(encoding="utf-8")) for path in RESULTS))


if __name__ == "__main__":
    main()
