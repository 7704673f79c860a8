"""Every input by name: refused, left out beside a series, taken with or without a remark, mended."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset, Sequence
from pydicom.uid import (
    MPEG2MPML,
    UID,
    BasicTextSRStorage,
    EnhancedCTImageStorage,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RLELossless,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from services.phantom.dicom_writer import INTERCEPT
from tests.services.bad_inputs import (
    ROOT_UID,
    Input,
    another_series,
    beside,
    big_endian,
    both,
    bytes_of,
    compressed,
    deflated_bomb,
    directory_beside,
    every,
    file_beside,
    link_beside,
    lose,
    moved,
    of_no_kind,
    one,
    recoded,
    rescaled,
    rle_bomb,
    said_damaged,
    some,
    stored,
    tilted,
    without_preamble,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAGITTAL = [0, 1, 0, 0, 0, -1]
LOCALISER = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
ROWS = struct.pack("<HH2s", 0x28, 0x10, b"US")
ONE_OF_SIX = "1 of 6 CT images: "
J2K_SIZE = struct.pack(">H8IH", 0, 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0, 1)
HUGE_J2K = b"\xff\x4f\xff\x51\x00\x29" + J2K_SIZE + b"\x0f\x01\x01" + bytes(60)
HUGE_JPEG_LS = b"\xff\xd8\xff\xf7" + struct.pack(">HBHHBBBB", 11, 16, 60_000, 60_000, 1, 1, 0x11, 0) + bytes(60)


def refused(spoil: Callable[[list[Path]], object], says: str, what: str = "") -> Input:
    return Input(spoil, says, None, what)


REFUSED = {
    # places
    "a slice is missing": refused(lose(2), "1 missing, at 105.0 mm"),
    "two slices are missing": refused(lose(1, 3), "2 missing, at 102.5, 107.5 mm"),
    "a slice is there twice, with other pixels": refused(
        beside(RescaleIntercept=0), "at 1 of 6 places, first at 100.0 mm"
    ),
    "two phases": refused(
        beside(2, PixelData=bytes(240), AcquisitionNumber=2), "first at 105.0 mm; AcquisitionNumber tells them apart"
    ),
    "two interleaved stacks": refused(
        moved(lambda n: [-20, -15, 100 + 2.5 * (n // 2) + 0.9 * (n % 2)]), "other distances: 1.60 mm after 100.9"
    ),
    "uneven slices": refused(one(ImagePositionPatient=[-20, -15, 105.7]), "3.20 mm after 102.5"),
    "overlapping slices": refused(one(ImagePositionPatient=[-20, -15, 103]), "overlapping slices: 0.50 mm after 102.5"),
    "slices beside each other": refused(one(ImagePositionPatient=[-60, -15, 105]), "slices up to 40.0 mm beside it"),
    "all slices side by side": refused(moved(lambda n: [-20 + 9 * n, -15, 100]), "slices beside each other"),
    "all slices at one place": refused(moved(lambda _: [-20, -15, 100]), "at 1 of 1 places"),
    "a tilt that no gantry has": refused(tilted(60), "60 degrees from their normal"),
    "another size": refused(one(Rows=11, PixelData=bytes(220)), "2 different ones"),
    "another spacing": refused(one(PixelSpacing=[0.9, 0.8]), "2 different ones"),
    "axial and sagittal slices": refused(
        some(range(3), ImageOrientationPatient=SAGITTAL), "2 different ones: 3 sagittal, 3 axial"
    ),
    "no position": refused(
        one(ImagePositionPatient=None), ONE_OF_SIX + "no ImagePositionPatient. Of the others: 1 missing"
    ),
    "an empty position": refused(one(0, ImagePositionPatient=""), ONE_OF_SIX + "no ImagePositionPatient"),
    "a position out of the room": refused(
        one(ImagePositionPatient=[1e6, 0, 0]), "none that can be in ImagePositionPatient"
    ),
    "a position of two numbers": refused(one(ImagePositionPatient=[1, 2]), "none that can be in ImagePositionPatient"),
    "no orientation": refused(every(ImageOrientationPatient=None), "no ImageOrientationPatient"),
    "an orientation that is none": refused(
        every(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "ImageOrientationPatient"
    ),
    "no spacing": refused(every(PixelSpacing=None), "no PixelSpacing"),
    "a spacing of zero": refused(every(PixelSpacing=[0, 0.7]), "none that can be in PixelSpacing"),
    "a spacing below zero": refused(every(PixelSpacing=[0.7, -0.8]), "none that can be in PixelSpacing"),
    "one slice without thickness": refused(both(one(SliceThickness=None), lose(0, 1, 3, 4, 5)), "no SliceThickness"),
    # identity
    "no SeriesInstanceUID": refused(every(SeriesInstanceUID=None), "no SeriesInstanceUID", "6 CT images"),
    "an empty SeriesInstanceUID": refused(every(SeriesInstanceUID=""), "no SeriesInstanceUID", "6 CT images"),
    "one slice without SeriesInstanceUID": refused(one(SeriesInstanceUID=None), "1 missing, at 105.0 mm"),
    "no StudyInstanceUID": refused(every(StudyInstanceUID=None), "no StudyInstanceUID"),
    "one SOPInstanceUID for all": refused(every(SOPInstanceUID=f"{ROOT_UID}.7"), "6 different images that share 1 SOP"),
    "two patients": refused(some(range(3), PatientID="4712"), "2 patients under one SeriesInstanceUID"),
    "two names": refused(some(range(3), PatientName="Huber^Anna"), "2 patients under one SeriesInstanceUID"),
    "two studies": refused(some(range(3), StudyInstanceUID=f"{ROOT_UID}.8"), "2 studies under one SeriesInstanceUID"),
    "one study of two patients": refused(another_series(PatientID="4712"), "give it to another patient"),
    "two frames of reference": refused(one(FrameOfReferenceUID=f"{ROOT_UID}.8"), "2 FrameOfReferenceUIDs"),
    "two kernels": refused(some([1, 3, 5], ConvolutionKernel="sharp"), "2 ConvolutionKernels"),
    "CT and MR under one UID": refused(one(SOPClassUID=MRImageStorage), "CT images and MR Image files"),
    "CT that calls itself MR": refused(every(Modality="MR"), "another one"),
    # pixels
    "text burned in": refused(every(BurnedInAnnotation="YES"), "BurnedInAnnotation YES"),
    "a truncated slice": refused(
        bytes_of(2, lambda content: content[:-30]), "210 of 240 bytes, slice 3 of 6, at 105.0 mm"
    ),
    "a slice cut in its header": refused(bytes_of(2, lambda content: content[: content.index(ROWS)]), ONE_OF_SIX),
    "a slice without pixels": refused(one(PixelData=None), "an image without pixel data, slice 3 of 6"),
    "no pixels at all": refused(every(PixelData=None), "an image without pixel data"),
    "a gigabyte behind the pixels": refused(
        lambda paths: os.truncate(paths[2], 1024**3), ONE_OF_SIX + "a file of 1,024 MB for 240 bytes of pixels"
    ),
    "floating-point pixels": refused(
        every(PixelData=None, FloatPixelData=np.zeros(120, "<f4").tobytes()), "floating-point pixels"
    ),
    "fewer rows than pixels": refused(every(Rows=10), "240 bytes of pixels, where Rows and Columns say 200"),
    "rows that no file can hold": refused(every(Rows=4000, Columns=4000), "too short for its pixels"),
    "rows that no scanner has": refused(every(Rows=60000), "none that can be in Rows"),
    "no rows": refused(every(Rows=0), "none that can be in Rows"),
    "two frames in a single-frame image": refused(every(NumberOfFrames=2), "another NumberOfFrames than 1"),
    "a multi-frame image without places": refused(every(SOPClassUID=EnhancedCTImageStorage), "no such groups"),
    "more bits stored than there are": refused(every(BitsStored=20), "16, 20 and 15"),
    "a high bit elsewhere": refused(every(HighBit=11), "16, 16 and 11"),
    "eight bits": refused(every(BitsAllocated=8), "BitsAllocated 8, SamplesPerPixel 1"),
    "32 bits": refused(every(BitsAllocated=32), "BitsAllocated 32, SamplesPerPixel 1"),
    "colour": refused(every(SamplesPerPixel=3), "BitsAllocated 16, SamplesPerPixel 3"),
    "a palette": refused(every(PhotometricInterpretation="PALETTE COLOR"), "another or none"),
    "no sign": refused(every(PixelRepresentation=None), "PixelRepresentation no"),
    "the wrong sign": refused(stored(lambda hu: hu.astype("<i2"), RescaleIntercept=0), "of the voxels above"),
    "no rescale, unsigned": refused(every(RescaleSlope=None, RescaleIntercept=None), "no RescaleSlope"),
    "a slope of zero": refused(one(RescaleSlope=0), ONE_OF_SIX + "one that is none, or 0"),
    "a slope that is a name": refused(said_damaged("RescaleSlope", "12345678", b"Meier^An"), ONE_OF_SIX),
    "an effective atomic number": refused(every(RescaleType="Z_EFF"), "another RescaleType"),
    "a table instead of a slope": refused(every(ModalityLUTSequence=Sequence([Dataset()])), "or a table"),
    # encoding
    "a syntax for films": refused(recoded(MPEG2MPML), "MPEG2"),
    "a syntax that nobody knows": refused(recoded(UID("1.2.840.99999.77")), ONE_OF_SIX + "an unknown one"),
    "no JPEG-LS after all": refused(recoded(JPEGLSLossless), "a truncated or damaged image, slice 3 of 6"),
    "a JPEG-LS image that says it is huge": refused(
        recoded(JPEGLSLossless, HUGE_JPEG_LS), "damaged image, slice 3 of 6"
    ),
    "a JPEG 2000 image that says it is huge": refused(
        recoded(JPEG2000Lossless, HUGE_J2K), "damaged image, slice 3 of 6"
    ),
    "a deflated bomb": refused(deflated_bomb, "more than that", "1 file that was not opened"),
    "an RLE bomb": refused(rle_bomb, "damaged image, slice 3 of 6"),
}
LEFT_OUT = {
    # the whole series is of another kind
    "an MR series": refused(every(SOPClassUID=MRImageStorage), "MR Image file", "6 MR Image files"),
    "a PET series": refused(
        every(SOPClassUID=PositronEmissionTomographyImageStorage),
        "Positron",
        "6 Positron Emission Tomography Image files",
    ),
    "an RT structure set": refused(every(SOPClassUID=RTStructureSetStorage), "RT", "6 RT Structure Set files"),
    "a localiser alone": refused(every(ImageType=LOCALISER), "a localiser", "6 localisers"),
    "no SOP class": refused(of_no_kind, "without SOP class", "6 files without SOP class"),
    "a SOP class with a name": refused(
        every(SOPClassUID=UID("1.2.840.99999.5")), "unknown", "6 files of an unknown kind"
    ),
    # beside a series that is taken
    "a localiser in the series": Input(beside(ImageType=LOCALISER), "a localiser", what="1 localiser"),
    "a segmentation in the series": Input(beside(SOPClassUID=SegmentationStorage), "Seg", what="1 Segmentation file"),
    "a report in the series": Input(beside(SOPClassUID=BasicTextSRStorage), "SR", what="1 Basic Text SR file"),
    "a screenshot in the series": Input(
        beside(SOPClassUID=SecondaryCaptureImageStorage), "Secondary", what="1 Secondary Capture Image file"
    ),
    "a text file": Input(
        file_beside("Meier.dcm", b"Dear Anna Meier"), "a file that is not", what="1 file that is no DICOM"
    ),
    "an empty file": Input(file_beside("Meier.dcm", b""), "an empty file", what="1 file that is no DICOM"),
    "a file of zeros": Input(
        file_beside("Meier.dcm", bytes(2000)), "a file that is not", what="1 file that is no DICOM"
    ),
    "a file cut at its start": Input(
        lambda paths: paths[0].with_name("cut").write_bytes(paths[0].read_bytes()[:200]), "no Series", what="1 CT image"
    ),
    "a file that cannot be opened": Input(
        link_beside("Meier.dcm", "/proc/self/mem"), "cannot be read", what="1 file that was not opened"
    ),
    "a broken archive": Input(file_beside("Meier.zip", b"PK no zip"), "damaged or locked", what="archive 1 of 1"),
    "an archive of nothing": Input(file_beside("Meier.zip", b"PK\x05\x06" + bytes(18)), "none", what="archive 1 of 1"),
}
TAKEN = {
    "one slice": Input(lose(0, 1, 3, 4, 5), "one slice only", lambda volume: volume[2:3]),
    "no FrameOfReferenceUID": Input(every(FrameOfReferenceUID=None), "no FrameOfReferenceUID in 6 of 6"),
    "an empty SOPInstanceUID": Input(one(SOPInstanceUID=""), "no SOPInstanceUID in 1 of 6"),
    "no PatientID": Input(every(PatientID=""), "no PatientID in 6 of 6"),
    "a distance that contradicts the positions": Input(
        every(SpacingBetweenSlices=5), "SpacingBetweenSlices 5.00 mm, positions every 2.50 mm"
    ),
    "slices thinner than their distance": Input(every(SliceThickness=1), "1.00 mm thick every 2.50 mm"),
    "no preamble": Input(without_preamble, "6 of the files without preamble"),
    "MONOCHROME1": Input(every(PhotometricInterpretation="MONOCHROME1"), "MONOCHROME1"),
    "lossy compression": Input(compressed(JPEGLSNearLossless, jls_error=2), "JPEG-LS near-lossless", None),
    "no rescale, signed": Input(
        stored(lambda hu: hu.astype("<i2"), PixelRepresentation=1, RescaleSlope=None, RescaleIntercept=None),
        "taken as HU",
    ),
    "another rescale in every slice": Input(rescaled, ""),
    "12 bits and strays above": Input(
        stored(lambda hu: (hu + 1024 | 0xA000).astype("<u2"), BitsStored=12, HighBit=11, RescaleIntercept=-1024), ""
    ),
    "12 bits with a sign": Input(
        stored(
            lambda hu: (hu & 0xFFF).astype("<u2"), BitsStored=12, HighBit=11, PixelRepresentation=1, RescaleIntercept=0
        ),
        "",
    ),
    "a byte of padding": Input(
        stored(lambda hu: np.append((hu - INTERCEPT).astype("<u2").view(np.uint8), np.uint8([0, 0]))), ""
    ),
    "no SOP class but in the file meta information": Input(every(SOPClassUID=None), ""),
    "big endian": Input(big_endian, ""),
    "RLE": Input(compressed(RLELossless), ""),
    "files that macOS and Windows leave": Input(
        both(file_beside("._Meier.dcm", b"\0\5\x16\7"), file_beside("Thumbs.db", b"\xd0\xcf")), ""
    ),
    "a link to its own folder": Input(link_beside("loop", "."), ""),
    "a link to nothing": Input(link_beside("Meier.dcm", "nowhere"), ""),
    "a DICOMDIR beside": Input(directory_beside, ""),
}
MENDED = {
    "a copy of a slice": Input(beside(3), "1 exact copy of slices left out"),
    "a tilted gantry": Input(tilted(12), "12.0 degrees", None),
    "padding above everything": Input(
        stored(lambda hu: np.where(hu > 1400, 65535, hu - INTERCEPT).astype("<u2"), PixelPaddingValue=65535),
        "voxels of padding (PixelPaddingValue) set to air",
        lambda volume: np.where(volume > 1400, -1000, volume),
    ),
    "a little metal beyond the scale": Input(
        stored(lambda hu: np.where(hu > 1485, 65535, hu - INTERCEPT).astype("<u2")),
        "voxels above 32,767 HU set to it",
        lambda volume: np.where(volume > 1485, 32767, volume),
    ),
}
