"""A file is parsed once: what the header says is what pydicom says, and its pixels are where they are said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom import DataElement, Dataset, dcmread, dcmwrite
from pydicom.errors import BytesLengthException
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from services.errors import InputRefused
from services.imaging.decoding import PixelReader
from services.imaging.dicom_file import TAGS, examine
from services.imaging.parsing import HeaderReader
from services.phantom.dicom_writer import SeriesFacts, write_series

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

VALUES = np.arange(3 * 4 * 6, dtype=np.int16).reshape(3, 4, 6) * 9 - 300
AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
AS_THEY_LIE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    return write_series(tmp_path / "ct", VALUES, AFFINE, SeriesFacts("patient 1"))


def rewrite(path: Path, syntax: UID, **fields: Any) -> None:
    """The same slice in another transfer syntax, its pixels in that byte order."""
    image = dcmread(path)
    pixels = np.frombuffer(image.PixelData, "<u2").astype("<u2" if syntax.is_little_endian else ">u2").tobytes()
    again = Dataset()
    again.update(image)
    again.add_new("PixelData", "OW", pixels)
    for name, value in fields.items():
        setattr(again, name, value)
    again.file_meta = image.file_meta
    again.file_meta.TransferSyntaxUID = syntax
    dcmwrite(path, again, enforce_file_format=True)


@pytest.mark.parametrize("syntax", AS_THEY_LIE, ids=lambda syntax: syntax.name)
def test_the_pixels_lie_where_it_is_said(slices: list[Path], syntax: UID) -> None:
    rewrite(slices[1], syntax)
    place = HeaderReader(TAGS).read(slices[1]).pixels
    assert place is not None
    assert slices[1].read_bytes()[place.offset :][: place.length] == dcmread(slices[1]).PixelData
    assert place.is_little_endian == syntax.is_little_endian


@pytest.mark.parametrize("syntax", [RLELossless, DeflatedExplicitVRLittleEndian], ids=lambda syntax: syntax.name)
def test_pixels_that_must_be_decoded_have_no_place(slices: list[Path], syntax: UID) -> None:
    if syntax == RLELossless:
        image = dcmread(slices[0])
        image.compress(syntax)
        image.save_as(slices[0])
    else:
        rewrite(slices[0], syntax)
    assert HeaderReader(TAGS).read(slices[0]).pixels is None


@pytest.mark.parametrize("syntax", AS_THEY_LIE, ids=lambda syntax: syntax.name)
def test_headers_of_many_files_say_what_pydicom_says_of_each(slices: list[Path], syntax: UID) -> None:
    for number, path in enumerate(slices):
        rewrite(path, syntax, KVP=100 + number, WindowWidth=[400, 100 * number])
    headers = HeaderReader(TAGS)
    for path in slices:
        header, whole = headers.read(path).header, dcmread(path)
        wanted = {tag: whole.get(tag) for tag in TAGS if tag in whole}
        assert {tag: header.get(tag) for tag in TAGS if tag in header} == wanted


def test_equal_bytes_in_another_character_set_are_another_name(slices: list[Path]) -> None:
    for path, characters in zip(slices[:2], ["ISO_IR 100", "ISO_IR 144"], strict=True):
        image = dcmread(path)
        image.SpecificCharacterSet, image.PatientName = "ISO_IR 100", "M\u00e9ier"
        image.save_as(path)
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", characters.encode()))
    headers = HeaderReader(("PatientName",))
    names = [str(headers.read(path).header.PatientName) for path in slices[:2]]
    assert names == ["M\u00e9ier", "M\u0449ier"]


def test_equal_elements_are_held_once(slices: list[Path]) -> None:
    headers = HeaderReader(TAGS)
    first, second = (headers.read(path).header for path in slices[:2])
    assert first["PixelSpacing"] is second["PixelSpacing"]
    assert first["ImagePositionPatient"] is not second["ImagePositionPatient"]


@settings(max_examples=60, deadline=None)
@given(
    stored=arrays(np.uint16, (4, 6)),
    intercept=st.one_of(st.integers(-70_000, 70_000), st.sampled_from([10**15, -(10**15)])),
    signed=st.booleans(),
)
def test_a_sum_beyond_16_bits_is_the_nearest_there_is(
    tmp_path_factory: pytest.TempPathFactory, stored: NDArray[np.uint16], intercept: int, *, signed: bool
) -> None:
    (path,) = write_series(tmp_path_factory.mktemp("one"), VALUES[:1], AFFINE, SeriesFacts("patient 1"))
    rewrite(path, ExplicitVRLittleEndian, RescaleIntercept=intercept, PixelRepresentation=int(signed))
    image = dcmread(path)
    image.PixelData = stored.tobytes()
    image.save_as(path)
    (plane,) = examine(path, HeaderReader(TAGS)).planes
    found = np.empty((4, 6), dtype=np.int16)
    PixelReader().read(plane, found)
    exact = stored.view(np.int16 if signed else np.uint16).astype(np.int64) + intercept
    np.testing.assert_array_equal(found, np.clip(exact, -(2**15), 2**15 - 1))


def test_pixels_that_their_header_says_are_fewer_are_not_read_beyond(slices: list[Path]) -> None:
    image = dcmread(slices[0])
    image.PixelData = image.PixelData[:-2]
    image.DataSetTrailingPadding = b"\0" * 64
    image.save_as(slices[0])
    (plane,) = examine(slices[0], HeaderReader(TAGS)).planes
    with pytest.raises(InputRefused, match="46 of 48 bytes"):
        PixelReader().read(plane, np.empty((4, 6), dtype=np.int16))


def test_an_element_that_cannot_be_converted_is_met_at_once_and_the_others_are_there(slices: list[Path]) -> None:
    """BitsAllocated, US: a value of three bytes instead of two."""
    whole, element = slices[0].read_bytes(), b"\x28\0\0\x01US\x02\0\x10\0"
    assert element in whole
    slices[0].write_bytes(whole.replace(element, b"\x28\0\0\x01US\x03\0\x10\0\0"))
    parsed = HeaderReader(TAGS).read(slices[0])
    without = HeaderReader(TAGS, dispensable=["BitsAllocated"]).read(slices[0])
    assert isinstance(parsed.damage, BytesLengthException)
    assert without.damage is None
    assert "BitsAllocated" not in without.header
    assert parsed.header.Rows == VALUES.shape[1]
    assert examine(slices[0], HeaderReader(TAGS)).refusal is not None


def test_a_header_that_was_read_cannot_be_changed(slices: list[Path]) -> None:
    first = HeaderReader(TAGS).read(slices[0]).header
    with pytest.raises(TypeError, match="must not be changed"):
        first.Rows = 7
    with pytest.raises(TypeError, match="must not be changed"):
        first["Rows"] = DataElement("Rows", "US", 7)
    with pytest.raises(TypeError, match="must not be changed"):
        del first.Rows
    assert (first.Rows, first.get("Rows"), first["Rows"].value, first.get("ModelName", 5)) == (4, 4, 4, 5)
