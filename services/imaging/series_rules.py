"""What the files of one series must agree on, and what a reader should know of those that do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from services.errors import InputRefused
from services.imaging.decoding import LOSSY
from services.imaging.dicom_rules import CT, numbers, texts, uid
from services.imaging.stacking import OWN_SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom import Dataset

    from services.imaging.dicom_file import DicomFile

KEEP_UIDS = "Export the originals again, without changing their UIDs."
IRREGULAR_PLURALS = {
    "file that is no DICOM": "files that are no DICOM",
    "file that was not opened": "files that were not opened",
    "damaged file beside": "damaged files beside",
    "file of an unknown kind": "files of an unknown kind",
    "file without SOP class": "files without SOP class",
}
ELSEWHERE = (" Image file", "Secondary Capture")
"""How the kinds end that another scanner made, and the one among them that is a screenshot and may lie beside a CT."""
SPACING_TOLERANCE = 0.02
"""Share of the spacing up to which SpacingBetweenSlices and positions say the same."""
SMALLEST_GAP_MM = 0.1


def counted(number: int, kind: str) -> str:
    """'12 CT images', '1 localiser', '3 files that are no DICOM'."""
    plural = IRREGULAR_PLURALS.get(kind, f"{kind}s")
    return f"{number} {kind if number == 1 else plural}"


def require_one_origin(files: Sequence[DicomFile], shared_studies: set[str]) -> None:
    """Raise InputRefused where the files of one SeriesInstanceUID cannot be of one series.

    `shared_studies`: studies that files in the same place give to several patients.
    """
    images = [file for file in files if file.kind == CT]
    others = sorted({file.kind for file in files if file.kind.endswith(ELSEWHERE[0]) and ELSEWHERE[1] not in file.kind})
    if others:
        found = f"{CT}s and {counted(2, others[0]).removeprefix('2 ')} under one SeriesInstanceUID."
        raise InputRefused("A series must be of one kind of scanner.", found, KEEP_UIDS)
    many = {
        "patients": max(len(_known(file.patient for file in images)), len(_known(_name(file.name) for file in images))),
        "studies": len(_known(file.study for file in images)),
    }
    for what, number in many.items():
        if number > 1:
            found = f"{number} {what} under one SeriesInstanceUID."
            raise InputRefused(
                "A series must be of one patient and one study.",
                found,
                KEEP_UIDS,
            )
    if shared_studies & {file.study for file in images}:
        raise InputRefused(
            "A study must be of one patient.",
            "other series here that give it to another patient.",
            KEEP_UIDS,
        )


def shared_studies(files: Iterable[DicomFile]) -> set[str]:
    """The StudyInstanceUIDs that CT files give to more than one PatientID."""
    patients: dict[str, set[str]] = {}
    for file in files:
        if file.kind == CT and file.study and file.patient:
            patients.setdefault(file.study, set()).add(file.patient)
    return {study for study, whose in patients.items() if len(whose) > 1}


def require_all_taken(files: Sequence[DicomFile], others: str) -> None:
    """Raise InputRefused where images of a series could not be taken: a slice would be missing.

    `others`: what is found among the rest, '' where nothing is.
    """
    refused = [file.refusal for file in files if file.refusal]
    if not refused:
        return
    reasons = Counter(refusal.found.removesuffix(".") for refusal in refused)
    every = len(refused) == len(files)
    found = "; ".join(
        reason if every and len(reasons) == 1 else f"{number} of {counted(len(files), CT)}: {reason}"
        for reason, number in reasons.items()
    )
    raise InputRefused(refused[0].must, f"{found}.{others}", refused[0].todo)


def require_one_kind_of_header(headers: Sequence[Dataset]) -> None:
    """Raise InputRefused where headers contradict each other about the place, the scanner or the reconstruction."""
    modalities = _known(word for header in headers for word in texts(header, "Modality"))
    if modalities - {"CT"}:
        raise InputRefused("The Modality of a CT series must be CT.", "another one.", "Export the original images.")
    frames = _known(uid(header, "FrameOfReferenceUID") for header in headers)
    if len(frames) > 1:
        raise InputRefused(
            "All images of a series must share one frame of reference: their positions mean nothing otherwise.",
            f"{len(frames)} FrameOfReferenceUIDs.",
            OWN_SERIES,
        )
    kernels = _known("/".join(texts(header, "ConvolutionKernel")) for header in headers)
    if len(kernels) > 1:
        raise InputRefused(
            "All images of a series must be one reconstruction.", f"{len(kernels)} ConvolutionKernels.", OWN_SERIES
        )


def require_names_of_their_own(headers: Sequence[Dataset]) -> None:
    """Raise InputRefused where slices at different places have one SOPInstanceUID: an archive keeps one of them only.

    Multi-frame images are exempt: their frames share one.
    """
    files = {id(header.file_meta): uid(header, "SOPInstanceUID") for header in headers}
    names = Counter(name for name in files.values() if name)
    shared = [number for number in names.values() if number > 1]
    if shared:
        raise InputRefused(
            "Every image must have a SOPInstanceUID of its own.",
            f"{sum(shared)} different images that share {counted(len(shared), 'SOPInstanceUID')}.",
            KEEP_UIDS,
        )


def remarks(headers: Sequence[Dataset], spacing_mm: float, *, bare: int) -> list[str]:
    """What a reader should know about an image that is taken as it is."""
    said = [*_about_pixels(headers), *_about_identity(headers), *_about_spacing(headers, spacing_mm)]
    if bare:
        said.append(f"{bare} of the files without preamble (DICOM PS3.10): read as the data set that they are")
    return said


def _about_pixels(headers: Sequence[Dataset]) -> list[str]:
    syntaxes = {header.file_meta.TransferSyntaxUID for header in headers}
    said = [
        f"lossy compression ({LOSSY[syntax]}): values may differ from the scanner's"
        for syntax in LOSSY
        if syntax in syntaxes
    ]
    if any("MONOCHROME1" in texts(header, "PhotometricInterpretation") for header in headers):
        said.append("MONOCHROME1: meant to be shown inverted; its values in HU are the same")
    if any(not numbers(header.get("RescaleSlope")).size for header in headers):
        said.append("no RescaleSlope and RescaleIntercept: the stored values, which are signed, are taken as HU")
    return said


def _about_identity(headers: Sequence[Dataset]) -> list[str]:
    wanting = {
        "PatientID": "the study stands for the patient",
        "FrameOfReferenceUID": "the place of its images cannot be compared with another series'",
        "SOPInstanceUID": "these images cannot be referred to",
    }
    counts = {tag: sum(not uid(header, tag) for header in headers) for tag in wanting}
    return [f"no {tag} in {counts[tag]} of {len(headers)}: {why}" for tag, why in wanting.items() if counts[tag]]


def _about_spacing(headers: Sequence[Dataset], spacing_mm: float) -> list[str]:
    if len(headers) == 1:
        return ["one slice only: its SliceThickness stands for the distance to the next"]
    said = []
    told = numbers(headers[0].get("SpacingBetweenSlices"))
    if told.shape == (1,) and abs(abs(told[0]) - spacing_mm) > SPACING_TOLERANCE * spacing_mm:
        said.append(f"SpacingBetweenSlices {told[0]:.2f} mm, positions every {spacing_mm:.2f} mm: the positions hold")
    thickness = numbers(headers[0].get("SliceThickness"))
    if thickness.shape == (1,) and 0 < thickness[0] < spacing_mm - SMALLEST_GAP_MM:
        said.append(f"slices {thickness[0]:.2f} mm thick every {spacing_mm:.2f} mm: what lies between was not imaged")
    return said


def _known(values: Iterable[str]) -> set[str]:
    return {value for value in values if value}


def _name(sent: str) -> str:
    """A name without what exports change about it: case, spaces, and empty parts."""
    return " ".join(sent.replace("^", " ").split()).casefold()
