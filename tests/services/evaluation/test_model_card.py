"""docs/models.md and README's figures, from an evaluation whose numbers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import model_card
from services.evaluation import evaluating
from services.evaluation.held_out import Generator
from services.evaluation.lines import Line
from services.evaluation.measures import MEASURES
from services.evaluation.results import Evaluation, Look
from services.phantom.structures import Factor
from tests.services.evaluation import scans

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.card import ModelCard


@pytest.fixture
def card(tmp_path: Path) -> ModelCard:
    return scans.card(tmp_path)


@pytest.fixture
def evaluation(card: ModelCard) -> Evaluation:
    """Four persons of the other generator, all with Dice 0.5; one of the same with 0.75 and high noise."""
    lines = [Line("a", Generator.SAME, 9, (Factor.NOISE,), "", dict.fromkeys(MEASURES, 0.75))]
    lines += [Line(f"b{n}", Generator.OTHER, n, (), "", dict.fromkeys(MEASURES, 0.5)) for n in range(4)]
    looks = (Look("2026-11-25T01:00:00+00:00", "f", 0.61, None, 0.97, 3.0),)
    return evaluating.figures_of(card, "f" * 12, lines, looks, "secondlook evaluate")


def test_a_model_without_figures_says_so(card: ModelCard) -> None:
    assert model_card.section(card, None).splitlines()[-1] == model_card.UNMEASURED


def test_the_card_and_every_stratum_stand_in_two_columns(card: ModelCard, evaluation: Evaluation) -> None:
    lines = model_card.section(card, evaluation).splitlines()
    for line in (
        "## aorta@1",
        "| Training data | generated scans |",
        "| Member 1 | seed 11, SHA-256 aaaaaaaaaaaa |",
        "| all scans | 0.75, n = 1 | 0.50 (0.50 to 0.50), n = 4 |",
        "| high noise | 0.75, n = 1 | \N{EN DASH} (no such scan) |",
    ):
        assert line in lines


def test_readme_has_the_four_figures_and_the_real_scan_whatever_it_is(card: ModelCard, evaluation: Evaluation) -> None:
    text = model_card.short(card, evaluation)
    assert [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")] == [card.key, *MEASURES]
    assert "outer wall Dice 0.61 with one program's labels,\nundefined with a second one's" in text
    assert "Agreement with software labels, not accuracy. This scan was looked at once." in text


def test_what_stands_around_the_figures_in_readme_stays() -> None:
    text = f"before\n{model_card.BEGIN}\nold\n{model_card.END}\nafter\n"
    written = model_card.readme(text)
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old" not in written
    assert model_card.readme(written) == written
