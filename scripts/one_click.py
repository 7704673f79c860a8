"""One click and one example on the real CTA: `python scripts/one_click.py [folder of real data]`.

Some minutes on one idle core. Writes docs/results/one_click.json, which docs/methods.md quotes.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from services import terminal
from services.evaluation import one_click
from services.evaluation.real_scan import NOTE, read_scan
from services.segmentation.promptable import loading
from services.segmentation.promptable.card import LITE_MEDSAM

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    scan = read_scan(parser.parse_args().folder)
    if scan is None:
        raise SystemExit("The folder must hold cta_dissection. Found: none there. Name the folder of real data.")
    model = loading.load(LITE_MEDSAM)
    with terminal.progress() as progress:
        rows = one_click.measure(model, scan, LITE_MEDSAM.windows_hu, progress)
    for line in one_click.summary(rows):
        print(line)
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "python scripts/one_click.py",
        "note": NOTE,
        "model": dict(model.identity),
        "windows_hu": [list(window) for window in LITE_MEDSAM.windows_hu],
        "parameters": one_click.parameters(),
        "summary": one_click.summary(rows),
        "rows": one_click.as_json(rows),
    }
    (ROOT / "docs" / "results" / "one_click.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
