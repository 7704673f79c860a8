"""What hospitals send wrongly: each input is a valid series of six slices that one function spoils.

Every header holds the marks of a patient, so that a test sees whether one of them is said again.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.filewriter import correct_ambiguous_vr, dcmwrite
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from services.phantom.dicom_writer import SeriesFacts, write_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SHAPE = (6, 12, 10)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
"""Slices at 100.0, 102.5, ... 112.5 mm."""
HOUNSFIELD = np.random.default_rng(5).integers(-1000, 1500, SHAPE).astype(np.int16)
ROOT_UID = "1.2.840.99999"
MARKS = ("Meier", "Anna", "4711", ROOT_UID)


@dataclass(frozen=True)
class Input:
    """A way to spoil a series, and what an intake must say of it."""

    spoil: Callable[[list[Path]], object]
    says: str
    """Words of what was found, of a remark, or of what was mended; '' where nothing needs to be said."""
    voxels: Callable[[NDArray[np.int16]], NDArray[np.int16]] | None = lambda volume: volume
    """What must be stored, from what was written; None: not compared, or nothing is stored."""
    what: str = ""
    """The line that says it, where it is another than the series' own."""


def valid(folder: Path) -> list[Path]:
    """A good series with the marks of a patient in its headers and file names."""
    paths = write_series(folder, HOUNSFIELD, AFFINE, SeriesFacts("4711"))
    for number, path in enumerate(paths):
        change(path, PatientName="Meier^Anna", StudyInstanceUID=f"{ROOT_UID}.1", SeriesInstanceUID=f"{ROOT_UID}.2")
        change(path, SOPInstanceUID=f"{ROOT_UID}.3.{number}", FrameOfReferenceUID=f"{ROOT_UID}.4")
        path.rename(path.with_name(f"Meier-{number}.dcm"))
    return sorted(folder.iterdir())


def change(path: Path, **fields: Any) -> None:
    """Write new values into a file; None takes an element out."""
    image = dcmread(path)
    for name, value in fields.items():
        if value is None:
            delattr(image, name)
        else:
            setattr(image, name, value)
    correct_ambiguous_vr(image, is_little_endian=True)
    image.save_as(path)


def one(number: int = 2, **fields: Any) -> Callable[[list[Path]], None]:
    """Change one slice."""
    return lambda paths: change(paths[number], **fields)


def every(**fields: Any) -> Callable[[list[Path]], None]:
    """Change all slices."""

    def spoil(paths: list[Path]) -> None:
        for path in paths:
            change(path, **fields)

    return spoil


def some(numbers: range | list[int], **fields: Any) -> Callable[[list[Path]], None]:
    """Change some slices."""

    def spoil(paths: list[Path]) -> None:
        for number in numbers:
            change(paths[number], **fields)

    return spoil


def lose(*numbers: int) -> Callable[[list[Path]], None]:
    """Take slices away."""

    def spoil(paths: list[Path]) -> None:
        for number in numbers:
            paths[number].unlink()

    return spoil


def moved(positions: Callable[[int], list[float]]) -> Callable[[list[Path]], None]:
    """Give every slice another ImagePositionPatient."""

    def spoil(paths: list[Path]) -> None:
        for number, path in enumerate(paths):
            change(path, ImagePositionPatient=[round(value, 6) for value in positions(number)])

    return spoil


def stored(convert: Callable[[NDArray[np.int32]], NDArray[Any]], **fields: Any) -> Callable[[list[Path]], None]:
    """Store the values in HU in another way: `convert` gives the stored values, `fields` say what they mean."""

    def spoil(paths: list[Path]) -> None:
        for plane, path in zip(HOUNSFIELD, paths, strict=True):
            change(path, PixelData=np.ascontiguousarray(convert(plane.astype(np.int32))).tobytes(), **fields)

    return spoil


def beside(number: int = 0, **fields: Any) -> Callable[[list[Path]], None]:
    """One file more, under the same SeriesInstanceUID."""

    def spoil(paths: list[Path]) -> None:
        extra = paths[number].with_name("Meier-extra.dcm")
        extra.write_bytes(paths[number].read_bytes())
        change(extra, **({"SOPInstanceUID": f"{ROOT_UID}.9"} | fields))

    return spoil


def file_beside(name: str, content: bytes) -> Callable[[list[Path]], None]:
    """One file more, of any kind."""
    return lambda paths: paths[0].with_name(name).write_bytes(content)


def link_beside(name: str, target: str) -> Callable[[list[Path]], None]:
    """A link more."""
    return lambda paths: paths[0].with_name(name).symlink_to(target)


def both(*spoils: Callable[[list[Path]], object]) -> Callable[[list[Path]], None]:
    """One after the other."""

    def spoil(paths: list[Path]) -> None:
        for one_of_them in spoils:
            one_of_them(paths)

    return spoil


