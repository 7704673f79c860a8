"""The tables about ways without a hand, written from the published document and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.evaluation.held_out import Generator
from services.evaluation.self_prompt import Way
from services.evaluation.self_prompt_results import (
    DICE,
    FIGURES,
    REAL,
    SUPPRESSED,
    VOXELS,
    difference,
    difference_over_persons,
    estimate,
    scans_of,
    whole_of,
)
from services.segmentation.transfer_results import Verdict, verdict
from services.segmentation.transfer_tables import DASH, MINUS, as_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from services.evaluation.results import Estimate
    from services.evaluation.self_prompt_results import ScanLine
    from services.segmentation.paired import Difference

BEGIN, END = "<!-- from docs/results/self_prompt.json; do not edit -->", "<!-- end of self-prompting -->"
GROUPS = (Generator.SAME.value, Generator.OTHER.value, REAL)
COMPARED = tuple(Generator)
"""Groups with enough persons for an interval."""
DECIMALS = {DICE: 3, SUPPRESSED: 2}


def written(page: str, published: Mapping[str, Any]) -> str:
    """A page with the tables between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page must hold '{BEGIN}' and below it '{END}'.")
    return "\n".join([before + BEGIN, "", *block(published), "", END + after])


def block(published: Mapping[str, Any]) -> list[str]:
    """All tables, as lines of Markdown."""
    lines = scans_of(published)
    first = f"{published['measured'][:10]}. {len(lines)} scans, {sum(line.slices for line in lines)} slices."
    tables = (part for figure in FIGURES for part in ["", *table(lines, figure)])
    return [first, "", *claims(lines), *tables, "", *whole(published)]


class _Compared(NamedTuple):
    """Two ways in one group of scans."""

    group: str
    over_all: Difference
    """Over seeds and persons; the interval that a verdict hangs on."""
    over_persons: Estimate


def claims(lines: Sequence[ScanLine]) -> list[str]:
    """What is claimed, what came out on both generators, and whether it held."""
    rows = [
        ("the gate beats soft logits alone: Dice", _compared(lines, Way.GATED, Way.SOFT, DICE)),
        ("the gate takes away voxels outside the vessel", _compared(lines, Way.SOFT, Way.GATED, VOXELS)),
        ("soft logits with gate beat a hard box: Dice", _compared(lines, Way.GATED, Way.BOX, DICE)),
        ("soft logits with gate beat hard points: Dice", _compared(lines, Way.GATED, Way.POINTS, DICE)),
        ("soft logits with gate beat no prompt: Dice", _compared(lines, Way.GATED, Way.NO_PROMPT, DICE)),
        ("training the prompt encoder, or going round it, is worse", []),
    ]
    head = ["| claim | ours: paired difference (95 % interval) | |", "|---|---|---|"]
    return head + [_claim(name, found) for name, found in rows]


def _compared(lines: Sequence[ScanLine], better: Way, worse: Way, figure: str) -> list[_Compared]:
    groups = {group.value: [line for line in lines if line.group == group] for group in COMPARED}
    return [
        _Compared(
            name,
            difference(of_group, better, worse, figure),
            difference_over_persons(of_group, better, worse, figure),
        )
        for name, of_group in groups.items()
        if of_group
    ]


def _claim(claim: str, found: Sequence[_Compared]) -> str:
    ours = "; ".join(f"{one.group}: {_words(one)}" for one in found) or DASH
    held = verdict([one.over_all for one in found]) if found else Verdict.NOT_TESTED
    return f"| {claim} | {ours} | **{held}** |"


def _words(one: _Compared) -> str:
    """A difference; where seeds are too few, with the interval over persons, and that is said."""
    value, lower, upper = one.over_persons.value, one.over_persons.lower, one.over_persons.upper
    if one.over_all.is_known or value is None or lower is None or upper is None:
        return as_words(one.over_all)
    mean, low, high = (f"{number:+.3f}".replace("-", MINUS) for number in (value, lower, upper))
    return f"{mean} ({low} to {high} over persons, too few seeds for a verdict)"


def table(lines: Sequence[ScanLine], figure: str) -> list[str]:
    """One figure: a row a way, a column a group of scans."""
    ways = [Way.GATED] if figure == SUPPRESSED else list(Way)
    head = [f"| {figure} | {' | '.join(GROUPS)} |", f"|---|{'---|' * len(GROUPS)}"]
    return head + [f"| {way} | {' | '.join(_cell(lines, way, figure, group) for group in GROUPS)} |" for way in ways]


def _cell(lines: Sequence[ScanLine], way: Way, figure: str, group: str) -> str:
    of_group = [line for line in lines if line.group == group]
    return said(estimate(of_group, way, figure), DECIMALS.get(figure, 1)) if of_group else DASH


def said(found: Estimate, decimals: int) -> str:
    """A mean with its interval, and over how many scans."""
    if found.value is None:
        return DASH
    between = "" if found.lower is None else f" ({found.lower:.{decimals}f} to {found.upper:.{decimals}f})"
    return f"{found.value:.{decimals}f}{between}, n = {found.cases}"


def whole(published: Mapping[str, Any]) -> list[str]:
    """Whole scans as `secondlook analyse` outlines them, one a row."""
    head = ["| whole scan, in 3D | Dice | ml outside the vessel |", "|---|---|---|"]
    return head + [
        f"| {one.group}: {one.name} | {DASH if one.dice is None else f'{one.dice:.3f}'} | {one.false_positive_ml:.1f} |"
        for one in whole_of(published)
    ]
