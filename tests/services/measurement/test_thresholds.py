"""Thresholds are configuration: cited, versioned, refused where they make no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.errors import InputRefused
from services.measurement import thresholds

if TYPE_CHECKING:
    from pathlib import Path

OURS = """
name = "our clinic"
version = "3"
source = "board of 2026-02-01"
note = "An example, never advice."
diameter_mm = {men = 55, women = 52.5}
growth = {rapid_mm_per_year = 10}
flag = {flip_from = 0.2}
"""


def test_the_shipped_example_is_cited_and_says_that_it_is_no_advice() -> None:
    found = thresholds.shipped()
    assert (found.name, found.version) == ("ESVS 2024", "1")
    assert (found.diameter_mm.men, found.diameter_mm.women, found.growth.rapid_mm_per_year) == (55.0, 50.0, 10.0)
    assert "doi:10.1016/j.ejvs.2023.11.002" in found.source
    assert "never advice" in found.note


def test_another_file_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(OURS)
    assert thresholds.chosen(str(file)).diameter_mm.women == 52.5
    assert thresholds.chosen("") == thresholds.shipped()


@pytest.mark.parametrize(
    ("said", "instead", "found"),
    [
        ("men = 55", "men = -1", "diameter_mm.men: input should be greater than 0"),
        ("men = 55, ", "", "diameter_mm.men: field required"),
        ("flip_from = 0.2", "flip_from = 1", "flag.flip_from: input should be less than 1"),
        ("flip_from = 0.2", "flip_from = nan", "flag.flip_from: input should be"),
        ('version = "3"', 'version = ""', "version: string should have at least 1 character"),
        ('version = "3"', 'version = "3"\ncolour = 1', "colour: extra inputs are not permitted"),
        ('version = "3"', "version 3", "something that is no TOML"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_its_place(said: str, instead: str, found: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        thresholds.read(OURS.replace(said, instead))
    assert refusal.value.found.startswith(found)


def test_a_file_that_cannot_be_read_is_refused_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refusal:
        thresholds.chosen(str(tmp_path / "Jane Doe.toml"))
    assert "FileNotFoundError" in refusal.value.found
    assert "Jane" not in str(refusal.value)
