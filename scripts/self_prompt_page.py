"""Writes the tables of docs/claims.md about outlining without a hand from what `secondlook evaluate` measured.

python -m scripts.self_prompt_page
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.self_prompt_tables import written

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "docs" / "results" / "self_prompt.json", ROOT / "docs" / "claims.md"


def main() -> None:
    """Bring the page up to date."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), published), encoding="utf-8")


if __name__ == "__main__":
    main()