def bytes_of(number: int, edit: Callable[[bytes], bytes]) -> Callable[[list[Path]], None]:
    """Change the bytes of one slice."""
    return lambda paths: paths[number].write_bytes(edit(paths[number].read_bytes()))


def said_damaged(tag: str, value: str, text: bytes) -> Callable[[list[Path]], None]:
    """An element of one slice that holds text where a number must be."""

    def spoil(paths: list[Path]) -> None:
        change(paths[2], **{tag: value})
        content = paths[2].read_bytes()
        assert value.encode() in content
        paths[2].write_bytes(content.replace(value.encode(), text.ljust(len(value))))

    return spoil


def without_preamble(paths: list[Path]) -> None:
    """Bare data sets, as some old archives export them: no preamble, no file meta information."""
    for path in paths:
        image = Dataset(dcmread(path))
        dcmwrite(path, image, implicit_vr=True, little_endian=True, enforce_file_format=False)


def big_endian(paths: list[Path]) -> None:
    for path in paths:
        image = dcmread(path)
        pixels = np.frombuffer(image.PixelData, "<u2").astype(">u2").tobytes()
        image.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        del image.PixelData
        big = Dataset(image)
        big.file_meta = image.file_meta
        big.add_new("PixelData", "OW", pixels)
        dcmwrite(path, big, enforce_file_format=True)


def tilted(degrees: float) -> Callable[[list[Path]], None]:
    """Every slice moved along its column, as under a tilted gantry."""
    shear = float(np.tan(np.radians(degrees)) * 2.5)
    return moved(lambda number: [-20, -15 + shear * number, 100 + 2.5 * number])


def recoded(syntax: UID, frame: bytes | None = None) -> Callable[[list[Path]], None]:
    """One slice that says that its pixels are compressed; with these bytes."""

    def spoil(paths: list[Path]) -> None:
        image = dcmread(paths[2])
        image.file_meta.TransferSyntaxUID = syntax
        image.PixelData = encapsulate([frame or image.PixelData])
        image["PixelData"].is_undefined_length = True
        image.save_as(paths[2])

    return spoil


def compressed(syntax: UID, **options: Any) -> Callable[[list[Path]], None]:
    def spoil(paths: list[Path]) -> None:
        for path in paths:
            image = dcmread(path)
            image.compress(syntax, **options)
            image.save_as(path)

    return spoil


def deflated_bomb(paths: list[Path]) -> None:
    """A file of half a megabyte that inflates to 512 MB of zeros, pixels as it says."""
    image = dcmread(paths[2])
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    image.PixelData = b""
    image.save_as(paths[2], enforce_file_format=True)
    content = paths[2].read_bytes()
    at = 144 + dcmread(paths[2]).file_meta.FileMetaInformationGroupLength
    data = zlib.decompress(content[at:], -zlib.MAX_WBITS)[:-12]
    size = 512 * 1024**2
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = press.compress(data + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size))
    packed += b"".join(press.compress(bytes(1024**2)) for _ in range(512)) + press.flush()
    paths[2].write_bytes(content[:at] + packed)


def rle_bomb(paths: list[Path]) -> None:
    """A frame whose runs are thousands of times longer than the image."""
    header = struct.pack("<16I", 2, 64, 2_000_064, *[0] * 13)
    recoded(RLELossless, header + b"\x81\x00" * 2_000_000)(paths)


def rescaled(paths: list[Path]) -> None:
    """Another intercept in every slice, as some scanners store them; the same values in HU."""
    for number, (plane, path) in enumerate(zip(HOUNSFIELD, paths, strict=True)):
        pixels = (plane.astype(np.int32) + 2000 + number).astype("<u2").tobytes()
        change(path, PixelData=pixels, RescaleIntercept=-2000 - number)


def of_no_kind(paths: list[Path]) -> None:
    """Neither the data set nor the file meta information says a SOP class."""
    for path in paths:
        image = dcmread(path)
        del image.SOPClassUID, image.file_meta.MediaStorageSOPClassUID
        image.save_as(path)


def directory_beside(paths: list[Path]) -> None:
    """The index that lies on every CD."""
    index = Dataset()
    index.FileSetID = "MEIER"
    index.file_meta = FileMetaDataset()
    index.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    index.file_meta.MediaStorageSOPInstanceUID = f"{ROOT_UID}.6"
    index.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(paths[0].with_name("DICOMDIR"), index, enforce_file_format=True)


def another_series(**fields: Any) -> Callable[[list[Path]], None]:
    """A second series of the same study beside the first, with something else in its headers."""

    def spoil(paths: list[Path]) -> None:
        for path in paths:
            other = path.with_name(f"other-{path.name}")
            other.write_bytes(path.read_bytes())
            change(other, SeriesInstanceUID=f"{ROOT_UID}.5", **fields)

    return spoil
