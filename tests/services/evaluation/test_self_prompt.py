"""Ways to outline without a hand: what is counted on a slice, and what the tables make of it. All answers by hand."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts import self_prompt_page
from services.evaluation import self_prompt_results as results
from services.evaluation import self_prompt_tables as tables
from services.evaluation.held_out import Generator
from services.evaluation.self_prompt import Counts, Way, box_of, count, points_of, slices_of_scan
from services.evaluation.self_prompt_results import DICE, SUPPRESSED, VOLUME, VOXELS, ScanLine, Whole
from services.segmentation.promptable.prompts import Answer, Box, Click, Prompt
from services.segmentation.promptable.self_prompt_weights import Proposal
from services.segmentation.promptable.self_prompting import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.segmentation.promptable.self_prompted import Propose

SIDE = 64
AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [4, 0, 0, 0], [0, 0, 0, 1.0]])
WALL = np.zeros((6, SIDE, SIDE), bool)
WALL[:4, 20:30, 20:30] = True
"""100 voxels of 4 mm3 on each of four slices, none on two."""
HOUNSFIELD = np.where(WALL, 400, 0).astype(np.int16)


class Fills:
    """A promptable model that fills the box, and says nothing to clicks. Its embedding is the picture itself."""

    key, side = "fills", SIDE

    def __init__(self) -> None:
        self.identity = {"engine": "none"}

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        embedding: NDArray[np.float16] = picture[0].astype(np.float16)
        return embedding

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        logits = np.full(embedding.shape, -20, np.float32)
        if prompt.box:
            top, left, bottom, right = (round(edge) for edge in prompt.box)
            logits[top : bottom + 1, left : right + 1] = 20
        return Answer(logits, 1.0)

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        return [self.answer(embedding, prompt) for prompt in prompts]


def proposing(left_out: int, *, vetoed: bool = False, beside: int = 0) -> Propose:
    """What is bright, without its first rows, which the gate vetoed or not, and so many voxels in a corner."""

    def propose(embedding: NDArray[np.float16]) -> Proposal:
        bright = embedding > 0.5
        drawn, gate = bright.copy(), np.ones(bright.shape, np.float32)
        drawn[20 : 20 + left_out] = False
        gate[20 : 20 + left_out] = 0 if vetoed else 1
        drawn[0, :beside] = True
        logits = np.where(drawn, 20, -20).astype(np.float32)
        return Proposal(logits, logits, -logits, gate)

    return propose


def counted() -> dict[Way, Counts]:
    arms = {Arm.NO_PROMPT: proposing(0, beside=3), Arm.SOFT: proposing(5), Arm.GATED: proposing(2, vetoed=True)}
    looked = slices_of_scan(HOUNSFIELD, WALL, AFFINE, 4.0)
    assert looked.slices == (0, 1, 2, 3, 4, 5)
    found = count(looked, Fills(), {(arm, 1): propose for arm, propose in arms.items()})
    return {way: seeds[1] for way, seeds in found.items()}


def test_shared_drawn_and_missed_voxels_are_counted_over_all_slices() -> None:
    found = counted()
    assert found[Way.NO_PROMPT] == Counts(400, 400 + 6 * 3, 400, 0)
    assert found[Way.SOFT] == Counts(200, 200, 400, 0)
    assert found[Way.GATED] == Counts(320, 320, 400, 80)


def test_hard_prompts_are_made_of_the_gated_arm_s_foreground_and_clicks_may_say_nothing() -> None:
    found = counted()
    assert found[Way.BOX] == found[Way.OWN_BOX] == Counts(320, 320, 400, 0)
    assert found[Way.POINTS] == Counts(0, 0, 400, 0)


def test_dice_false_positives_and_over_suppression() -> None:
    one = Counts(shared=6, drawn=10, exact=8, vetoed=1)
    assert (one.dice, one.false_positives, one.over_suppression) == (12 / 18, 4, 0.5)
    assert math.isnan(Counts(0, 0, 0, 0).dice)
    assert math.isnan(Counts(8, 10, 8, 0).over_suppression)


def test_a_box_is_around_the_largest_piece() -> None:
    logits = np.full((SIDE, SIDE), -1, np.float32)
    logits[10:20, 30:40] = logits[50, 50] = 1
    assert box_of(logits) == Prompt(box=Box(10, 30, 19, 39))
    assert box_of(-np.ones((SIDE, SIDE), np.float32)) is None


def test_clicks_are_deep_inside_and_where_the_background_is_surest() -> None:
    foreground = np.full((SIDE, SIDE), -1, np.float32)
    foreground[10:21, 30:41] = 1
    background = np.zeros((SIDE, SIDE), np.float32)
    background[60, 2] = 9
    found = points_of(Proposal(foreground, foreground, background, None))
    assert found == Prompt(clicks=(Click(15, 35), Click(60, 2, positive=False)))


def line(group: str, person: int, soft: int, gated: int) -> ScanLine:
    """Of 100 voxels so many are found; the soft way draws 10 beside the vessel. Ten slices, voxels of 2 mm3."""
    others = {way: [50, 50, 100, 0] for way in Way}
    ways = others | {Way.SOFT: [soft, soft + 10, 100, 0], Way.GATED: [gated, gated, 100, 4]}
    counts = {way.value: dict.fromkeys("123", of_way) for way, of_way in ways.items()}
    return ScanLine(group, f"scan {person}", person, 10, 2.0, counts)


LINES = [line(group.value, person, 60, 70 + person) for group in Generator for person in (1, 2, 3)]


def test_figures_are_means_over_scans_with_an_interval_over_persons() -> None:
    of_group = [one for one in LINES if one.group == Generator.OTHER]
    found = results.estimate(of_group, Way.GATED, DICE)
    assert found.value == pytest.approx(np.mean([2 * n / (n + 100) for n in (71, 72, 73)]))
    assert found.lower is not None
    assert results.estimate(of_group, Way.SOFT, VOXELS).value == 1
    assert results.estimate(of_group, Way.SOFT, VOLUME).value == 2
    assert results.estimate(of_group, Way.GATED, SUPPRESSED).value == pytest.approx(np.mean([4 / 29, 4 / 28, 4 / 27]))


def test_a_gain_in_both_generators_is_a_claim_that_held() -> None:
    said = tables.claims(LINES)
    assert [row for row in said if row.startswith("| the gate beats soft") and row.endswith("**reproduced** |")]
    assert [row for row in said if row.startswith("| the gate takes away") and row.endswith("**reproduced** |")]
    assert [row for row in said if row.startswith("| training the prompt") and row.endswith("**not tested** |")]


def test_one_seed_is_too_few_to_say_whether_a_claim_held_and_the_interval_over_persons_is_named() -> None:
    few = [
        ScanLine(**vars(one) | {"counts": {way: {"1": seeds["1"]} for way, seeds in one.counts.items()}})
        for one in LINES
    ]
    (row,) = [row for row in tables.claims(few) if row.startswith("| the gate takes away")]
    assert "other generator: +1.000 (+1.000 to +1.000 over persons, too few seeds for a verdict)" in row
    assert row.endswith("**not tested** |")


def test_lines_come_back_as_they_were_and_one_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    whole = Whole("real CTA", "thoracic aorta", None, 1.5, found=False)
    for one in (LINES[0], whole):
        results.append(tmp_path / "lines", one)
    with (tmp_path / "lines").open("a") as file:
        file.write('{"kind": "Wh')
    assert results.kept(tmp_path / "lines") == [LINES[0], whole]
    results.append(tmp_path / "lines", LINES[1])
    assert results.kept(tmp_path / "lines") == [LINES[0], whole, LINES[1]]


def test_the_document_gives_the_same_tables_again_and_says_how_it_was_made(tmp_path: Path) -> None:
    published = results.document(
        [*LINES, Whole("real CTA", "aorta", 0.5, 1.5, found=True)], {"version": "1"}, "command"
    )
    results.write(tmp_path / "self_prompt.json", published)
    said = tables.block(published)
    assert "| real CTA: aorta | 0.500 | 1.5 |" in said
    assert any("| soft logits with gate | 0.8" in row and "n = 3" in row for row in said)
    page = tables.written(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter", published)
    assert "old" not in page
    assert page.startswith("before\n")
    assert page.endswith(f"{tables.END}\nafter")


def test_the_page_of_claims_is_what_the_published_document_says() -> None:
    published = json.loads(self_prompt_page.RESULTS.read_text(encoding="utf-8"))
    page = self_prompt_page.PAGE.read_text(encoding="utf-8")
    assert page == tables.written(page, published)
