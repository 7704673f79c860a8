"""Records to store, with what a test does not care about filled in."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from db.failure_records import Basis, ErrorKind, NewErrorPiece
from db.measurement_records import Headline, NewMeasurement
from db.records import BlobRef, NewCase, NewFlag, NewLayer, NewPatient, NewReview, NewScore, NewSeries, Region
from db.vocabulary import AuthorKind, FlagReason, LabelSource, LayerKind, ReviewReason, Sex, Verdict

if TYPE_CHECKING:
    from db.records import Affine

IDENTITY: Affine = ((3.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 1.0, 0), (0, 0, 0, 1))
_numbers = itertools.count()


def image(text: str) -> BlobRef:
    """A reference to an image that no test reads."""
    return BlobRef((text.encode().hex() * 64)[:64], 100)


def series(name: str = "", **said: Any) -> NewSeries:
    name = name or f"series {next(_numbers)}"
    usual: dict[str, Any] = {
        "study_uid": f"study of {name}",
        "series_uid": name,
        "study_date": None,
        "age_years": 71,
        "modality": "CT",
        "shape": (40, 64, 64),
        "spacing_mm": (3.0, 1.0, 1.0),
        "affine": IDENTITY,
        "dtype": "int16",
        "image": image(name),
    }
    return NewSeries(**usual | said)


def layer(author: str = "A", **said: Any) -> NewLayer:
    usual: dict[str, Any] = {
        "kind": LayerKind.LABELS,
        "name": "segmentation",
        "author": author,
        "author_kind": AuthorKind.MODEL,
        "author_version": "1",
        "source": LabelSource.SOFTWARE,
        "image": image(f"layer {author}"),
        "region": Region((1, 2, 3), (4, 5, 6)),
        "dtype": "uint8",
        "unit": "label",
        "minimum": 0.0,
        "maximum": 2.0,
        "classes": {1: "lumen", 2: "thrombus"},
    }
    return NewLayer(**usual | said)


def dice(value: float | None, reason: str = "") -> NewScore:
    return NewScore("dice_outer_wall", "A vs B", value, "1", "whole mask", "mask findings", "1", reason=reason)


def flag(severity: int = 2, reason: FlagReason = FlagReason.GAP, text: str = "A leaves out 3 slices.") -> NewFlag:
    return NewFlag(reason, severity, text, (3, 4, 5), (3, 5))


def case(patient: str = "P7K3QX", *, sex: Sex | None = None, **said: Any) -> NewCase:
    usual: dict[str, Any] = {
        "patient": NewPatient(patient, sex),
        "series": series(),
        "source": None,
        "region": None,
        "crop": None,
        "thumbnail": None,
    }
    return NewCase(**usual | said)


def review(verdict: Verdict = Verdict.ACCEPTABLE, **said: Any) -> NewReview:
    usual: dict[str, Any] = {"reason": ReviewReason.NONE, "note": "", "reviewer": "reader A"}
    return NewReview(verdict=verdict, **usual | said)


def measured(value: float | None = 54.0, name: str = "largest diameter, orthogonal", **said: Any) -> NewMeasurement:
    usual: dict[str, Any] = {"subject": "A 1", "unit": "mm", "method": "diameters", "method_version": "1"}
    return NewMeasurement(name, value=value, **usual | said)


def headline() -> Headline:
    return Headline(54.0, 51.8, 57.0, 0.38)


def error_piece(**said: Any) -> NewErrorPiece:
    usual: dict[str, Any] = {
        "subject": "A 1",
        "reference": "truth",
        "basis": Basis.TRUTH,
        "kind": ErrorKind.FALSE_POSITIVE,
        "structure": "outer wall",
        "volume_ml": 1.5,
        "distance_mm": 4.0,
        "effect_mm": 2.0,
        "clock": 3,
        "place": (3, 4, 5),
        "slices": (3, 5),
    }
    return NewErrorPiece(**usual | said)
