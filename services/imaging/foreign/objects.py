"""DICOM objects about images: found among a folder's files, and matched to their series before identifiers go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    ParametricMapStorage,
    RTStructureSetStorage,
    SegmentationStorage,
)

from services.errors import InputRefused
from services.imaging.foreign.authors import Readers
from services.imaging.foreign.dicom_seg import read_seg
from services.imaging.foreign.naming import preset
from services.imaging.foreign.parametric_map import read_map
from services.imaging.foreign.rtstruct import read_rtstruct
from services.imaging.part10 import UNREADABLE
from services.prepared import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from highdicom import Volume
    from pydicom import Dataset

    from services.imaging.dicom_series import SeriesHeaders
    from services.imaging.foreign.naming import Naming
    from services.imaging.layers import Reading


class Read(Protocol):
    """How an object of one kind is read."""

    def __call__(self, path: Path, image: Volume, naming: Naming, readers: Readers, /) -> Reading:
        """The layers of a file on the grid of an image. Raises InputRefused."""


LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
"""Label Map Segmentation Storage, which pydicom has no name for yet."""
KINDS: Mapping[str, tuple[str, Read]] = {
    SegmentationStorage: ("DICOM SEG", read_seg),
    LABEL_MAP: ("DICOM SEG", read_seg),
    ParametricMapStorage: ("DICOM Parametric Map", read_map),
    RTStructureSetStorage: ("DICOM RTSTRUCT", read_rtstruct),
}
"""SOP class, what it is called, and how it is read."""
MOMENTS = ("ContentDate", "ContentTime", "StructureSetDate", "StructureSetTime", "SeriesDate", "SeriesTime")


@dataclass(frozen=True)
class DicomObject:
    """A segmentation, map or structure set that belongs to one series; a Result."""

    path: Path
    what: str
    reader: Read
    naming: Naming
    readers: Readers

    def read(self, image: Volume) -> Reading:
        """Its layers on the grid of `image`. Raises InputRefused."""
        return self.reader(self.path, image, self.naming, self.readers)


@dataclass(frozen=True)
class Link:
    """What an object says of the series it is about. Held in memory only, until it is matched."""

    path: Path
    kind: str
    patient: str
    frames: frozenset[str]
    series: frozenset[str]
    instances: frozenset[str]
    order: tuple[str, ...]
    """When it was made, so that readers are numbered in that order."""


def split(paths: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Files that may be images, and those that are objects about images; reads no more than the first bytes."""
    objects = tuple(path for path in paths if _sop_class(path) in KINDS)
    taken = set(objects)
    return tuple(path for path in paths if path not in taken), objects


def match(
    objects: Sequence[Path], series: Sequence[SeriesHeaders], naming: Naming
) -> tuple[dict[str, list[DicomObject]], list[Skipped]]:
    """Each object with the SeriesInstanceUID, as sent, that it is about; and those that were left out, with why.

    naming: the user's own; the shipped names are below it.
    """
    naming = naming.over(preset())
    found: dict[str, list[DicomObject]] = {}
    skipped: list[Skipped] = []
    readers = [Readers() for _ in series]
    links, damaged = _links(objects)
    skipped += damaged
    for number, link in enumerate(links, start=1):
        what, reader = KINDS[link.kind]
        try:
            index = _series_of(link, series, what)
        except InputRefused as refusal:
            skipped.append(Skipped.because(f"{what}, object {number} of {len(objects)}", refusal))
            continue
        uid = str(series[index].header.SeriesInstanceUID)
        found.setdefault(uid, []).append(DicomObject(link.path, what, reader, naming, readers[index]))
    return found, skipped


def _sop_class(path: Path) -> str:
    try:
        return str(read_file_meta_info(path).get("MediaStorageSOPClassUID") or "")
    except UNREADABLE:
        return ""


def _links(paths: Iterable[Path]) -> tuple[list[Link], list[Skipped]]:
    links, damaged = [], []
    for path in paths:
        try:
            links.append(_link(path))
        except UNREADABLE:
            refusal = InputRefused("A DICOM object must be readable.", "a damaged file.", "Send it again.")
            damaged.append(Skipped.because("a DICOM object about an image", refusal))
    return sorted(links, key=lambda link: link.order), damaged


def _link(path: Path) -> Link:
    header = dcmread(path, stop_before_pixels=True)
    every = list(header.iterall())
    own = str(header.get("SeriesInstanceUID") or "")
    series = {str(item.value) for item in every if item.keyword == "SeriesInstanceUID"} - {own}
    frames = {
        str(item.value) for item in every if item.keyword in ("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID")
    }
    return Link(
        path,
        _sop_class(path),
        str(header.get("PatientID") or ""),
        frozenset(frames - {""}),
        frozenset(series - {""}),
        frozenset(str(item.value) for item in every if item.keyword == "ReferencedSOPInstanceUID"),
        (*(str(header.get(tag) or "") for tag in MOMENTS), str(header.get("SOPInstanceUID"))),
    )


def _series_of(link: Link, series: Sequence[SeriesHeaders], what: str) -> int:
    """By the series that it names, else by the images, else by their common space. Raises InputRefused."""
    index = next(_named(link, series), None)
    if index is None and not link.series and not link.instances:
        here = [number for number, one in enumerate(series) if _frame(one.header) in link.frames]
        index = here[0] if len(here) == 1 else None
    if index is None:
        raise _no_series(what)
    _require_one_patient(link, series[index].header, what)
    return index


def without_series(objects: Iterable[DicomObject]) -> Iterator[Skipped]:
    """What is said of objects whose series was refused."""
    for one in objects:
        yield Skipped.because(one.what, _no_series(one.what))


def _no_series(what: str) -> InputRefused:
    return InputRefused(
        f"A {what} must lie beside the CT series that it was made on.",
        "none of the series that could be read is the one that it names.",
        "Put that series into the same folder and send both again.",
    )


def _named(link: Link, series: Sequence[SeriesHeaders]) -> Iterator[int]:
    for number, one in enumerate(series):
        if str(one.header.SeriesInstanceUID) in link.series:
            yield number
    for number, one in enumerate(series):
        if any(str(header.get("SOPInstanceUID")) in link.instances for header in one.headers):
            yield number


def _require_one_patient(link: Link, header: Dataset, what: str) -> None:
    patient = str(header.get("PatientID") or "")
    if link.patient and patient and link.patient != patient:
        raise InputRefused(
            f"A {what} must be of the patient of its CT series.",
            "two patients.",
            "Check who it belongs to, and export both again under one PatientID.",
        )
    if link.frames and _frame(header) and _frame(header) not in link.frames:
        raise InputRefused(
            f"A {what} must lie in the same space as its CT series (FrameOfReferenceUID).",
            "another one.",
            "Export it in the space of the CT.",
        )


def _frame(header: Dataset) -> str:
    return str(header.get("FrameOfReferenceUID") or "")
