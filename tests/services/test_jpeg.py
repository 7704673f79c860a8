"""JPEG frames are decoded in a process of their own, so that a damaged one ends that process and not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import get_frame

from services.imaging import jpeg
from services.phantom.dicom_writer import INTERCEPT, SeriesFacts, write_series
from tests.services.compression import jpeg_lossless

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom import FileDataset

AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
VALUES = np.random.default_rng(0).integers(-900, 900, (1, 40, 48)).astype(np.int16)


@pytest.fixture
def image(tmp_path: Path) -> FileDataset:
    (path,) = write_series(tmp_path, VALUES, AFFINE, SeriesFacts("a"))
    jpeg_lossless(path, tmp_path / "jpeg.dcm")
    return dcmread(tmp_path / "jpeg.dcm")


def frame_of(image: FileDataset) -> bytes:
    return get_frame(image.PixelData, 0, number_of_frames=1)


def decoded(image: FileDataset, frame: bytes) -> NDArray[np.int32]:
    return jpeg.decode(frame, image, image.file_meta.TransferSyntaxUID).astype(np.int32) + INTERCEPT


def test_a_frame_is_what_was_written(image: FileDataset) -> None:
    np.testing.assert_array_equal(decoded(image, frame_of(image)), VALUES[0])


@pytest.mark.parametrize("table", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80"])
def test_a_damaged_huffman_table_ends_the_decoder_and_the_next_frame_is_read(image: FileDataset, table: bytes) -> None:
    """GDCM calls `terminate` for such a table."""
    whole = frame_of(image)
    at = whole.index(b"\xff\xc4") + 1
    with pytest.raises(ValueError, match="JPEG frame"):
        decoded(image, whole[:at] + table + whole[at + len(table) :])
    np.testing.assert_array_equal(decoded(image, whole), VALUES[0])


def test_a_decoder_that_ended_is_started_again(image: FileDataset) -> None:
    decoded(image, frame_of(image))
    process = jpeg.DECODER._process
    assert process is not None
    process.kill()
    np.testing.assert_array_equal(decoded(image, frame_of(image)), VALUES[0])
