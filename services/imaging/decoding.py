"""Stored pixels to Hounsfield units, uncompressed and compressed. Every decoder used has a licence without copyleft."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from services.imaging import jpeg
from services.imaging.part10 import read_dicom
from services.imaging.pixel_data import require_frame_size, require_length, require_pixels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.imaging.parsing import PixelPlace, Plane

BITS = 16
"""Of one stored value that is not compressed."""
COMPRESSED = {
    JPEGBaseline8Bit: "gdcm",
    JPEGExtended12Bit: "gdcm",
    JPEGLossless: "gdcm",
    JPEGLosslessSV1: "gdcm",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    RLELossless: "pydicom",
}
"""Transfer syntax and the plug-in of pydicom that decodes it; gdcm in a process of its own."""
LOSSY = {
    JPEGBaseline8Bit: "JPEG baseline",
    JPEGExtended12Bit: "JPEG extended",
    JPEGLSNearLossless: "JPEG-LS near-lossless",
    JPEG2000: "JPEG 2000",
}
"""Syntaxes whose values may differ from what the scanner measured; said with the image."""
LOWEST, HIGHEST = -(2**15), 2**15 - 1
"""What an image in HU can hold."""


class PixelReader:
    """Slices in Hounsfield units, one after another; a file that must be decoded is kept for the next frame of it."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._dataset = Dataset()

    def read(self, plane: Plane, into: NDArray[np.int16]) -> None:
        """Write one slice in HU to `into`, (rows, columns) in C order.

        Values beyond 16 bits become the nearest there is. Raises InputRefused where the pixels are not there or not
        whole, and what pydicom raises on damaged ones.
        """
        header = plane.header
        slope, intercept = _number(header, "RescaleSlope", 1.0), _number(header, "RescaleIntercept", 0.0)
        if plane.pixels is not None:
            require_length(plane.pixels.length, header)
            stored = into.view(np.dtype("i2" if header.PixelRepresentation else "u2"))
            _read_as_it_lies(plane.path, plane.pixels, plane.frame or 0, stored)
            _drop_unused_bits(stored, int(header.BitsStored))
        else:
            stored = self._from_dataset(plane, into)
        _rescale(stored, slope, intercept, into)

    def _from_dataset(self, plane: Plane, into: NDArray[np.int16]) -> NDArray[np.integer]:
        """The stored values of a slice; 16-bit ones are put where they will be wanted."""
        if self._path != plane.path:
            self._path, self._dataset = None, read_dicom(plane.path)
            self._path = plane.path
        image, syntax = self._dataset, self._dataset.file_meta.TransferSyntaxUID
        require_pixels(image, encapsulated=syntax in COMPRESSED)
        stored = _decoded(image, plane.frame or 0) if syntax in COMPRESSED else _plain(image, plane.frame or 0)
        if stored.shape != into.shape:
            message = "The decoded image has another size than its header says."
            raise ValueError(message)
        if stored.dtype.itemsize > into.itemsize:
            return stored
        narrow = into.view(stored.dtype if stored.dtype.itemsize == into.itemsize else np.int16)
        narrow[...] = stored
        return narrow


def _decoded(image: Dataset, frame: int) -> NDArray[np.integer]:
    """A compressed frame. Raises ValueError where it says of itself that it is larger than its header says."""
    syntax = image.file_meta.TransferSyntaxUID
    plugin = COMPRESSED[syntax]
    encoded = get_frame(image.PixelData, frame, number_of_frames=int(image.get("NumberOfFrames") or 1))
    require_frame_size(encoded, syntax, int(image.Rows), int(image.Columns))
    if plugin == "gdcm":
        return jpeg.decode(encoded, image, syntax)
    stored, _ = get_decoder(syntax).as_array(image, index=frame, raw=True, decoding_plugin=plugin)
    plane: NDArray[np.integer] = np.asarray(stored)
    return plane


def _read_as_it_lies(path: Path, place: PixelPlace, frame: int, stored: NDArray[np.integer]) -> None:
    """Read an uncompressed frame from its file straight to where it is wanted."""
    with path.open("rb") as file:
        file.seek(place.offset + frame * stored.nbytes)
        found = file.readinto(stored.reshape(-1).view(np.uint8).data)
    if (frame + 1) * stored.nbytes > place.length or found < stored.nbytes:
        message = "The file must hold all pixels of its frames."
        raise EOFError(message)
    if place.is_little_endian != (sys.byteorder == "little"):
        stored.byteswap(inplace=True)


def _plain(dataset: Dataset, frame: int) -> NDArray[np.integer]:
    """A frame of a file that pydicom had to unpack, such as a deflated one."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    kind = np.dtype(f"{order}{'i' if dataset.PixelRepresentation else 'u'}2")
    begin = kind.itemsize * frame * rows * columns
    found: NDArray[np.integer] = np.frombuffer(dataset.PixelData, dtype=kind, count=rows * columns, offset=begin)
    plane = found.reshape(rows, columns).astype(kind.newbyteorder("="))
    _drop_unused_bits(plane, int(dataset.BitsStored))
    return plane


def _drop_unused_bits(plane: NDArray[np.integer], stored: int) -> None:
    """Clear, in place, the bits beyond BitsStored, which are not part of a value (DICOM PS3.5 8.1.1)."""
    if stored != BITS:
        unused = BITS - stored
        np.left_shift(plane, unused, out=plane)
        np.right_shift(plane, unused, out=plane)


def _rescale(stored: NDArray[np.integer], slope: float, intercept: float, into: NDArray[np.int16]) -> None:
    """Stored values to HU. `stored` may be the same memory as `into`."""
    if slope != 1.0 or not intercept.is_integer() or stored.dtype.itemsize != into.itemsize:
        into[...] = np.clip(np.rint(stored * slope + intercept), LOWEST, HIGHEST)
        return
    limits, shift = np.iinfo(stored.dtype), int(intercept)
    lowest, highest = max(limits.min, LOWEST - shift), min(limits.max, HIGHEST - shift)
    if lowest > highest:
        into[...] = LOWEST if shift < 0 else HIGHEST
        return
    if stored.min() < lowest or stored.max() > highest:
        np.clip(stored, lowest, highest, out=stored)
    np.add(stored.view(np.uint16), np.uint16(shift % 2**16), out=into.view(np.uint16))


def _number(header: Dataset, tag: str, usual: float) -> float:
    value = header.get(tag)
    number = usual if value is None or value == "" else float(value)
    if not np.isfinite(number) or (tag == "RescaleSlope" and number == 0):
        message = f"{tag} must be a number."
        raise ValueError(message)
    return number
