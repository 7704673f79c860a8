"""A DICOM CT series in, Hounsfield units at the right place out; what is not right is refused in three parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import ExplicitVRBigEndian

from services.imaging.dicom_series import read_series
from services.imaging.progress import silent
from services.phantom.dicom_writer import INTERCEPT, SeriesFacts, write_series
from tests.conftest import real_data

if TYPE_CHECKING:
    from pathlib import Path

    from highdicom import Volume

    from services.prepared import Skipped

SHAPE = (6, 5, 4)
HOUNSFIELD = (np.arange(np.prod(SHAPE), dtype=np.int16) * 7 - 400).reshape(SHAPE)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
FACTS = SeriesFacts("patient 1")


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    """A valid series of six slices."""
    return write_series(tmp_path / "ct", HOUNSFIELD, AFFINE, FACTS)


def read(paths: list[Path]) -> tuple[list[Volume], list[Skipped]]:
    series, skipped = read_series(paths, silent)
    return [one.volume for one in series], skipped


def one(paths: list[Path]) -> Volume:
    volumes, skipped = read(paths)
    assert skipped == []
    (volume,) = volumes
    return volume


def change(path: Path, **fields: Any) -> None:
    """Write new values into a file; None takes an element out."""
    image = dcmread(path)
    for name, value in fields.items():
        if value is None:
            delattr(image, name)
        else:
            setattr(image, name, value)
    image.save_as(path)


def change_all(paths: list[Path], **fields: Any) -> None:
    for path in paths:
        change(path, **fields)


def test_values_and_place_come_back(slices: list[Path]) -> None:
    volume = one(slices)
    np.testing.assert_array_equal(volume.array, HOUNSFIELD)
    assert volume.array.dtype == np.int16
    np.testing.assert_allclose(volume.affine, AFFINE)


def test_names_and_numbers_of_files_mean_nothing(slices: list[Path]) -> None:
    for number, path in enumerate(slices):
        change(path, InstanceNumber=100 - number)
        path.rename(path.with_name(f"{(number * 5) % 6}-{number}"))
    shuffled = list(slices[0].parent.iterdir())
    np.testing.assert_array_equal(one(shuffled).array, HOUNSFIELD)


def test_slices_sent_from_head_to_foot_are_the_same_volume(tmp_path: Path) -> None:
    upside_down = AFFINE.copy()
    upside_down[:3, 3] += 5 * AFFINE[:3, 0]
    upside_down[:3, 0] *= -1
    volume = one(write_series(tmp_path / "down", HOUNSFIELD[::-1], upside_down, FACTS))
    np.testing.assert_array_equal(volume.array, HOUNSFIELD)
    np.testing.assert_allclose(volume.affine, AFFINE)


@settings(max_examples=15, deadline=None)
@given(slope=st.sampled_from([1.0, 0.5, 2.0]), intercept=st.integers(-2000, 500), signed=st.booleans())
def test_stored_values_become_hounsfield_units(
    tmp_path_factory: pytest.TempPathFactory, slope: float, intercept: int, *, signed: bool
) -> None:
    paths = write_series(tmp_path_factory.mktemp("rescaled"), HOUNSFIELD, AFFINE, FACTS)
    stored = np.arange(20, dtype="<i2" if signed else "<u2") - (10 if signed else 0)
    fields = {"RescaleSlope": slope, "RescaleIntercept": intercept, "PixelRepresentation": int(signed)}
    change_all(paths, **fields, PixelData=stored.tobytes())
    expected = np.clip(np.rint(stored * slope + intercept), -32768, 32767).reshape(SHAPE[1:])
    np.testing.assert_array_equal(one(paths).array[3], expected)


def test_without_rescale_signed_stored_values_are_the_hounsfield_units(slices: list[Path]) -> None:
    change_all(slices, RescaleSlope=None, RescaleIntercept=None, PixelRepresentation=1)
    np.testing.assert_array_equal(one(slices).array, HOUNSFIELD - INTERCEPT)


def test_big_endian_pixels_are_read_as_they_are_meant(slices: list[Path]) -> None:
    for path in slices:
        image = dcmread(path)
        pixels = np.frombuffer(image.PixelData, "<u2").astype(">u2").tobytes()
        del image.PixelData
        big = Dataset(image)
        big.add_new("PixelData", "OW", pixels)
        big.file_meta = image.file_meta
        big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        dcmwrite(path, big, enforce_file_format=True)
    np.testing.assert_array_equal(one(slices).array, HOUNSFIELD)


def test_an_oblique_series_keeps_its_orientation(tmp_path: Path) -> None:
    turn = np.linalg.qr(np.array([[1.0, 0.2, 0.1], [-0.2, 1.0, 0.3], [0.05, -0.3, 1.0]]))[0]
    turn *= np.sign(np.linalg.det(turn))
    oblique = AFFINE.copy()
    oblique[:3, :3] = turn @ AFFINE[:3, :3]
    volume = one(write_series(tmp_path / "oblique", HOUNSFIELD, oblique, FACTS))
    np.testing.assert_allclose(volume.affine, oblique, atol=1e-5)


def test_positions_rounded_by_the_scanner_are_still_even(slices: list[Path]) -> None:
    for number, path in enumerate(slices):
        change(path, ImagePositionPatient=[-20, -15, round(100 + 2.5 * number + 0.02 * (number % 2), 2)])
    assert one(slices).spacing[0] == pytest.approx(2.5, abs=0.01)


def test_two_series_in_one_folder_are_two_volumes(slices: list[Path], tmp_path: Path) -> None:
    others = write_series(tmp_path / "other", HOUNSFIELD[:3], AFFINE, SeriesFacts("patient 1", description="second"))
    volumes, skipped = read([*slices, *others])
    assert sorted(len(volume.array) for volume in volumes) == [3, 6]
    assert skipped == []


@pytest.mark.parametrize("value", ["", "Meier^Anna", "1\\2", "a\\b\\c", "nan\\0\\0", "inf\\0\\0", "1e999\\0\\0"])
def test_a_position_that_is_none_is_said_and_not_repeated(slices: list[Path], value: str) -> None:
    whole = slices[-1].read_bytes()
    position = b"-20\\-15\\112.5 "
    assert position in whole
    slices[-1].write_bytes(whole.replace(position, value.encode().ljust(len(position))))
    volumes, skipped = read(slices)
    assert volumes == []
    assert [left_out.what for left_out in skipped] == ["6 CT images"]
    assert "1 of 6 CT images: " in skipped[0].found
    assert "Meier" not in str(skipped)


@pytest.mark.real
def test_three_real_slices_of_a_scanner_are_one_volume() -> None:
    folder = real_data("ct_seg_sr_dicom", "ct-3slice")
    volume = one(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() == ".dcm"))
    assert len(volume.array) == 3
    assert volume.array.min() == -3024  # the scanner's own value outside its circle
    assert -60 < np.median(volume.array[:, 180:330, 180:330]) < 150
