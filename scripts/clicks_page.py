"""Writes the tables about clicks in docs/claims.md from docs/results/clicks.json.

secondlook evaluate --clicks --persons 1 --out docs/results/clicks.json; then python -m scripts.clicks_page
"""

from __future__ import annotations

import json
from pathlib import Path

from services.evaluation.robot_tables import written

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "claims.md", ROOT / "docs" / "results" / "clicks.json"


def main() -> None:
    """Write them."""
    published = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), published), encoding="utf-8")


if __name__ == "__main__":
    main()
