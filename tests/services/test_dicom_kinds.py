"""What hospitals send besides plain slices: compressed pixels, multi-frame images, tilted gantries, copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from scipy.ndimage import gaussian_filter

from services.imaging.dicom_series import DicomSeries, read_series
from services.imaging.progress import silent
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.services.compression import jpeg_lossless
from tests.services.multi_frame import as_multi_frame

if TYPE_CHECKING:
    from pathlib import Path


SHAPE = (8, 40, 48)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
HOUNSFIELD = np.rint(gaussian_filter(np.random.default_rng(2).normal(0, 900, SHAPE), 1.5)).astype(np.int16)


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    return write_series(tmp_path / "ct", HOUNSFIELD, AFFINE, SeriesFacts("patient 1"))


def one(paths: list[Path]) -> DicomSeries:
    series, skipped = read_series(paths, silent)
    assert skipped == []
    (only,) = series
    return only


def compress(path: Path, syntax: UID) -> None:
    image = dcmread(path)
    if syntax == DeflatedExplicitVRLittleEndian:
        image.file_meta.TransferSyntaxUID = syntax
    elif syntax == JPEGLSNearLossless:
        image.compress(syntax, jls_error=2)
    else:
        image.compress(syntax)
    image.save_as(path)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, DeflatedExplicitVRLittleEndian])
def test_lossless_compression_gives_the_same_hounsfield_units(slices: list[Path], syntax: UID) -> None:
    for path in slices:
        compress(path, syntax)
    series = one(slices)
    np.testing.assert_array_equal(series.volume.array, HOUNSFIELD)
    assert series.mended + series.remarks == ()


def test_jpeg_lossless_gives_the_same_hounsfield_units(slices: list[Path]) -> None:
    for path in slices:
        jpeg_lossless(path, path)
    assert dcmread(slices[0]).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    np.testing.assert_array_equal(one(slices).volume.array, HOUNSFIELD)


def test_lossy_compression_is_taken_and_said(slices: list[Path]) -> None:
    for path in slices:
        compress(path, JPEGLSNearLossless)
    series = one(slices)
    difference = np.abs(series.volume.array.astype(int) - HOUNSFIELD).max()
    assert 0 < difference <= 2
    assert any("JPEG-LS near-lossless" in note for note in series.remarks)


def test_one_series_may_mix_transfer_syntaxes(slices: list[Path]) -> None:
    for path, syntax in zip(slices[::2], [RLELossless, JPEGLSLossless, JPEG2000Lossless, RLELossless], strict=True):
        compress(path, syntax)
    np.testing.assert_array_equal(one(slices).volume.array, HOUNSFIELD)


def test_monochrome1_says_how_to_show_an_image_and_changes_no_value(slices: list[Path]) -> None:
    for path in slices:
        image = dcmread(path)
        image.PhotometricInterpretation = "MONOCHROME1"
        image.save_as(path)
    series = one(slices)
    np.testing.assert_array_equal(series.volume.array, HOUNSFIELD)
    assert any("MONOCHROME1" in note for note in series.remarks)


def test_a_multi_frame_image_is_the_same_volume_in_whatever_order_its_frames_are(
    slices: list[Path], tmp_path: Path
) -> None:
    order = np.random.default_rng(1).permutation(len(slices))
    series = one([as_multi_frame([slices[number] for number in order], tmp_path / "enhanced.dcm")])
    np.testing.assert_array_equal(series.volume.array, HOUNSFIELD)
    np.testing.assert_allclose(series.volume.affine, AFFINE, atol=1e-6)


def test_a_multi_frame_image_with_a_frame_too_few_is_refused(slices: list[Path], tmp_path: Path) -> None:
    path = as_multi_frame(slices, tmp_path / "enhanced.dcm")
    image = dcmread(path)
    image.PixelData = image.PixelData[: -SHAPE[1] * SHAPE[2] * 2]
    image.save_as(path)
    series, skipped = read_series([path], silent)
    assert series == []
    assert "truncated" in skipped[0].found


def test_exact_copies_of_slices_are_left_out_and_said(slices: list[Path]) -> None:
    copy = slices[0].with_name("copy.dcm")
    copy.write_bytes(slices[3].read_bytes())
    series = one([*slices, copy])
    np.testing.assert_array_equal(series.volume.array, HOUNSFIELD)
    assert series.mended == ("1 exact copy of slices left out",)


@pytest.mark.parametrize("degrees", [-20.0, -5.0, 5.0, 15.0])
def test_a_gantry_tilt_is_straightened_and_said(tmp_path: Path, degrees: float) -> None:
    """A ball seen by a tilted gantry is a ball again: its centre and its volume are where they were."""
    shape, spacing = (30, 80, 80), (2.0, 1.0, 1.0)
    shear = np.tan(np.radians(degrees)) * spacing[0]
    k, j, i = (index.astype(float) for index in np.indices(shape))
    y, z = j * spacing[1] + shear * k, k * spacing[0]
    ball = np.where(np.sqrt((z - 30) ** 2 + (y - 40 - shear * 15) ** 2 + (i - 40) ** 2) < 18, 200, -100)
    affine = np.diag([2.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]].astype(float)
    paths = write_series(tmp_path / "tilted", ball.astype(np.int16), affine, SeriesFacts("tilt"))
    for number, path in enumerate(paths):
        image = dcmread(path)
        image.ImagePositionPatient = [0, round(shear * number, 6), 2.0 * number]
        image.save_as(path)
    series = one(paths)
    assert f"{abs(degrees):.1f} degrees" in series.mended[0]
    inside = np.argwhere(series.volume.array > 50)
    centre = (series.volume.affine @ [*inside.mean(axis=0), 1])[:3]
    np.testing.assert_allclose(centre, [40, 40 + shear * 15, 30], atol=0.3)
    assert len(inside) * 2.0 == pytest.approx(4 / 3 * np.pi * 18**3, rel=0.02)


def test_a_series_too_large_for_the_memory_is_refused_before_it_is_read(slices: list[Path], tmp_path: Path) -> None:
    for path in slices:
        image = dcmread(path)
        image.Rows = image.Columns = 4096
        image.compress(RLELossless, np.zeros((4096, 4096), np.uint16))
        image.save_as(path)
    many = [path for _ in range(5) for path in slices]
    series, skipped = read_series(many, silent)
    assert series == []
    assert "671,088,640" in skipped[0].found
