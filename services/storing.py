"""How a prepared case is stored: images first, then one transaction of rows. Used by `ingesting`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from db import commands, predictions, queries, upkeep
from db.blobs import BlobDamaged, BlobMissing
from db.records import BlobRef, IntakeItem, Json, NewCase, NewLayer, NewSeries, Region
from db.turns import take_turn
from db.vocabulary import AuditAction, LabelSource, Outcome, Taken
from services import findings, volume
from services.errors import InputRefused
from services.prepared import PreparedCase, PreparedLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from highdicom import Volume
    from sqlalchemy.orm import Session

    from db.predictions import ModelRun
    from db.records import Layer
    from db.store import Store

T = TypeVar("T")
INGEST, ANALYSIS = "ingest", "analysis"
"""Who did it, in the audit trail, where nobody did it by hand."""
ATTEMPTS = 5
"""How often an ingest that others overtake starts over. Each time somebody else got something done."""


@dataclass(frozen=True)
class Deed:
    """Who did what, as the audit trail says it."""

    actor: str
    action: AuditAction
    details: Json


class Overtaken(Exception):
    """What was read before the transaction no longer holds: somebody else stored or removed meanwhile."""


def store_case(store: Store, case: PreparedCase) -> IntakeItem:
    """Store one case, or add what is new to it.

    Raises InputRefused when its series is stored with other pixels, or when the store has lost images of it.
    """
    return as_things_are(lambda: _store_as_things_are(store, case))


def as_things_are(attempt: Callable[[], T]) -> T:
    """Read, compute and store in one attempt; whoever is overtaken by another process starts over.

    Raises InputRefused when the store has lost images of the case.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except (Overtaken, BlobMissing):
            continue
        except BlobDamaged:
            break
    raise images_lost()


def images_lost() -> InputRefused:
    """What to say where the store has lost an image of a case."""
    return InputRefused(
        "The images that are stored of a series must be there and whole to add to it.",
        "one that is missing or damaged.",
        "Run `secondlook check`, which names it, and restore it from a backup.",
    )


def _store_as_things_are(store: Store, case: PreparedCase) -> IntakeItem:
    known = _known_layers(store, case)
    if known is None:
        return _store_new(store, case)
    key, layers = known
    there = {_identity(layer.spec) for layer in layers}
    both = ((layer, stored_layer(store, layer)) for layer in case.layers)
    fresh = [(layer, stored) for layer, stored in both if _identity(stored) not in there]
    if not fresh:
        return _ingested(key, Outcome.UNCHANGED, 0, case)
    added = extend(store, key, case.volume, layers, [layer for layer, _ in fresh])
    return _ingested(key, Outcome.EXTENDED, added, case)


def _known_layers(store: Store, case: PreparedCase) -> tuple[str, tuple[Layer, ...]] | None:
    with store.read() as session:
        found = queries.find_series(session, case.series_uid)
        page = queries.case_page(session, found[0]) if found else None
    if found is None or page is None:
        return None
    if store.blobs.digest(case.volume.array, case.volume.affine) != found[1]:
        raise InputRefused(
            "A series is stored once and its pixels never change.",
            f"other pixels under the identifier of case {found[0]}.",
            "Send the changed images as a series of their own, with a new SeriesInstanceUID.",
        )
    return found[0], page.layers


def _store_new(store: Store, case: PreparedCase) -> IntakeItem:
    image = store.blobs.put(case.volume.array, case.volume.affine)
    shown = _shown_first(store, case.volume, case.layers)
    found = findings.find(case.layers, case.volume.spatial_shape, case.volume.spacing)
    record = NewCase(
        patient=case.patient,
        series=_series(store, case, image),
        source=LabelSource.SYNTHETIC if case.synthetic else None,
        layers=tuple(stored_layer(store, layer) for layer in case.layers),
        scores=found.scores,
        flags=found.flags,
        profiles=found.profiles,
        region=shown.region,
        crop=shown.crop,
        thumbnail=shown.thumbnail,
    )
    with store.begin() as session:
        take_turn(session)
        if queries.find_series(session, case.series_uid) is not None:
            raise Overtaken
        key = commands.add_case(session, record)
        require_images(store, session, key)
        _audit(session, key, _ingest(Outcome.NEW), len(case.layers))
    return _ingested(key, Outcome.NEW, len(case.layers), case)


