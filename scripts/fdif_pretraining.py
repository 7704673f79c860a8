"""Does pretraining on formulas help with few labelled cases? `python scripts/fdif_pretraining.py`.

About twenty minutes on one idle core; goes on where it was stopped. Writes docs/results/fdif.json and the tables of
docs/claims.md; with --publish at once, of the seeds that are done.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from services import terminal
from services.segmentation.transfer_results import document
from services.segmentation.transfer_tables import written
from services.segmentation.transfer_trial import Trial, kept_pretraining, kept_runs, run

ROOT = Path(__file__).parents[1]
COMMAND = "python scripts/fdif_pretraining.py"


def main() -> None:
    """Run what is missing, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "fdif", help="keeps cases, weights and runs")
    parser.add_argument("--publish", action="store_true", help="run nothing, publish what is done")
    said = parser.parse_args()
    folder = said.folder.expanduser()
    if not said.publish:
        with terminal.progress() as progress:
            run(folder, Trial(), progress=progress)
    publish(folder)


def publish(folder: Path) -> None:
    """Write the results, and the page that quotes them."""
    results, page = ROOT / "docs" / "results" / "fdif.json", ROOT / "docs" / "claims.md"
    published = document(Trial(), kept_runs(folder), kept_pretraining(folder), COMMAND)
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(published) + "\n", encoding="utf-8")
    page.write_text(written(page.read_text(encoding="utf-8"), json.loads(json.dumps(published))), encoding="utf-8")


if __name__ == "__main__":
    main()
