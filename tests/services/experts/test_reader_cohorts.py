"""The table about simulated readers, from results by hand; no scan is generated here."""

from __future__ import annotations

from typing import Any

from scripts.reader_cohorts import BEGIN, END, quoted, table

ONE = {"dice": [0.9, 0.8], "diameters_mm": [50.0, 51.0, 56.0, None], "reasons": ["cut"]}
NONE = {"dice": [0.7], "diameters_mm": [], "reasons": []}
FOUND: dict[str, Any] = {
    "command": "python -m scripts.reader_cohorts",
    "made": {"readers": "1", "generator": "implicit 2", "measurement": "callipers 1"},
    "cases": {"case01": {"main": ONE, "low agreement": NONE, "independent of the image": NONE}},
    "real": {"what": "four radiologists", "nodules": 20, "dice": 0.78},
}


def test_the_table_by_hand() -> None:
    """Differences of 50, 51 and 56 mm: 1, 6 and 5; mean 4, deviations 3, 2, 1, so sqrt(14 / 2) = 2.6. Two are 5 mm."""
    lines = table(FOUND)
    assert lines[2] == "| simulated, main | 1 | 0.85 | 4.0 (2.6) mm, 3 pairs | 67% |"
    assert lines[3].endswith("| 0.70 | \N{EN DASH} | \N{EN DASH} |")
    assert "| 20 nodules | 0.78 |" in lines[5]


def test_scans_are_resampled_by_person() -> None:
    """Three persons whose readers all differ by 2, 4 and 6 mm: means of three of them lie between 2 and 6."""
    cases = {
        folder: FOUND["cases"]["case01"] | {"main": ONE | {"diameters_mm": [50.0, 50.0 + apart]}}
        for folder, apart in {"case01": 2, "case03": 4, "case04": 6}.items()
    }
    more = {f"case0{n}": FOUND["cases"]["case01"] | {"main": ONE | {"diameters_mm": []}} for n in (2, 5)}
    cell = table(FOUND | {"cases": cases | more})[2]
    assert "4.0 (2.0) mm, 95% 2.0 to 6.0, 3 pairs | 33% |" in cell


def test_a_page_is_brought_up_to_date_between_its_marks() -> None:
    page = quoted(f"before\n{BEGIN}\nold\n{END}\nafter\n", FOUND)
    assert page.startswith(f"before\n{BEGIN}\n| readers")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    assert quoted(page, FOUND) == page
    assert quoted("no marks", FOUND) == "no marks"
