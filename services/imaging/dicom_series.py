"""CT series from DICOM files: ordered by where the slices lie in the patient, mended where that is safe, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from highdicom import Volume

from services.errors import InputRefused
from services.imaging.decoding import PixelReader
from services.imaging.dicom_file import DicomFile, examine, header_reader
from services.imaging.dicom_rules import CT, DIRECTORY, NO_KIND, uid
from services.imaging.extremes import settle_extremes
from services.imaging.part10 import UNREADABLE
from services.imaging.pixel_data import AGAIN, ALL_PIXELS
from services.imaging.series_rules import (
    counted,
    remarks,
    require_all_taken,
    require_names_of_their_own,
    require_one_kind_of_header,
    require_one_origin,
    shared_studies,
)
from services.imaging.stacking import directions, grid_of, position, require_one_grid, straighten, without_copies
from services.prepared import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom import Dataset

    from services.imaging.parsing import Plane
    from services.imaging.progress import Tell

LOST = "damaged file beside"
MOST_VOXELS = 600_000_000
"""About 2,280 slices of 512x512; a longer series would not fit the memory that an ingest may use."""


@dataclass(frozen=True)
class DicomSeries:
    """One series: its volume in Hounsfield units, the header of its first slice, and what was mended."""

    volume: Volume
    header: Dataset
    headers: tuple[Dataset, ...] = field(repr=False)
    """Of every slice, in the volume's order."""
    mended: tuple[str, ...] = ()
    """What was changed on the way in."""
    remarks: tuple[str, ...] = ()
    """What a reader should know; nothing was changed."""
    place: str = ""
    """Which of the series that lie there: 'series 2 of 4: ', or '' for the only one."""


@dataclass(frozen=True)
class SeriesHeaders:
    """The headers of the CT slices of one series, as sent, in no order yet."""

    headers: tuple[Dataset, ...] = field(repr=False)

    @property
    def header(self) -> Dataset:
        """Of one slice."""
        return self.headers[0]


@dataclass(frozen=True)
class Sorted:
    """The files of a place by series, in the order of their first files; looked at and not yet read."""

    groups: tuple[list[DicomFile], ...]
    astray: list[DicomFile]
    """Without a SeriesInstanceUID that can be read."""

    def headers(self) -> list[SeriesHeaders]:
        """Of every series that has CT slices."""
        planes = ([plane.header for file in files for plane in file.planes] for files in self.groups)
        return [SeriesHeaders(tuple(headers)) for headers in planes if headers]


def read_series(
    paths: Sequence[Path], tell: Tell, *, allow_burned_in: bool = False
) -> tuple[list[DicomSeries], list[Skipped]]:
    """All of `each_series`: what is taken, and what is not."""
    found = list(each_series(sort_files(paths, tell, allow_burned_in=allow_burned_in), tell))
    return [one for one in found if isinstance(one, DicomSeries)], [one for one in found if isinstance(one, Skipped)]


def sort_files(paths: Sequence[Path], tell: Tell, *, allow_burned_in: bool = False) -> Sorted:
    """Look at the header of every file. Never raises: what is wrong with a file stands with it."""
    groups: dict[str, list[DicomFile]] = {}
    headers = header_reader()
    for number, path in enumerate(paths):
        tell("headers read", number, len(paths))
        file = examine(path, headers, allow_burned_in=allow_burned_in)
        groups.setdefault(file.series, []).append(file)
    astray = groups.pop("", [])
    return Sorted(tuple(groups.values()), [file for file in astray if file.kind != DIRECTORY or len(paths) == 1])


def each_series(files: Sorted, tell: Tell) -> Iterator[DicomSeries | Skipped]:
    """Every series among these files, in the order of its first file, taken or refused in three parts.

    One series is in memory at a time; a bad one never stops a good one. What one SeriesInstanceUID holds besides CT
    slices (localisers, segmentations, screenshots) is said beside it; files without one are said last.
    """
    every = (file for group in files.groups for file in group)
    known = _Known(shared_studies(every), sum(map(_is_lost, files.astray)))
    count = len(files.groups)
    for number, group in enumerate(files.groups, start=1):
        yield from _parts(group, known, f"series {number} of {count}: " if count > 1 else "", tell)
    yield from _left_out(files.astray, "")


@dataclass(frozen=True)
class _Known:
    """What is known of all the files of a place."""

    shared_studies: set[str]
    lost: int
    """Files that may be slices of any series here."""


def _is_lost(file: DicomFile) -> bool:
    return file.kind in (CT, NO_KIND)


def _parts(files: list[DicomFile], known: _Known, place: str, tell: Tell) -> Iterator[DicomSeries | Skipped]:
    """The CT slices of one SeriesInstanceUID, then everything else under it."""
    slices = [file for file in files if file.kind == CT]
    if slices:
        yield _taken(files, slices, known, place, tell)
    yield from _left_out([file for file in files if file.kind != CT], place)


