"""Does pretraining on formulas help with few labelled cases? `python scripts/fdif_pretraining.py`, about an hour.

Goes on where it was stopped, and writes docs/results/fdif.json, of which docs/claims.md quotes the tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from services import terminal
from services.segmentation.transfer_trial import Trial, run

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "fdif", help="keeps cases, weights and runs")
    said = parser.parse_args()
    with terminal.progress() as progress:
        run(said.folder.expanduser(), Trial(), progress=progress)


if __name__ == "__main__":
    main()
