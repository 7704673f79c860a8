"""Frozen records that cross the border of this package. Standard library only: may be imported anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.measurement_records import Measurement as Measurement  # noqa: PLC0414, TC001 -- to be imported from here
from db.measurement_records import NewMeasurement as NewMeasurement  # noqa: PLC0414
from db.measurement_records import Point as Point  # noqa: PLC0414
from db.measurement_records import Shown as Shown  # noqa: PLC0414
from db.measurement_records import StoredFigure as StoredFigure  # noqa: PLC0414

if TYPE_CHECKING:
    from datetime import date, datetime

    from db.measurement_records import Headline
    from db.vocabulary import (
        AuthorKind,
        CaseStatus,
        FlagReason,
        LabelSource,
        LayerKind,
        Outcome,
        ReviewReason,
        Sex,
        Taken,
        Verdict,
    )

Index3 = tuple[int, int, int]
Affine = tuple[tuple[float, float, float, float], ...]
"""4x4, maps an index (k, j, i, 1) to patient coordinates LPS in millimetres."""
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Region:
    """A box of voxels (k, j, i) in its case's image grid."""

    origin: Index3
    shape: Index3


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A stored image: SHA-256 of array, affine and dtype; stored size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient as the store knows one: a pseudonym and two retained characteristics."""

    pseudonym: str
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class NewSeries:
    """One image series with its study. All UIDs are pseudonymous, the date is shifted."""

    study_uid: str
    series_uid: str
    study_date: date | None
    age_years: int | None
    modality: str
    shape: Index3
    spacing_mm: tuple[float, float, float]
    affine: Affine
    dtype: str
    image: BlobRef
    facts: Json = field(default_factory=dict)
    """Retained scanner facts: manufacturer, model, kernel, slice thickness, kvp, window."""
    headers: BlobRef | None = None
    """The de-identified header of every slice, as a document of the image store; None for NIfTI."""


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A mask or map on a case's grid, stored cropped to `region`; value = slope * stored + intercept."""

    kind: LayerKind
    name: str
    author: str
    author_kind: AuthorKind
    author_version: str
    source: LabelSource
    image: BlobRef
    region: Region
    dtype: str
    unit: str
    minimum: float
    maximum: float
    slope: float = 1.0
    intercept: float = 0.0
    classes: Mapping[int, str] = field(default_factory=dict)
    """Label value -> structure ('lumen', 'thrombus', 'outer wall', ...); empty for maps."""
    method: str = "imported"
    method_version: str = "1"
    parameters: Json = field(default_factory=dict)
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class NewScore:
    """One number about a case. `value` is None only with a `reason`; never 0 for undefined."""

    name: str
    subject: str
    """What the number is about: an author, or 'A vs B'."""
    value: float | None
    unit: str
    region: str
    method: str
    method_version: str
    parameters: Json = field(default_factory=dict)
    reason: str = ""
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class NewFlag:
    """A reason for a second look, with its place. Severity 1 (look) to 3 (look first)."""

    reason: FlagReason
    severity: int
    text: str
    place: Index3 | None = None
    slices: tuple[int, int] | None = None
    """First and last slice k, both included."""


@dataclass(frozen=True, slots=True)
class NewProfile:
    """One value per slice k, for the navigator strip; None where undefined."""

    name: str
    subject: str
    unit: str
    values: tuple[float | None, ...]
    method: str
    method_version: str


@dataclass(frozen=True, slots=True)
class NewReview:
    """A verdict on a case. Append-only: a later review never changes an earlier one."""

    verdict: Verdict
    reason: ReviewReason
    note: str
    reviewer: str
    place: Index3 | None = None
    slices: tuple[int, int] | None = None
    structure: str = ""


@dataclass(frozen=True, slots=True)
class NewCase:
    """All that one ingest stores about one case, written in one transaction."""

    patient: NewPatient
    series: NewSeries
    source: LabelSource | None
    """SYNTHETIC where the image itself is generated; None for a real scan."""
    region: Region | None
    """What a page shows first; None where no mask says where the aorta is."""
    crop: BlobRef | None
    thumbnail: BlobRef | None
    layers: tuple[NewLayer, ...] = ()
    scores: tuple[NewScore, ...] = ()
    flags: tuple[NewFlag, ...] = ()
    profiles: tuple[NewProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class IntakeItem:
    """What an intake made of one series, file or mask. Never holds a file's or folder's name."""

    taken: Taken
    what: str
    """The thing in words: 'CT, 160 slices of 512 x 512, every 1.00 mm', 'reader file 2 of 3'."""
    key: str = ""
    """The case it went to; '' where it was refused."""
    outcome: Outcome | None = None
    layers_added: int = 0
    mended: tuple[str, ...] = ()
    """What was changed on the way in."""
    remarks: tuple[str, ...] = ()
    """What a reader should know; nothing was changed."""
    must: str = ""
    found: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A stored layer (see NewLayer)."""

    id: int
    created_at: datetime
    run_id: int | None
    spec: NewLayer


@dataclass(frozen=True, slots=True)
class Review:
    """A stored review; `run_id` names the model run that it judged, where there was one."""

    id: int
    created_at: datetime
    run_id: int | None
    spec: NewReview


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the worklist."""

    key: str
    """Public name, e.g. 'P7K3QX91MD-1': pseudonym and the case's number for that patient."""
    status: CaseStatus
    synthetic: bool
    created_at: datetime
    sex: Sex | None
    age_years: int | None
    slices: int
    flag_count: int
    severity: int
    """Largest flag severity, 0 without flags."""
    first_flag: str
    agreement: float | None
    """Lowest pairwise Dice of the outer wall between a model and any other author; None: not defined."""
    agreement_reason: str
    verdict: Verdict | None
    reviewer: str
    thumbnail: str
    """Blob digest, or ''."""
    headline: Headline
    """Its largest diameter, and how likely another decision is."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """All that the case page shows."""

    row: CaseRow
    series: NewSeries
    region: Region | None
    crop: BlobRef | None
    layers: tuple[Layer, ...]
    scores: tuple[NewScore, ...]
    flags: tuple[NewFlag, ...]
    profiles: tuple[NewProfile, ...]
    reviews: tuple[Review, ...]
    measurements: tuple[Measurement, ...] = ()
    """Those of the newest measuring, then those by hand, oldest first."""
    readers: Mapping[str, int] = field(default_factory=dict)
    """The number of each reader who drew here, by name: 1 is reader A."""


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What the worklist asks for. `after` is the opaque cursor of the previous page."""

    search: str = ""
    status: CaseStatus | None = None
    flagged: bool | None = None
    flag_reason: FlagReason | None = None
    verdict: Verdict | None = None
    synthetic: bool | None = None
    reviewer: str | None = None
    agreement_below: float | None = None
    sort: str = "priority"
    """'priority', 'case', 'added', 'agreement', 'slices', 'diameter', 'flip', or 'score:' and the name of a score."""
    descending: bool = True
    after: str = ""
    limit: int = 200


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """At most 200 rows, how many match in all, and the cursor of the next page ('' at the end)."""

    rows: tuple[CaseRow, ...]
    total: int
    next: str


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named worklist filter of one user."""

    name: str
    query: Json
