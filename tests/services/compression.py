"""JPEG lossless, which pydicom reads and does not write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gdcm
from pydicom import dcmread
from pydicom.uid import JPEGLosslessSV1

if TYPE_CHECKING:
    from pathlib import Path


def jpeg_lossless(path: Path, target: Path) -> bytes:
    """JPEG lossless, process 14 selection value 1; gdcm's pixels in our own header, which has no time of writing."""
    image = dcmread(path)
    reader, changed, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    changed.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    changed.SetInput(reader.GetImage())
    assert changed.Change()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(changed.GetOutput())
    assert writer.Write()
    image.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    image.PixelData = dcmread(target).PixelData
    image["PixelData"].is_undefined_length = True
    image.save_as(target)
    return target.read_bytes()
