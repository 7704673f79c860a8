"""The README says about prompts what was measured, and nothing else."""

from __future__ import annotations

import pytest

from scripts import prompts_table
from services.evaluation.prompt_tables import BEGIN, END, written


def test_the_readme_is_what_the_published_documents_say() -> None:
    page = prompts_table.PAGE.read_text(encoding="utf-8")
    assert prompts_table.brought_up(page) == page


def test_a_group_that_was_not_measured_has_a_dash() -> None:
    one_box = {"rows": [{"scans": "real CTA", "way": "followed", "starts": 75, "median": 0.9, "worst": 0.5}]}
    page = written(f"{BEGIN}\n{END}", one_box, {"rows": []}, {"scans": [], "whole": []})
    row = next(line for line in page.splitlines() if line.startswith("| one box"))
    assert row.endswith("| \N{EN DASH} | \N{EN DASH} | 0.90, 0.50, n = 75 |")


def test_a_page_without_the_marks_is_left_alone() -> None:
    with pytest.raises(ValueError, match="The page must hold"):
        written("nothing", {"rows": []}, {"rows": []}, {"scans": [], "whole": []})
