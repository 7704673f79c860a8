"""What the stored measurements of a case say about its decision: which row is the shown diameter, which its intervals.

Pure functions on records; nothing is measured or read here.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.measurement_records import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from db.measurement_records import Measurement, NewMeasurement

INTERVALS = (
    "ensemble members", "readers", "voxel-wise sampling", "shape sampling", "conformal", "conformal, normalised",
)  # fmt: skip
"""The intervals of the shown diameter, in the order in which they stand side by side."""
OF_INTERVAL = {f"{Shown.DIAMETER}, {name}": name for name in INTERVALS}
FEWEST_SAMPLES = 20
"""Fewer say nothing about how wide an error is."""
MOVES_MOST = "moves the diameter most"
"""The place of the doubt that the diameter depends on most."""
CENTRELINE = "centreline"
CENTRELINES = (CENTRELINE, f"{CENTRELINE}, left iliac", f"{CENTRELINE}, right iliac")


@dataclass(frozen=True)
class Decided:
    """The rows of a case that its decision is read from."""

    diameter: NewMeasurement | None
    """The largest orthogonal diameter that is shown; None where nothing was measured."""
    flip: NewMeasurement | None
    intervals: tuple[NewMeasurement, ...]
    """In the order of INTERVALS; those that were not stored are not there."""
    by_author: dict[str, tuple[NewMeasurement, ...]]
    """All other rows of programs, the shown author's first; not the curves."""
    by_hand: tuple[NewMeasurement, ...]
    moves_most: NewMeasurement | None

    @property
    def author(self) -> str:
        """Whose outline is shown; '' where nothing was measured."""
        return self.diameter.subject if self.diameter else ""

    @property
    def interval_name(self) -> str:
        """Which interval the shown diameter carries; '' where none."""
        said = self.diameter.parameters.get("interval", "") if self.diameter else ""
        return str(said).removeprefix(f"{Shown.DIAMETER}, ")

    @property
    def sd_mm(self) -> float | None:
        """Standard deviation of the samples behind the shown interval; None where they are too few."""
        found = next((one for one in self.intervals if name_of(one) == self.interval_name), None)
        return statistics.stdev(found.samples) if found and len(found.samples) >= FEWEST_SAMPLES else None


def name_of(interval: NewMeasurement) -> str:
    """The short name of an interval row, as in INTERVALS."""
    return OF_INTERVAL[interval.name]


def decided(measurements: Iterable[Measurement]) -> Decided:
    """Sort the rows of a case by what they are for the decision."""
    rows = [one.spec for one in measurements]
    programs = [row for row in rows if not row.reader]
    flip = _first(programs, Shown.FLIP)
    intervals = [row for row in programs if row.name in OF_INTERVAL]
    author = next((row.subject for row in ([flip] if flip else []) + intervals), "")
    diameters = [row for row in programs if row.name == Shown.DIAMETER]
    shown = next((row for row in diameters if row.subject == author), diameters[0] if diameters else None)
    author = shown.subject if shown else author
    return Decided(
        diameter=shown,
        flip=flip,
        intervals=tuple(sorted(intervals, key=lambda row: INTERVALS.index(name_of(row)))),
        by_author=_by_author(programs, author),
        by_hand=tuple(row for row in rows if row.reader),
        moves_most=_first(programs, MOVES_MOST),
    )


def _first(rows: Sequence[NewMeasurement], name: str) -> NewMeasurement | None:
    return next((row for row in rows if row.name == name), None)


def _by_author(rows: Sequence[NewMeasurement], first: str) -> dict[str, tuple[NewMeasurement, ...]]:
    apart = {Shown.FLIP, MOVES_MOST, *CENTRELINES, *OF_INTERVAL}
    kept = [row for row in rows if row.name not in apart]
    authors = dict.fromkeys(row.subject for row in kept)
    in_order = sorted(authors, key=lambda author: author != first)
    return {author: tuple(row for row in kept if row.subject == author) for author in in_order}
