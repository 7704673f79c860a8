"""Writes docs/models.md and README's figures from the shipped cards and what `secondlook evaluate` kept beside them.

python -m scripts.model_card
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from services.evaluation import results
from services.evaluation.real_scan import NOTE
from services.evaluation.results import ALL
from services.segmentation import registry
from services.segmentation.card import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.evaluation.results import Estimate, Evaluation, Row
    from services.segmentation.card import ModelCard

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "models.md", ROOT / "README.md"
BEGIN, END = "<!-- figures of the models: python -m scripts.model_card -->", "<!-- end of the figures -->"
HEADING = ("| {} | same generator | other generator |", "|---|---|---|")
QUOTED = ("outer wall Dice", "outer wall HD95", "lumen Dice", "lumen HD95")
TOP = """# Models

What is shipped, what it learnt from, and how well it does on scans that it never saw. Written by
`python -m scripts.model_card` from the cards and from what `secondlook evaluate` measured. Generated scans stand in
for patients here: no figure below says how well a model does on patients. Claims quote the column *other generator*,
a program that shares no anatomy and no scanner with the one that drew the training scans.

A cell is the mean over n scans with its 95 % interval (percentile bootstrap over persons); with fewer than three
persons there is none. The outer wall is lumen, thrombus, calcification and endograft together; the lumen includes the
struts of an endograft. HD95 in mm.
"""
NOTHING = "No model is shipped with this version yet."
UNMEASURED = "Not evaluated yet."
COMPANION = (
    "Tells the doubt of {} ([how they learn](methods.md#networks-that-learn-from-readers), "
    "[what they tell](methods.md#two-uncertainties-kept-apart))."
)
ELSEWHERE = "Measured beside other ways to outline without a hand: [claims](claims.md)."


def main() -> None:
    """Write both."""
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


def page() -> str:
    """docs/models.md."""
    parts = [section(card, _measured(card)) for card in registry.shipped()]
    return "\n".join([TOP, *(parts or [NOTHING + "\n"])])


def readme(text: str) -> str:
    """README with the figures between its two marks brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{_quoted()}\n{END}{after}"


def _measured(card: ModelCard) -> Evaluation | None:
    """The figures beside a card."""
    return results.of_card(card, card.folder)


def _quoted() -> str:
    """The figures over all scans of each shipped model that was evaluated, and the real scan."""
    both = [(card, _measured(card)) for card in registry.shipped()]
    evaluated = [(card, found) for card, found in both if found]
    return "\n\n".join(short(card, found) for card, found in evaluated) or NOTHING


def short(card: ModelCard, found: Evaluation) -> str:
    """One model's figures over all scans, as README shows them."""
    rows = [row for measure in QUOTED if (row := found.row(ALL, measure))]
    lines = [_heading(card.key), *(_line(row.measure, row) for row in rows)]
    return "\n".join([*lines, *_real(found)])


def section(card: ModelCard, found: Evaluation | None) -> str:
    """One model: its card, and its figures in every stratum or that there are none."""
    lines = [f"## {card.key}", "", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts(card)), ""]
    return "\n".join([*lines, *(_figures(found) if found else [_unmeasured(card), ""])])


def _unmeasured(card: ModelCard) -> str:
    if card.companion_of:
        return COMPANION.format(card.companion_of)
    return ELSEWHERE if card.format is Format.SELF_PROMPT else UNMEASURED


def facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    """What a card says, in words."""
    yield "Classes", ", ".join(card.classes.values())
    yield (
        "Grid",
        f"{' x '.join(f'{value:g}' for value in card.spacing_mm)} mm; patch {' x '.join(map(str, card.patch))}",
    )
    yield "Window", f"{card.window_hu[0]:g} to {card.window_hu[1]:g} HU"
    for number, member in enumerate(card.members, start=1):
        seed = "" if member.seed is None else f"seed {member.seed}, "
        yield f"Member {number}", f"{seed}SHA-256 {member.sha256[:12]}"
    for name, value in card.about.items():
        yield name.replace("_", " ").capitalize(), ", ".join(value) if isinstance(value, dict) else str(value)


def _figures(found: Evaluation) -> Iterator[str]:
    made = found.made
    yield f"Measured on {made['at'][:10]} by `{made['command']}`, {made['cores']} cores of an {made['processor']}."
    for measure in QUOTED:
        rows = [row for row in found.strata if row.measure == measure]
        yield from ("", _heading(measure), *(_line(row.stratum, row) for row in rows))
    yield from ("", "What each factor changes: the scan less the same scan without the factor, outer wall Dice.", "")
    yield _heading("factor")
    yield from (_line(row.stratum, row) for row in found.pairs if row.measure == QUOTED[0])
    yield from (*_real(found), "")


def _heading(first: str) -> str:
    return "\n".join(HEADING).format(first)


def _line(name: str, row: Row) -> str:
    return f"| {name} | {_cell(row.same, row.unit)} | {_cell(row.other, row.unit)} |"


def _cell(estimate: Estimate, unit: str) -> str:
    if estimate.value is None:
        return f"\N{EN DASH} ({estimate.reason})"
    digits, words = (2, "") if unit == "1" else (1, f" {unit}")
    interval = "" if estimate.lower is None else f" ({estimate.lower:.{digits}f} to {estimate.upper:.{digits}f})"
    missing = f", {estimate.undefined} undefined" if estimate.undefined else ""
    return f"{estimate.value:.{digits}f}{words}{interval}, n = {estimate.cases}{missing}"


def _real(found: Evaluation) -> Sequence[str]:
    """The newest look at the real scan, whatever it is, and how many there were."""
    if not found.looks:
        return ["", "The real CTA was not looked at."]
    look = found.looks[-1]
    first, second, between = (
        "undefined" if value is None else f"{value:.2f}"
        for value in (look.aorta_dice, look.second_dice, look.programs_dice)
    )
    times = "once" if len(found.looks) == 1 else f"{len(found.looks)} times"
    return [
        "",
        f"On a real CTA (slices 0 to 48, liver to coeliac trunk): outer wall Dice {first} with one program's labels,",
        f"{second} with a second one's, which agree with each other to {between};",
        f"{look.false_positive_ml:.1f} mL marked above these slices where there is no aorta.",
        f"{NOTE} This scan was looked at {times}.",
    ]


if __name__ == "__main__":
    main()
