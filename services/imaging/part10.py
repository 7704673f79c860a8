"""Opening a DICOM file: no preamble, deflated bombs, what a damaged file raises. What pydicom leaves to its caller."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from pydicom import FileDataset, config, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from services.errors import InputRefused

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

config.settings.reading_validation_mode = config.IGNORE
"""pydicom's warnings about odd values quote them, and a value may be a name. Our own rules check what matters."""
UNREADABLE = (
    ArithmeticError, AssertionError, AttributeError, BytesLengthException, EOFError, InvalidDicomError, LookupError,
    MemoryError, OSError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What pydicom and its decoders raise on a damaged file."""
PREAMBLE = 128
START = PREAMBLE + 4
MARK = b"DICM"
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Where a data set begins, little endian: file meta information, or the identifying group."""
LAST_FIRST_ELEMENT = 0x0020
"""No data set begins with a later element of these groups."""
BLOCK = 1024**2
MOST_INFLATED = 400 * 1024**2
"""Of one deflated file; pydicom inflates it whole. About 750 slices of 512x512."""
FIRST_PART = 4096
"""The file meta information lies within it."""


def is_marked(start: bytes) -> bool:
    """Whether a file's first 132 bytes end in the mark of DICOM PS3.10."""
    return start[PREAMBLE:START] == MARK


def is_bare(start: bytes) -> bool:
    """Whether a file begins as a data set does, without preamble and mark."""
    if start[:2] not in FIRST_GROUPS or len(start) < 8:
        return False
    (element,) = struct.unpack("<H", start[2:4])
    return bool(element <= LAST_FIRST_ELEMENT and not is_marked(start))


def read_dicom(path: Path, **options: Any) -> FileDataset:  # noqa: ANN401 -- those of pydicom.dcmread
    """`pydicom.dcmread`, also of a file without preamble. Raises InputRefused for a bomb, and UNREADABLE."""
    with path.open("rb") as file:
        bare = begin(file)
        dataset = dcmread(file, force=bare, **options)
    name_syntax(dataset, bare=bare)
    return dataset


def begin(file: BinaryIO) -> bool:
    """Whether a file has no preamble and must be read all the same; it is at its beginning afterwards.

    Raises InputRefused for a deflated bomb.
    """
    start = file.read(FIRST_PART)
    if DeflatedExplicitVRLittleEndian.encode() in start:
        _require_no_bomb(file)
    file.seek(0)
    return is_bare(start)


def name_syntax(dataset: FileDataset, *, bare: bool) -> None:
    """Set the transfer syntax of a file that does not name it to the one that pydicom found it to be written in."""
    if bare and "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _syntax_of(dataset)


def _syntax_of(dataset: FileDataset) -> UID:
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _require_no_bomb(file: BinaryIO) -> None:
    """Raise InputRefused where a deflated data set is larger than any CT. Inflates it once, a block at a time."""
    inflate, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    file.seek(0)
    read_preamble(file, force=False)
    _read_file_meta_info(file)
    while (packed := inflate.unconsumed_tail or file.read(BLOCK)) and not inflate.eof:
        size += len(inflate.decompress(packed, BLOCK))
        if size > MOST_INFLATED:
            raise InputRefused(
                f"A deflated file may hold {MOST_INFLATED // 1024**2} MB.",
                "more than that.",
                "Export it uncompressed, or as JPEG lossless, JPEG-LS, JPEG 2000 or RLE.",
            )
