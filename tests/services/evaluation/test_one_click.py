"""The measurement of one click, on a volume whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from services.evaluation import one_click
from services.evaluation.one_click import CLICK, EXAMPLE, POINT
from services.evaluation.real_scan import RealScan
from services.imaging.progress import silent
from tests.services.segmentation.promptable.bright import BrightInside, disc

SHAPE = (64, 64)


@pytest.fixture(scope="module")
def rows() -> list[one_click.Row]:
    """Of a bright tube in a dark volume: 160 slices of 1.5 mm, and one where the tube is not."""
    tube = np.repeat(disc(SHAPE, (30, 34), 8)[None], 160, axis=0)
    tube[100] = disc(SHAPE, (8, 8), 6)
    scan = RealScan(np.where(tube, 300, 0).astype(np.int16), np.diag([1.5, 1.5, 1.5, 1.0])[[2, 1, 0, 3]], tube, tube)
    return one_click.measure(BrightInside(), scan, ((-100.0, 500.0),), silent)


def test_every_slice_has_three_clicks_and_every_example_is_looked_for_on_both_sides(
    rows: list[one_click.Row],
) -> None:
    counts = {line["arm"]: line["n"] for line in one_click.summary(rows)}
    slices = len(one_click.SLICES)
    assert counts == {POINT: 3 * slices, CLICK: 3 * slices, EXAMPLE: 2 * slices - 1}


def test_a_model_that_sees_the_tube_outlines_it_from_a_click(rows: list[one_click.Row]) -> None:
    assert all(row.dice == 1.0 for row in rows if row.arm in {POINT, CLICK})


def test_the_summary_tells_the_worst_and_the_share_below() -> None:
    made = [one_click.Row("arm", 10, 0.9), one_click.Row("arm", 20, 0.5), one_click.Row("arm", 30, None)]
    (line,) = one_click.summary(made)
    assert line == {"arm": "arm", "n": 3, "median": 0.5, "worst": 0.0, "below_0.7": round(2 / 3, 4)}


def test_rows_are_plain_enough_for_json(rows: list[one_click.Row]) -> None:
    assert one_click.as_json(rows)[0] == {"arm": POINT, "slice_index": 10, "dice": 1.0, "agreement": None}


def test_clicks_are_the_same_every_time_and_lie_in_the_part() -> None:
    part = disc(SHAPE, (30, 34), 8)
    clicks = [one_click._click(part, 40, number) for number in range(3)]
    assert clicks == [one_click._click(part, 40, number) for number in range(3)]
    assert (clicks[0].row, clicks[0].column) == (30, 34)
    assert len(set(clicks)) == 3
    assert all(part[round(click.row), round(click.column)] for click in clicks)
