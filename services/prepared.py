"""What an ingest has read and pseudonymised, before anything is stored. No database here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import numpy as np
    from highdicom import Volume
    from numpy.typing import NDArray

    from db.records import Json, NewPatient, Region
    from db.vocabulary import AuthorKind, LabelSource, LayerKind
    from services.errors import SecondLookError


@dataclass(frozen=True)
class Skipped:
    """Something that was left out, and why. Never holds a file's or folder's name."""

    what: str
    must: str
    found: str
    todo: str

    @classmethod
    def because(cls, what: str, refusal: SecondLookError) -> Skipped:
        """What was left out, and the error that says why."""
        return cls(what, refusal.must, refusal.found, refusal.todo)


@dataclass(frozen=True)
class PreparedLayer:
    """A mask or map on its case's grid, cropped to `region`; value = slope * array + intercept."""

    kind: LayerKind
    name: str
    author: str
    author_kind: AuthorKind
    author_version: str
    source: LabelSource
    array: NDArray[np.uint8] | NDArray[np.uint16]
    """[k, j, i] of the region's shape."""
    affine: NDArray[np.float64]
    """(k, j, i) of the region to LPS millimetres."""
    region: Region
    unit: str
    minimum: float
    maximum: float
    slope: float = 1.0
    intercept: float = 0.0
    classes: Mapping[int, str] = field(default_factory=dict)
    method: str = "imported"
    method_version: str = "1"
    parameters: Json = field(default_factory=dict)
    seed: int | None = None

    def values(self) -> NDArray[np.float32]:
        """The layer's values [k, j, i] in its unit."""
        values: NDArray[Any] = self.array * self.slope + self.intercept
        return values.astype("float32")


@dataclass(frozen=True)
class PreparedCase:
    """One image series with what was drawn on it. All identifiers are pseudonyms, the date is shifted."""

    patient: NewPatient
    study_uid: str
    series_uid: str
    study_date: date | None
    age_years: int | None
    modality: str
    facts: Json
    synthetic: bool
    volume: Volume
    """int16 Hounsfield units [k, j, i] with its affine (k, j, i) to LPS."""
    layers: tuple[PreparedLayer, ...] = ()
    headers: bytes | None = None
    """The de-identified header of every slice; None for NIfTI."""
    mended: tuple[str, ...] = ()
    """What was changed on the way in."""
    remarks: tuple[str, ...] = ()
    """What a reader should know about the image; nothing was changed."""
    place: str = ""
    """Which of the series that lie there: 'series 2 of 4: ', or '' for the only one."""
