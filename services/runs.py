"""What a model says about a stored case: its image is read, and a run with its layers is stored beside all others.

Images first, then one transaction of rows. What was computed before stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from highdicom import Volume

from db import predictions, queries
from db.blobs import BlobDamaged, BlobMissing
from db.predictions import ModelRun
from db.vocabulary import AuditAction, LabelSource, Outcome
from services import storing
from services.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import CasePage, Json
    from db.store import Store
    from services.prepared import PreparedLayer

IsSame = Callable[["Json"], bool]
"""Whether a run with these parameters is the one that is to be stored."""


@dataclass(frozen=True)
class NewRun:
    """A run that may be stored: its version becomes 'version run 2' where another run has that name already."""

    model: str
    version: str
    layers: tuple[PreparedLayer, ...]
    parameters: Json
    seed: int | None = None
    actor: str = storing.ANALYSIS
    """Who did it, in the audit trail."""


def case_of(store: Store, key: str) -> CasePage:
    """All that is stored of a case. Raises NotFound."""
    with store.read() as session:
        page = queries.case_page(session, key)
    if page is None:
        raise NotFound("A case must be in this store to be analysed.", "no such case.", "See `secondlook cases`.")
    return page


def image_of(store: Store, page: CasePage) -> Volume:
    """The case's image, int16 HU. Raises InputRefused where it is missing or damaged."""
    try:
        return Volume(*store.blobs.get(page.series.image.digest), "PATIENT")
    except (BlobMissing, BlobDamaged):
        raise storing.images_lost() from None


def source_of(page: CasePage) -> LabelSource:
    """What a program's voxels about this case come from: what is said about a generated scan is synthetic too."""
    return LabelSource.SYNTHETIC if page.row.synthetic else LabelSource.SOFTWARE


def found(store: Store, key: str, is_same: IsSame) -> ModelRun | None:
    """Such a run of the case; None where there is none."""
    with store.read() as session:
        there = predictions.runs_of(session, key)
    return next((run for run in there if is_same(run.parameters)), None)


def keep(store: Store, key: str, volume: Volume, run: NewRun, is_same: IsSame) -> Outcome:
    """Store a run unless it is there; whoever is overtaken by another process starts over. Raises InputRefused."""
    return storing.as_things_are(lambda: _store_as_things_are(store, key, volume, run, is_same))


def _store_as_things_are(store: Store, key: str, volume: Volume, run: NewRun, is_same: IsSame) -> Outcome:
    others = _others(store, key, is_same)
    if others is None:
        return Outcome.UNCHANGED
    stored = ModelRun(run.model, _free_version(run, others), run.parameters, run.seed)
    layers = [replace(layer, author_version=stored.version) for layer in run.layers]
    deed = storing.Deed(run.actor, AuditAction.ANALYSED, {"model": f"{stored.model}@{stored.version}"})
    storing.extend(store, key, volume, case_of(store, key).layers, layers, stored, deed)
    return Outcome.EXTENDED


def _others(store: Store, key: str, is_same: IsSame) -> Sequence[ModelRun] | None:
    """The runs of all models about a case; None where this one is among them."""
    with store.read() as session:
        there = predictions.runs_of(session, key)
    return None if any(is_same(run.parameters) for run in there) else there


def _free_version(run: NewRun, others: Sequence[ModelRun]) -> str:
    """The model's version, or 'version run 2' where another run gave layers under that name."""
    taken = {other.version for other in others if other.model == run.model}
    said, number = run.version, 1
    while said in taken:
        number += 1
        said = f"{run.version} run {number}"
    return said
