"""The README's table about prompts: one box, clicks, and no hand at all, from the three published documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.evaluation.held_out import Generator
from services.evaluation.one_box import FOLLOWED
from services.evaluation.one_box_scenes import REAL
from services.evaluation.robot_tables import DASH, OURS
from services.evaluation.self_prompt import Way
from services.evaluation.self_prompt_results import DICE, estimate, scans_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    Published = Mapping[str, Any]

BEGIN, END = (
    "<!-- figures about prompts: python -m scripts.prompts_table -->",
    "<!-- end of the figures about prompts -->",
)
GROUPS = (Generator.SAME.value, Generator.OTHER.value, REAL)
TARGET = "NoC@90"


def written(page: str, one_box: Published, clicks: Published, no_hand: Published) -> str:
    """A page with the table between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page must hold '{BEGIN}' and below it '{END}'.")
    return "\n".join([before + BEGIN, *table(one_box, clicks, no_hand), END + after])


def table(one_box: Published, clicks: Published, no_hand: Published) -> list[str]:
    """Markdown: a row a way, a column a group of scans; as lines."""
    heads = [f"{name} (SYNTHETIC)" for name in GROUPS[:-1]] + [f"{REAL}, software labels"]
    ways = {
        "one box followed, 3D Dice: median, worst": [_followed(one_box, group) for group in GROUPS],
        "jittered clicks to a Dice of 0.90 from nothing, mean": [_clicks(clicks, group) for group in GROUPS],
        "without a hand, Dice over slices": [_slices(no_hand, group) for group in GROUPS],
        "without a hand, then followed, 3D Dice": [_whole(no_hand, group) for group in GROUPS],
    }
    rows = [f"| {way} | {' | '.join(cells)} |" for way, cells in ways.items()]
    return [f"| LiteMedSAM and our own | {' | '.join(heads)} |", "|---" * 4 + "|", *rows]


def _followed(published: Published, group: str) -> str:
    found = [row for row in published["rows"] if (row["scans"], row["way"]) == (group, FOLLOWED)]
    return f"{found[0]['median']:.2f}, {found[0]['worst']:.2f}, n = {found[0]['starts']}" if found else DASH


def _clicks(published: Published, group: str) -> str:
    wanted = (group, "empty", OURS)
    found = [row for row in published["rows"] if (row["group"], row["start"], row["arm"]) == wanted]
    return f"{found[0][TARGET]['value']:.1f}, n = {found[0]['slices']}" if found else DASH


def _slices(published: Published, group: str) -> str:
    lines = [line for line in scans_of(published) if line.group == group]
    value = estimate(lines, Way.GATED, DICE).value if lines else None
    return f"{value:.2f}, n = {sum(line.slices for line in lines)}" if value is not None else DASH


def _whole(published: Published, group: str) -> str:
    found = [one["dice"] for one in published["whole"] if one["group"] == group]
    return ", ".join(f"{dice:.2f}" for dice in found) or DASH