def _taken(
    files: list[DicomFile], slices: list[DicomFile], known: _Known, place: str, tell: Tell
) -> DicomSeries | Skipped:
    """A function and no part of the generator, which would hold this series while the next one is read."""
    try:
        require_one_origin(files, known.shared_studies)
        series = _series(slices, tell)
    except InputRefused as refusal:
        images = sum(max(1, len(file.planes)) for file in slices)
        return Skipped.because(f"{place}{counted(images, CT)}", refusal)
    lost = [f"{counted(known.lost, LOST)}: an end of this series may be missing"] if known.lost else []
    return replace(series, place=place, remarks=(*series.remarks, *lost))


def _left_out(files: Sequence[DicomFile], place: str) -> Iterator[Skipped]:
    """One line for each kind of file and reason."""
    groups: dict[tuple[str, ...], list[InputRefused]] = {}
    for file in files:
        if file.refusal:
            groups.setdefault((file.kind, file.refusal.found), []).append(file.refusal)
    for (kind, _), refusals in groups.items():
        yield Skipped.because(f"{place}{counted(len(refusals), kind)}", refusals[0])


def _series(files: list[DicomFile], tell: Tell) -> DicomSeries:
    planes = [plane for file in files for plane in file.planes]
    require_all_taken(files, _found_among(planes))
    headers = [plane.header for plane in planes]
    require_one_kind_of_header(headers)
    require_one_grid(headers)
    _require_room(planes)
    planes, mended = without_copies(_in_order(planes))
    headers = [plane.header for plane in planes]
    require_names_of_their_own(headers)
    grid = grid_of(headers)
    array = _hounsfield(planes, tell)
    mended = [*mended, *settle_extremes(array, headers)]
    if grid.tilt_degrees:
        array = straighten(array, grid)
        mended.append(f"a gantry tilt of {grid.tilt_degrees:.1f} degrees was straightened by resampling each slice")
    volume = Volume(
        array, grid.affine, "PATIENT", frame_of_reference_uid=uid(headers[0], "FrameOfReferenceUID") or None
    )
    known = remarks(headers, volume.spacing[0], bare=sum(file.bare for file in files))
    return DicomSeries(volume, headers[0], tuple(headers), tuple(mended), tuple(known))


def _in_order(planes: list[Plane]) -> list[Plane]:
    """Ordered along the normal of the slices, whatever their files' names and numbers."""
    normal = np.cross(*directions(planes[0].header))
    return sorted(planes, key=lambda plane: _place(plane, normal))


def _place(plane: Plane, normal: NDArray[np.float64]) -> tuple[float, str, int]:
    """The height along the normal; copies at one height in an order that does not depend on the names of files."""
    return float(normal @ position(plane.header)), uid(plane.header, "SOPInstanceUID"), plane.frame or 0


def _found_among(planes: list[Plane]) -> str:
    """What is wrong with the place of these slices, '' where nothing is: said where others could not be taken."""
    headers = [plane.header for plane in planes]
    if len(headers) < 2:
        return ""
    try:
        require_one_grid(headers)
        grid_of([plane.header for plane in _in_order(planes)])
    except InputRefused as refusal:
        return f" Of the others: {refusal.found}"
    return ""


def _require_room(planes: Sequence[Plane]) -> None:
    header = planes[0].header
    voxels = len(planes) * int(header.Rows) * int(header.Columns)
    if voxels > MOST_VOXELS:
        raise InputRefused(
            f"A series may have at most {MOST_VOXELS:,} voxels.", f"{voxels:,}.", "Send the part around the aorta."
        )


def _hounsfield(planes: Sequence[Plane], tell: Tell) -> NDArray[np.int16]:
    """All slices, (k, j, i)."""
    header = planes[0].header
    array = np.empty((len(planes), int(header.Rows), int(header.Columns)), dtype=np.int16)
    pixels = PixelReader()
    for k, plane in enumerate(planes):
        tell("slices read", k, len(planes))
        try:
            pixels.read(plane, array[k])
        except InputRefused as refusal:
            raise InputRefused(refusal.must, _placed(refusal.found, plane, k, len(planes)), refusal.todo) from None
        except UNREADABLE as error:
            raise InputRefused(
                ALL_PIXELS, _placed("a truncated or damaged image.", plane, k, len(planes)), AGAIN
            ) from error
    tell("slices read", len(planes), len(planes))
    return array


def _placed(found: str, plane: Plane, number: int, count: int) -> str:
    """What was found in a slice, and which one it is."""
    height = float(position(plane.header) @ np.cross(*directions(plane.header)))
    return f"{found.removesuffix('.')}, slice {number + 1} of {count}, at {height:.1f} mm along the scan."
