"""What `secondlook evaluate` says; measuring itself takes an hour and is no test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.cli_evaluate import sentences
from services.cli_evaluate_uncertainty import cards_of
from services.evaluation import evaluating
from services.evaluation.held_out import Generator
from services.evaluation.lines import Line
from services.evaluation.measures import MEASURES
from services.evaluation.results import Look
from services.evaluation.uncertainty_ways import Part
from services.segmentation.registry import SHIPPED
from tests.services.evaluation import scans

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.conftest import Run


def test_a_model_that_is_not_here_is_refused_before_anything_heavy_begins(run: Run) -> None:
    code, out, said = run("evaluate", "--model", "nobody@9")
    assert (code, out) == (2, "")
    assert "secondlook models list" in said


def test_both_columns_are_said_with_their_numbers_and_the_real_scan_with_its_looks(tmp_path: Path) -> None:
    figures = {Generator.SAME: 0.9, Generator.OTHER: 0.7}
    lines = [Line("a", one, 1, (), "", dict.fromkeys(MEASURES, value)) for one, value in figures.items()]
    looks = (Look("2026-11-25T01:00:00+00:00", "f", 0.61, 0.6, 0.97, 3.0),) * 3
    said = sentences(evaluating.figures_of(scans.card(tmp_path), "f", lines, looks, "secondlook evaluate"))
    assert "all scans: 0.90, n = 1 on the same generator, 0.70, n = 1 on the other." in said
    assert said[-1] == "Real CTA: Dice 0.61 with software labels, no accuracy; looked at 3 times."


def test_a_folder_without_controls_is_refused_before_anything_heavy_begins(run: Run, tmp_path: Path) -> None:
    code, out, said = run("evaluate", "--uncertainty", "--controls", tmp_path)
    assert (code, out) == (2, "")
    assert "secondlook train soft" in said


def test_controls_are_known_by_the_folders_that_training_leaves_them_in(tmp_path: Path) -> None:
    for folder in ("aorta_exact", "aorta_soft", "anything"):
        (tmp_path / "trained" / folder).mkdir(parents=True)
        for path in (SHIPPED / "locator").iterdir():
            (tmp_path / "trained" / folder / path.name).write_bytes(path.read_bytes())
    found = cards_of(tmp_path)
    assert {Part.A, Part.AUGMENTATION, Part.B, Part.EXACT} <= set(found)
    assert found[Part.EXACT].folder == tmp_path / "trained" / "aorta_exact"
    assert found[Part.A] == found[Part.AUGMENTATION]
    assert not {Part.FIRST, Part.MAJORITY} & set(found)
