"""One DICOM file: what it is, which series it is of, and the slices that it holds. Single-frame and multi-frame CT."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from services.errors import InputRefused
from services.imaging import dicom_rules as rules
from services.imaging.parsing import HeaderReader, Plane
from services.imaging.part10 import UNREADABLE
from services.imaging.pixel_data import AGAIN, ALL_PIXELS, BYTES, LARGEST_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.imaging.parsing import Parsed

TAGS = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID", "Modality",
    "ImageType", "PatientID", "IssuerOfPatientID", "PatientName", "PatientSex", "PatientAge", "PatientBirthDate",
    "PatientSize", "PatientWeight", "StudyDate", "Manufacturer", "ManufacturerModelName", "ConvolutionKernel",
    "SliceThickness", "SpacingBetweenSlices", "KVP", "InstanceNumber", "AcquisitionNumber",
    "TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase", "WindowCenter", "WindowWidth",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "ModalityLUTSequence", "BurnedInAnnotation", "LossyImageCompression", "LossyImageCompressionRatio",
    "LossyImageCompressionMethod", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
)  # fmt: skip
MAY_BE_DAMAGED = (
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "InstanceNumber", "KVP", "SpacingBetweenSlices",
    "LossyImageCompressionRatio", "WindowCenter", "WindowWidth",
)  # fmt: skip
"""What is kept where it is there, and needed by nothing."""
GROUPS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth"),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTXRayDetailsSequence": ("KVP",),
}
"""Where the functional groups of a multi-frame image (DICOM PS3.3 C.7.6.16) say what a single-frame header says."""
NAMES = ("SeriesInstanceUID", "StudyInstanceUID", "PatientID", "PatientName")
MOST_BESIDE = 256 * 1024**2
"""Bytes of a file beside its pixels: a file is read whole."""
NO_DICOM = "file that is no DICOM"
UNOPENED = "file that was not opened"


@dataclass(frozen=True)
class DicomFile:
    """One file of a folder, taken or not."""

    kind: str
    """'CT image', 'localiser', 'Segmentation file', ...: never a word of the file itself."""
    series: str = ""
    """Its SeriesInstanceUID as sent; '' where it has none that can be read."""
    study: str = ""
    patient: str = ""
    """PatientID and name as sent, to find contradictions; never said."""
    name: str = ""
    planes: tuple[Plane, ...] = ()
    refusal: InputRefused | None = None
    bare: bool = False
    """Without preamble and DICM mark (DICOM PS3.10)."""


def header_reader() -> HeaderReader:
    """Reads what this module looks at, for the files of one place."""
    return HeaderReader(TAGS, dispensable=MAY_BE_DAMAGED)


def examine(path: Path, headers: HeaderReader, *, allow_burned_in: bool = False) -> DicomFile:
    """What a file is, and every slice of it or why it has none. Never raises."""
    try:
        parsed = headers.read(path)
    except InputRefused as refusal:
        return DicomFile(UNOPENED, refusal=refusal)
    except OSError:
        return DicomFile(UNOPENED, refusal=_no_dicom("a file that cannot be read."))
    except UNREADABLE:
        return DicomFile(
            NO_DICOM, refusal=_no_dicom("a file that is not." if path.stat().st_size else "an empty file.")
        )
    file = _described(parsed.header)
    try:
        planes = tuple(_planes(path, parsed, file.kind, allow_burned_in=allow_burned_in))
    except InputRefused as refusal:
        return replace(file, refusal=refusal)
    except UNREADABLE:
        return replace(file, refusal=_damaged())
    return replace(file, planes=planes, bare=parsed.bare)


def _no_dicom(found: str) -> InputRefused:
    return InputRefused("A file in a DICOM folder must be readable as DICOM.", found, "Send it again, or remove it.")


def _described(header: Dataset) -> DicomFile:
    """What a header says of itself, as far as it can be read."""
    kind = rules.UNKNOWN
    with suppress(*UNREADABLE):
        kind = rules.kind_of(header)
    series, study, patient, name = (_text(header, tag) for tag in NAMES)
    return DicomFile(kind, series, study, patient, name)


def _text(header: Dataset, tag: str) -> str:
    with suppress(*UNREADABLE):
        return rules.uid(header, tag)
    return ""


def _planes(path: Path, parsed: Parsed, kind: str, *, allow_burned_in: bool) -> Iterator[Plane]:
    """Every slice. Raises InputRefused where the file is no CT image that can be taken, and UNREADABLE."""
    header = parsed.header
    rules.require_ct(kind, header)
    if parsed.damage:
        raise parsed.damage
    rules.require_known_pixels(header)
    rules.require_nothing_burned_in(header, allowed=allow_burned_in)
    for number, frame in enumerate(_frames(header)):
        rules.require_place(frame)
        rules.require_scale(frame)
        yield Plane(path, number if rules.is_multi_frame(header) else None, frame, parsed.pixels)
    _require_bytes(path, header)


def _frames(header: Dataset) -> Iterator[Dataset]:
    """The header itself, or one flat header a frame."""
    if not rules.is_multi_frame(header):
        yield header
        return
    shared = header.get("SharedFunctionalGroupsSequence") or [Dataset()]
    for number, own in enumerate(header.get("PerFrameFunctionalGroupsSequence") or [], start=1):
        flat = Dataset()
        for element in header:
            if element.VR != "SQ":
                flat.add(element)
        for group, keywords in GROUPS.items():
            for source in (shared[0], own):
                for item in source.get(group) or []:
                    for keyword in keywords:
                        if keyword in item:
                            flat.add(item[keyword])
        flat.ReferencedFrameNumber = number
        flat.file_meta = header.file_meta
        yield flat


def _require_bytes(path: Path, header: Dataset) -> None:
    """Raise InputRefused where a file is too short or far too long for its pixels, before memory is taken for it."""
    frames = len(header.get("PerFrameFunctionalGroupsSequence") or [0]) if rules.is_multi_frame(header) else 1
    wanted = BYTES * int(header.Rows) * int(header.Columns) * frames
    syntax, size = header.file_meta.TransferSyntaxUID, path.stat().st_size
    if syntax in rules.PLAIN and syntax != DeflatedExplicitVRLittleEndian and size < wanted:
        raise InputRefused(ALL_PIXELS, "a truncated image, too short for its pixels.", AGAIN)
    if size > LARGEST_SHARE * wanted + MOST_BESIDE:
        raise InputRefused(
            ALL_PIXELS, f"a file of {size // 1024**2:,} MB for {wanted:,} bytes of pixels.", rules.EXPORT
        )


def _damaged() -> InputRefused:
    return InputRefused("The header of an image must be whole.", "a damaged one.", AGAIN)
