"""Four readers in one byte of a voxel, worked by hand, and where a scan's readers come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.phantom.anatomy import generate
from services.phantom.readers import draw_readers
from services.segmentation.readings import READERS, packed, reader
from services.segmentation.training_set import VALIDATION_SEED, read_scans, training_plan, write_scan

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

COARSE_MM = 6.0
"""A scan is generated in a second at this spacing."""


def test_the_first_reader_has_the_lowest_two_bits() -> None:
    voxels = [np.full((1, 1, 1), label, np.uint8) for label in (1, 2, 0, 3)]
    assert packed(voxels).item() == 1 + 2 * 4 + 0 * 16 + 3 * 64


@given(arrays(np.uint8, (READERS, 2, 3, 2), elements=st.integers(0, 3)))
def test_what_was_packed_comes_out_again(drawn: NDArray[np.uint8]) -> None:
    together = packed(list(drawn))
    for number, labels in enumerate(drawn):
        np.testing.assert_array_equal(reader(together, number), labels)


@pytest.mark.parametrize(("readers", "label"), [(3, 1), (5, 1), (4, 4)])
def test_what_does_not_fit_is_refused(readers: int, label: int) -> None:
    with pytest.raises(ValueError, match="4 readers of classes 0 to 3"):
        packed([np.full((1, 1, 1), label, np.uint8)] * readers)


def test_a_scan_is_written_with_what_the_four_simulated_readers_draw_of_it(tmp_path: Path) -> None:
    """First without them, then with them: what is there stays as it is."""
    write_scan(tmp_path, VALIDATION_SEED, 3, COARSE_MM)
    [before] = read_scans(tmp_path, VALIDATION_SEED, [3])
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_scan(tmp_path, VALIDATION_SEED, 3, COARSE_MM, readers=True)
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in written} == written
    [scan] = read_scans(tmp_path, VALIDATION_SEED, [3], readers=True)
    assert before.readers is None
    assert scan.readers is not None
    for number, drawing in enumerate(draw_readers(generate(training_plan(VALIDATION_SEED, 3, COARSE_MM)))):
        np.testing.assert_array_equal(reader(scan.readers, number), drawing.labels, err_msg=drawing.author)
