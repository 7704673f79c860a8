"""One click and one example on the real CTA: `python -m scripts.one_click [folder of real data]`.

Some minutes on one idle core. Writes docs/results/one_click.json, and its table into docs/methods.md.
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
RESULTS, PAGE = ROOT / "docs" / "results" / "one_click.json", ROOT / "docs" / "methods.md"
BEGIN, END = "<!-- one click: python -m scripts.one_click -->", "<!-- end of one click -->"
HEADING = ("| prompt | answers | median Dice of the slice | worst | below 0.7 |", "|---|---|---|---|---|")


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
        "command": "python -m scripts.one_click",
        "note": NOTE,
        "model": dict(model.identity),
        "windows_hu": [list(window) for window in LITE_MEDSAM.windows_hu],
        "parameters": one_click.parameters(),
        "summary": one_click.summary(rows),
        "rows": one_click.as_json(rows),
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(quoted(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def quoted(text: str) -> str:
    """The page with the table between its two marks brought up to date."""
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    cells = "| {arm} | {n} | {median:.2f} | {worst:.2f} | {low:.0%} |"
    lines = [cells.format(**line, low=line["below_0.7"]) for line in document["summary"]]
    note = f"Measured on {document['at'][:10]} by `{document['command']}`. {document['note']}"
    return "\n".join([before + BEGIN, *HEADING, *lines, "", note, END]) + after


if __name__ == "__main__":
    main()
