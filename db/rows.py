"""From rows to records: what leaves this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from db import records
from db.measurement_records import Headline, Measurement, NewMeasurement, Point
from db.records import BlobRef, Index3, NewFlag, NewLayer, NewProfile, NewReview, NewScore, NewSeries, Region
from db.vocabulary import (
    AuthorKind,
    CaseStatus,
    FlagReason,
    LabelSource,
    LayerKind,
    ReviewReason,
    Sex,
    Verdict,
)

if TYPE_CHECKING:
    from db import models

NOT_MEASURED = "not measured yet"


def index3(numbers: list[Any] | None) -> Index3 | None:
    """Three integers as stored in JSON."""
    return cast("Index3", tuple(int(number) for number in numbers)) if numbers else None


def region_record(numbers: list[Any]) -> Region:
    """Origin and shape from six stored numbers."""
    return Region(cast("Index3", index3(numbers[:3])), cast("Index3", index3(numbers[3:])))


def region_numbers(region: Region) -> list[int]:
    """Six numbers to store: origin, then shape."""
    return [*map(int, region.origin), *map(int, region.shape)]


def case_record(row: models.Case) -> records.CaseRow:
    """A worklist line."""
    return records.CaseRow(
        key=row.key,
        status=CaseStatus(row.status),
        synthetic=row.source == LabelSource.SYNTHETIC,
        created_at=row.created_at,
        sex=Sex(row.sex) if row.sex else None,
        age_years=row.age_years,
        slices=row.slices,
        flag_count=row.flag_count,
        severity=row.severity,
        first_flag=row.first_flag,
        agreement=row.agreement,
        agreement_reason=row.agreement_reason,
        verdict=Verdict(row.verdict) if row.verdict else None,
        reviewer=row.reviewer,
        thumbnail=row.thumbnail,
        headline=_headline(row),
    )


def _headline(row: models.Case) -> Headline:
    measured = row.diameter_mm is not None or bool(row.diameter_reason)
    return Headline(
        row.diameter_mm,
        row.diameter_lower_mm,
        row.diameter_upper_mm,
        row.flip,
        row.diameter_reason if measured else NOT_MEASURED,
        row.flip_reason if measured else NOT_MEASURED,
    )


def series_record(row: models.Series, study: models.Study) -> NewSeries:
    """An image series with its study."""
    spacing = (float(row.spacing_mm[0]), float(row.spacing_mm[1]), float(row.spacing_mm[2]))
    return NewSeries(
        study_uid=study.uid,
        series_uid=row.uid,
        study_date=study.study_date,
        age_years=study.age_years,
        modality=row.modality,
        shape=cast("Index3", index3(row.shape)),
        spacing_mm=spacing,
        affine=cast("records.Affine", tuple(tuple(float(v) for v in line) for line in row.affine)),
        dtype=row.dtype,
        image=BlobRef(row.blob, row.blob_size),
        facts=row.facts,
        headers=BlobRef(row.headers, row.headers_size or 0) if row.headers else None,
    )


def layer_record(row: models.Layer) -> records.Layer:
    """A layer with everything that was said about it."""
    spec = NewLayer(
        kind=LayerKind(row.kind),
        name=row.name,
        author=row.author,
        author_kind=AuthorKind(row.author_kind),
        author_version=row.author_version,
        source=LabelSource(row.source),
        image=BlobRef(row.blob, row.blob_size),
        region=region_record(row.region),
        dtype=row.dtype,
        unit=row.unit,
        minimum=row.minimum,
        maximum=row.maximum,
        slope=row.slope,
        intercept=row.intercept,
        classes={int(value): name for value, name in row.classes.items()},
        method=row.method,
        method_version=row.method_version,
        parameters=row.parameters,
        seed=row.seed,
    )
    return records.Layer(row.id, row.created_at, row.run_id, spec)


def score_record(row: models.Score) -> NewScore:
    """A score."""
    return NewScore(
        name=row.name,
        subject=row.subject,
        value=row.value,
        unit=row.unit,
        region=row.region,
        method=row.method,
        method_version=row.method_version,
        parameters=row.parameters,
        reason=row.reason,
        lower=row.lower,
        upper=row.upper,
    )


def flag_record(row: models.Flag) -> NewFlag:
    """A flag."""
    return NewFlag(FlagReason(row.reason), row.severity, row.text, index3(row.place), _pair(row.slices))


def profile_record(row: models.Profile) -> NewProfile:
    """A per-slice profile."""
    return NewProfile(row.name, row.subject, row.unit, tuple(row.values), row.method, row.method_version)


def measurement_record(row: models.Measurement, reader: str) -> Measurement:
    """A measurement, with the name of the reader who took it by hand ('' where a program did)."""
    spec = NewMeasurement(
        name=row.name,
        subject=row.subject,
        value=row.value,
        unit=row.unit,
        method=row.method,
        method_version=row.method_version,
        lower=row.lower,
        upper=row.upper,
        points=tuple(cast("Point", tuple(map(float, point))) for point in row.points),
        samples=tuple(map(float, row.samples)),
        parameters=row.parameters,
        seed=row.seed,
        reason=row.reason,
        reader=reader,
    )
    return Measurement(row.id, row.created_at, row.run_id, spec)


def review_record(row: models.Review, reviewer: str) -> records.Review:
    """A review with its reviewer's name."""
    spec = NewReview(
        verdict=Verdict(row.verdict),
        reason=ReviewReason(row.reason),
        note=row.note,
        reviewer=reviewer,
        place=index3(row.place),
        slices=_pair(row.slices),
        structure=row.structure,
    )
    return records.Review(row.id, row.created_at, row.run_id, spec)


def _pair(numbers: list[Any] | None) -> tuple[int, int] | None:
    return (int(numbers[0]), int(numbers[1])) if numbers else None
