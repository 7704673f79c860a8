"""Whether pixel data are there, whole, and of the size that the header says: before a decoder takes memory for them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pydicom.uid import JPEG2000, UID, JPEG2000Lossless, RLELossless

from services.errors import InputRefused

if TYPE_CHECKING:
    from pydicom import Dataset

STARTS_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""JPEG markers that are followed by precision, rows, columns and components (ITU-T T.81 table B.1, T.87 C.1.1)."""
J2K_START = b"\xff\x4f\xff\x51"
"""Start of codestream and size marker (ITU-T T.800 A.5.1)."""
LARGEST_SHARE = 2
"""An encoded frame is never this many times as large as the pixels in it."""
ROOM_FOR_HEADERS = 64 * 1024
BYTES = 2
"""Of one stored value."""
ALL_PIXELS = "Every image must hold all its pixels, and no others."
AGAIN = "Send the series again."


def require_pixels(image: Dataset, *, encapsulated: bool) -> None:
    """Raise InputRefused unless an image has pixel data: integers, and as many as its header says."""
    if "FloatPixelData" in image or "DoubleFloatPixelData" in image:
        raise InputRefused(
            "The pixels of a CT image must be whole numbers.", "floating-point pixels.", "Send the original images."
        )
    data = image.get("PixelData")
    if not data:
        raise InputRefused(ALL_PIXELS, "an image without pixel data.", AGAIN)
    if not encapsulated:
        require_length(len(data), image)


def require_length(length: int, header: Dataset) -> None:
    """Raise InputRefused unless so many bytes of uncompressed pixels are what the header of an image asks for."""
    row = BYTES * int(header.Columns)
    wanted = row * int(header.Rows) * int(header.get("NumberOfFrames") or 1)
    if length < wanted:
        raise InputRefused(ALL_PIXELS, f"a truncated image: {length:,} of {wanted:,} bytes.", AGAIN)
    if length >= wanted + row:
        raise InputRefused(
            ALL_PIXELS,
            f"an image with {length:,} bytes of pixels, where Rows and Columns say {wanted:,}.",
            "Export the original images.",
        )


def require_frame_size(frame: bytes, syntax: UID, rows: int, columns: int) -> None:
    """Raise ValueError unless an encoded frame says that it holds one value for each of `rows` x `columns` pixels."""
    if len(frame) > LARGEST_SHARE * BYTES * rows * columns + ROOM_FOR_HEADERS:
        message = "An encoded frame must not be larger than its pixels."
        raise ValueError(message)
    if syntax == RLELossless:
        return
    found = _jpeg_2000(frame) if syntax in (JPEG2000, JPEG2000Lossless) else _jpeg(frame)
    if found != (rows, columns, 1):
        message = "The encoded image must have the size that its header says."
        raise ValueError(message)


def _jpeg(frame: bytes) -> tuple[int, int, int]:
    """Rows, columns and components of JPEG and JPEG-LS. Raises ValueError, IndexError and struct.error."""
    at = 2
    while frame[at : at + 1] == b"\xff":
        marker = frame[at + 1]
        if marker in STARTS_OF_FRAME:
            rows, columns, components = struct.unpack(">HHB", frame[at + 5 : at + 10])
            return rows, columns, components
        at += 1 if marker == 0xFF else 2 + struct.unpack(">H", frame[at + 2 : at + 4])[0]
    message = "A JPEG image must say its size."
    raise ValueError(message)


def _jpeg_2000(frame: bytes) -> tuple[int, int, int]:
    """Rows, columns and components of JPEG 2000, with or without the JP2 boxes. Raises ValueError and struct.error."""
    at = frame.find(J2K_START)
    if at < 0:
        message = "A JPEG 2000 image must say its size."
        raise ValueError(message)
    width, height, left, top, *_, components = struct.unpack(">8IH", frame[at + 8 : at + 42])
    return height - top, width - left, components
