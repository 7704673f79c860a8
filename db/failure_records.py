"""Frozen records about failures. Standard library only: may be imported anywhere, like `records`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from db.records import Index3, Json
    from db.vocabulary import Verdict


class ErrorKind(StrEnum):
    """Whether a model marked what the reference does not, or left out what it has."""

    FALSE_POSITIVE = "false positive"
    FALSE_NEGATIVE = "false negative"


class Basis(StrEnum):
    """What a reference is: it decides how a comparison with it may be called."""

    TRUTH = "generated truth"
    """Of a generated scan: exact, and SYNTHETIC."""
    EXPERT = "one expert"
    CONSENSUS = "consensus of readers"
    SOFTWARE = "software"
    """Labels of another program: what is compared with them is agreement, never accuracy."""


class CaseError(StrEnum):
    """Names of the values of a case that say how far its model is from the reference."""

    DICE = "Dice outer wall"
    HD95 = "HD95 outer wall"
    SURFACE_DICE = "surface Dice 2 mm outer wall"
    LARGEST_PIECE = "largest error piece"
    DIAMETER = "diameter error"


class CaseTrait(StrEnum):
    """Names of values of a case that say what its model outlined; groups of cases are made by them."""

    THROMBUS = "thrombus share"
    """Of all inside the outer wall, 0 to 1."""
    DENSITY = "lumen density"
    """Median of the image in the lumen, HU: low without contrast medium."""


UNITS = {
    CaseError.DICE: "1",
    CaseError.HD95: "mm",
    CaseError.SURFACE_DICE: "1",
    CaseError.LARGEST_PIECE: "mL",
    CaseError.DIAMETER: "mm",
}
HIGH_IS_GOOD = frozenset({CaseError.DICE, CaseError.SURFACE_DICE})
"""Of these a low value is an error; of all other values a high one."""


class ValuedCase(NamedTuple):
    """A case with the value of one score."""

    case_key: str
    value: float
    synthetic: bool
    thumbnail: str
    """Blob digest, or ''."""


class Pair(NamedTuple):
    """A case with the values of two scores."""

    case_key: str
    x: float
    y: float
    synthetic: bool


class Cell(NamedTuple):
    """How many cases lie in a cell of a grid: its column, its row, both from 0."""

    column: int
    row: int
    cases: int


@dataclass(frozen=True, slots=True)
class NewErrorPiece:
    """A connected piece of an error of a model, by the reference of its case."""

    subject: str
    """The model with its version."""
    reference: str
    """Who or what drew the reference."""
    basis: Basis
    kind: ErrorKind
    structure: str
    volume_ml: float
    distance_mm: float | None
    """Of its farthest voxel from the reference's surface; None where the reference is empty."""
    effect_mm: float | None
    """By how much correcting it alone changes the largest diameter in its slices; None only with a reason in facts."""
    clock: int | None
    """1 to 12; None only with a reason in facts."""
    place: Index3
    slices: tuple[int, int]
    facts: Json = field(default_factory=dict)


class ListedPiece(NamedTuple):
    """A stored piece with its case."""

    id: int
    case_key: str
    synthetic: bool
    spec: NewErrorPiece


class Judged(NamedTuple):
    """A case that was drawn at random for review, as far as it is judged."""

    case_key: str
    probability: float
    verdict: Verdict | None
    """The newest one."""
    value: float | None
    """Of the score that was asked for."""
    flag_reasons: str
    """As the worklist keeps them: '|a|b|'."""


class Draw(NamedTuple):
    """Whether a case without flag was drawn at random for review, and how likely that was."""

    case_key: str
    probability: float
    drawn: bool
    drawn_at: datetime


class Attribute(StrEnum):
    """What cases are grouped by."""

    SOURCE = "source"
    SCANNER = "scanner"
    KERNEL = "kernel"
    SLICES = "slices"
    CONTRAST = "contrast"
    SEX = "sex"
    SIZE = "size"
    THROMBUS = "thrombus"


@dataclass(frozen=True)
class Cuts:
    """Where attributes are cut. Tertiles are the two values between thirds; () where nothing is known."""

    thick_mm: float
    contrast_hu: float
    size_mm: Sequence[float]
    thrombus: Sequence[float]


class Group(NamedTuple):
    """Cases with the same labels, one for each Attribute in its order."""

    labels: tuple[str, ...]
    cases: int
    judged: int
    """Of them it is known whether they are acceptable."""
    failed: int
    measured: int
    """Of them the error is defined."""
    total: float
    """Sum of the error."""
    square: float
    """Sum of its squares."""