def extend(
    store: Store,
    key: str,
    image: Volume,
    known: Sequence[Layer],
    fresh: Sequence[PreparedLayer],
    run: ModelRun | None = None,
    deed: Deed | None = None,
) -> int:
    """Add layers to a case beside those `known` to be there; the findings are then about all. Returns how many.

    run: what computed them here, where something did. deed: what the audit trail says; an ingest where None.
    Raises Overtaken, BlobMissing and BlobDamaged.
    """
    stored = [stored_layer(store, layer) for layer in fresh]
    layers = [*(decoded(store, layer) for layer in known), *fresh]
    shown = _shown_first(store, image, layers)
    found = findings.find(layers, image.spatial_shape, image.spacing)
    with store.begin() as session:
        take_turn(session)
        page = queries.case_page(session, key)
        if page is None or len(page.layers) != len(known):
            raise Overtaken
        if run is not None:
            predictions.add_run(session, key, run)
        added = commands.add_layers(
            session,
            key,
            stored,
            scores=found.scores,
            flags=found.flags,
            profiles=found.profiles,
            region=shown.region,
            crop=shown.crop,
            thumbnail=shown.thumbnail,
        )
        require_images(store, session, key)
        _audit(session, key, deed or _ingest(Outcome.EXTENDED), added)
    return added


def require_images(store: Store, session: Session, key: str) -> None:
    """Within the turn that names them: a collector may have taken one since it was put (docs/decisions/0009).

    Raises Overtaken.
    """
    session.flush()
    if any(digest not in store.blobs for digest in upkeep.names_of(session, key)):
        raise Overtaken


def _ingested(key: str, outcome: Outcome, added: int, case: PreparedCase) -> IntakeItem:
    taken = Taken.MENDED if case.mended else Taken.ACCEPTED
    return IntakeItem(taken, described(case), key, outcome, added, case.mended, case.remarks)


def described(case: PreparedCase) -> str:
    """'series 2 of 4: CT, 160 slices of 512 x 512, every 1.00 mm'."""
    slices, rows, columns = case.volume.spatial_shape
    size = f"{slices} slices of {rows} x {columns}, every {case.volume.spacing[0]:.2f} mm"
    return f"{case.place}{case.modality}, {size}"


@dataclass(frozen=True)
class _Shown:
    region: Region | None
    crop: BlobRef | None
    thumbnail: BlobRef | None


def _shown_first(store: Store, image: Volume, layers: Sequence[PreparedLayer]) -> _Shown:
    """The region around all masks as a blob of its own, and the thumbnail."""
    region = volume.crop_region(layers, image.spatial_shape, image.spacing)
    crop = None
    if region is not None:
        part = volume.crop(image, region)
        crop = store.blobs.put(part.array, part.affine)
    thumbnail = store.blobs.put(volume.thumbnail(image, layers), image.affine)
    return _Shown(region, crop, thumbnail)


def _series(store: Store, case: PreparedCase, image: BlobRef) -> NewSeries:
    affine = tuple(tuple(float(value) for value in row) for row in case.volume.affine)
    return NewSeries(
        study_uid=case.study_uid,
        series_uid=case.series_uid,
        study_date=case.study_date,
        age_years=case.age_years,
        modality=case.modality,
        shape=case.volume.spatial_shape,
        spacing_mm=case.volume.spacing,
        affine=affine,  # type: ignore[arg-type]
        dtype=str(case.volume.dtype),
        image=image,
        facts=case.facts,
        headers=store.blobs.put_document(case.headers) if case.headers is not None else None,
    )


def stored_layer(store: Store, layer: PreparedLayer) -> NewLayer:
    """A layer whose voxels lie in the image store from now on; no row names them yet."""
    image = store.blobs.put(layer.array, layer.affine)
    names = (field for field in NewLayer.__dataclass_fields__ if field not in {"image", "dtype"})
    same = {name: getattr(layer, name) for name in names}
    return NewLayer(**same, image=image, dtype=str(layer.array.dtype))


def decoded(store: Store, layer: Layer) -> PreparedLayer:
    """A stored layer with its voxels. Raises BlobMissing and BlobDamaged."""
    array, affine = store.blobs.get(layer.spec.image.digest)
    names = (field for field in NewLayer.__dataclass_fields__ if field not in {"image", "dtype"})
    same = {name: getattr(layer.spec, name) for name in names}
    return PreparedLayer(**same, array=array, affine=affine)


def _identity(layer: NewLayer) -> tuple[object, ...]:
    return (layer.author_kind, layer.author, layer.author_version, layer.kind, layer.name, layer.image, layer.region)


def _ingest(outcome: Outcome) -> Deed:
    return Deed(INGEST, AuditAction.INGESTED, {"outcome": outcome.value})


def _audit(session: Session, key: str, deed: Deed, added: int) -> None:
    details = {**deed.details, "layers": added}
    commands.record_audit(session, actor=deed.actor, action=deed.action, case_key=key, details=details)
