"""The process that decodes JPEG for `jpeg.py`: GDCM ends its whole process where a Huffman table is damaged.

Run as a file of its own, without the rest of Second Look. Each request on stdin is a header and an encoded frame; each
answer on stdout is a length and the stored values, little endian; a length of 0 says that the frame is damaged.
"""

from __future__ import annotations

import resource
import select
import struct
import sys
from typing import Any

from pydicom import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

REQUEST = struct.Struct("<5H32sI")
"""Rows, columns, bits allocated, bits stored, pixel representation, transfer syntax, and the frame's bytes."""
ANSWER = struct.Struct("<I")
IDLE_SECONDS = 30.0
"""It ends where nothing was asked for so long."""
MOST_MEMORY = 2 * 1024**3


def main() -> None:
    """Answer until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    asked, said = sys.stdin.buffer, sys.stdout.buffer
    while select.select([asked], [], [], IDLE_SECONDS)[0]:
        request = asked.read(REQUEST.size)
        if len(request) < REQUEST.size:
            return
        *numbers, syntax, length = REQUEST.unpack(request)
        values = _decoded(numbers, syntax.rstrip(b"\0").decode(), asked.read(length))
        said.write(ANSWER.pack(len(values)) + values)
        said.flush()


def _decoded(numbers: list[int], syntax: str, frame: bytes) -> bytes:
    image = Dataset()
    image.Rows, image.Columns, image.BitsAllocated, image.BitsStored, image.PixelRepresentation = numbers
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.PixelData = encapsulate([frame])
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = UID(syntax)
    try:
        values: Any = get_decoder(UID(syntax)).as_array(image, index=0, raw=True, decoding_plugin="gdcm")[0]
    except Exception:  # noqa: BLE001 -- whatever it is, the frame is damaged; the caller says so
        return b""
    return bytes(values.astype(values.dtype.newbyteorder("<")).tobytes())


if __name__ == "__main__":
    main()
