"""What is known of a model, and of two beside each other, as small pieces of HTML. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from dashboard import cards
from dashboard.cards import escaped
from dashboard.state import CASE_PARAMETER
from db.vocabulary import LabelSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.comparing import ComparedCase, Comparison, KnownModel, Reference
    from services.decision_flips import FlippedCase, Flips, UndefinedCase
    from services.evaluation.results import Estimate, Evaluation, Row
    from services.segmentation.promptable.card import PromptableCard

MOST_ROWS = 200
"""Cases that one table shows; those that changed come first."""
PROMPTED = "what a prompt points at"
SYNTHETIC = '<span class="sl-badge synthetic" title="Generated data, no patient">SYNTHETIC</span>'


def overview(models: Sequence[KnownModel]) -> str:
    """A line a model."""
    rows = [
        [*map(escaped, (one.name, one.version, one.origin.value, _classes(one))), _members(one), f"{one.cases}"]
        for one in models
    ]
    heading = ("Model", "Version", "How it came here", "Classes", "Members", "Cases here")
    return cards.table("Models", heading, rows, numeric_from=4)


def facts(model: KnownModel) -> str:
    """What the card says: data, grid, classes, members with seeds and hashes, licence, intended use."""
    if model.prompted is not None:
        rows = [[escaped(name), escaped(value)] for name, value in _prompted_facts(model, model.prompted)]
        return cards.table("Card", ("Fact", "Value"), rows, numeric_from=99)
    if model.problem and model.card is None:
        return '<p class="sl-muted">This model cannot be used as it lies there.</p>'
    if model.card is None:
        return (
            '<p class="sl-muted">Its results came in with cases, and with them its name and version alone: what it '
            "learnt from, and how it was tested, is not known here.</p>"
        )
    rows = [[escaped(name), escaped(value)] for name, value in _facts(model)]
    return cards.table("Card", ("Fact", "Value"), rows, numeric_from=99)


def figures(rows: Sequence[Row]) -> str:
    """Strata with means, intervals and numbers of scans, a column a generator."""
    cells = [[escaped(row.stratum), _estimate(row.same, row.unit), _estimate(row.other, row.unit)] for row in rows]
    heading = ("Stratum", "Same generator", "Other generator")
    return cards.table(f"{rows[0].measure}, mean (95 % interval), n scans", heading, cells)


def factors(rows: Sequence[Row]) -> str:
    """What each factor changes, a column a generator."""
    cells = [[escaped(row.stratum), _estimate(row.same, row.unit), _estimate(row.other, row.unit)] for row in rows]
    heading = ("Factor", "Same generator", "Other generator")
    return cards.table(f"{rows[0].measure}: a scan less the same scan without the factor", heading, cells)


def real_scan(evaluation: Evaluation) -> str:
    """The newest look at the one real scan, whatever it says, and how many looks there were."""
    if not evaluation.looks:
        return '<p class="sl-muted">The real CTA was not looked at.</p>'
    look = evaluation.looks[-1]
    numbers = [_plain(value, look.reason) for value in (look.aorta_dice, look.second_dice, look.programs_dice)]
    count = len(evaluation.looks)
    times = "once" if count == 1 else f"{count} times"
    return (
        f"<p><strong>One real CTA</strong>, slices 0 to 48: outer wall Dice {numbers[0]} with one program's labels and "
        f"{numbers[1]} with another's; the two agree with each other to {numbers[2]}. "
        f"{look.false_positive_ml:.1f} mL marked above these slices where there is no aorta. "
        f"Agreement with software labels, not accuracy. Looked at {times}.</p>"
    )


def made(evaluation: Evaluation) -> str:
    """When and how the figures were made."""
    said = evaluation.made
    words = (
        f"Generated scans, exact labels. Claims quote the other generator. Measured {said['at'][:10]} with "
        f"{said['command']}; {evaluation.parameters['interval']}."
    )
    return f'<p class="sl-muted">{SYNTHETIC} {escaped(words)}</p>'


def counted(comparison: Comparison, reference: Reference) -> str:
    """How many cases changed and how many stayed, what right means, and why some are not among them."""
    counts = ", ".join(f"<strong>{number} {change.value}</strong>" for change, number in comparison.counts.items())
    total = len(comparison.cases)
    words = (
        f"Right from an outer-wall Dice of {comparison.threshold:.2f} with the reference, {_who(reference)}. "
        f"Stored figures{''.join(f', {method}' for method in comparison.methods)}."
    )
    return f'<p>{total} cases: {counts}.</p><p class="sl-muted">{escaped(words + _left_out(comparison))}</p>'


def changes(comparison: Comparison, first: str, second: str) -> str:
    """The cases, each a link; newly broken first."""
    shown = comparison.cases[:MOST_ROWS]
    rows = [
        [case.change.value, _link(case), f"{case.first:.3f}", f"{case.second:.3f}", _change(case)] for case in shown
    ]
    heading = ("Change", "Case", first, second, "Difference")
    more = len(comparison.cases) - len(shown)
    note = f'<p class="sl-muted">And {more:,} more, in the same order.</p>' if more > 0 else ""
    return cards.table("Outer wall Dice with the reference", heading, rows, numeric_from=2) + note


def flips(found: Flips, first: str, second: str) -> str:
    """In how many cases the decision changes, against which thresholds, and the cases with both diameters."""
    said, mm = found.thresholds, found.thresholds.diameter_mm
    limits = f"men {mm.men:g} mm, women {mm.women:g} mm ({said.name}, version {said.version}). {said.note}"
    undefined = len({one.key for one in found.undefined})
    apart = f" In {_cases(undefined)} more a mask gives no diameter: counted apart." if undefined else ""
    waiting = f" {_cases(found.not_measured)} not measured yet: secondlook measure." if found.not_measured else ""
    count = f"<strong>The decision changes in {len(found.cases)} of {_cases(found.compared)}</strong>"
    note = f'<p class="sl-muted">{escaped(f"Side of the threshold of the largest diameter: {limits}")}</p>'
    return f"<p>{count}.{escaped(apart + waiting)}</p>{note}{_flipped(found, first, second)}{_undefined(found)}"


def _flipped(found: Flips, first: str, second: str) -> str:
    if not found.cases:
        return ""
    rows = [
        [
            _link(case),
            f"now {case.side.value} {case.threshold_mm:g} mm",
            f"{case.first_mm:.1f}",
            f"{case.second_mm:.1f}",
        ]
        for case in found.cases[:MOST_ROWS]
    ]
    heading = ("Case", "Decision", f"{first} (mm)", f"{second} (mm)")
    return cards.table("Decisions that change", heading, rows, numeric_from=2)


def _undefined(found: Flips) -> str:
    if not found.undefined:
        return ""
    rows = [[_link(one), escaped(one.model), escaped(one.reason)] for one in found.undefined[:MOST_ROWS]]
    return cards.table("No diameter", ("Case", "Model", "Why"), rows, numeric_from=99)


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"


def _who(reference: Reference) -> str:
    """Whom the models are compared with; software is said to be software."""
    if reference.source is None:
        return reference.title
    note = ": agreement with software labels, not accuracy" if reference.source is LabelSource.SOFTWARE else ""
    return f"{reference.title} ({reference.source}{note})"


def _left_out(comparison: Comparison) -> str:
    missing = comparison.ran_together - len(comparison.cases)
    if missing <= 0:
        return ""
    return (
        f" In {missing} more that hold results of both there is no such figure: the reference did not draw there, or "
        "the case was taken in before these figures were kept."
    )


def _facts(model: KnownModel) -> Iterator[tuple[str, str]]:
    card = model.card
    if card is None:
        return
    yield "Model", f"{model.key} ({model.origin})"
    yield "Classes", _classes(model)
    yield (
        "Grid",
        f"{' x '.join(f'{value:g}' for value in card.spacing_mm)} mm, patch {' x '.join(map(str, card.patch))}",
    )
    yield "Window", f"{card.window_hu[0]:g} to {card.window_hu[1]:g} HU"
    yield "Format", card.format.value
    for number, member in enumerate(card.members, start=1):
        seed = "seed not stated" if member.seed is None else f"seed {member.seed}"
        yield f"Member {number}", f"{seed}, SHA-256 {member.sha256[:12]}"
    yield from ((name.replace("_", " ").capitalize(), _words(value)) for name, value in card.about.items())


def _prompted_facts(model: KnownModel, card: PromptableCard) -> Iterator[tuple[str, str]]:
    yield "Model", f"{model.key} ({model.origin})"
    if model.problem:
        yield "Not usable", model.problem
    yield "Outlines", PROMPTED
    yield "Picture", f"{card.side} x {card.side} pixels of a slice or of a part of it"
    yield "Windows", ", ".join(f"{low:g} to {high:g} HU" for low, high in card.windows_hu)
    yield "Format", card.format
    for member in card.members:
        yield member.file, f"SHA-256 {member.sha256[:12]}"
    yield from ((name.replace("_", " ").capitalize(), _words(value)) for name, value in card.about.items())


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _classes(model: KnownModel) -> str:
    if model.prompted is not None:
        return PROMPTED
    if model.card is not None and model.card.companion_of:
        return f"doubt of {model.card.companion_of}"
    return ", ".join(model.card.classes.values()) if model.card else cards.DASH


def _members(model: KnownModel) -> str:
    if model.prompted is not None:
        return "1"
    return str(len(model.card.members)) if model.card else cards.DASH


def _estimate(one: Estimate, unit: str) -> str:
    if one.value is None:
        return _plain(None, one.reason)
    digits, words = (2, "") if unit == "1" else (1, f" {unit}")
    interval = f" ({one.lower:.{digits}f} to {one.upper:.{digits}f})" if one.lower is not None else ""
    missing = f", {one.undefined} undefined" if one.undefined else ""
    text = f"{one.value:.{digits}f}{words}{interval}, n = {one.cases}{missing}"
    return f'<span title="{escaped(one.reason)}">{text}</span>'


def _plain(value: float | None, reason: str) -> str:
    return f'<span title="{escaped(reason)}">{cards.DASH}</span>' if value is None else f"{value:.2f}"


def _link(case: ComparedCase | FlippedCase | UndefinedCase) -> str:
    address = f"case?{urlencode({CASE_PARAMETER: case.key})}"
    badge = f" {SYNTHETIC}" if case.synthetic else ""
    return f'<a href="{escaped(address)}" target="_self">{escaped(case.key)}</a>{badge}'


def _change(case: ComparedCase) -> str:
    return f"{case.second - case.first:+.3f}"
