"""The analysis of a stored case: its image goes through the pipeline, then layers and findings are stored beside it.

Images first, then one transaction of rows. What was computed before stays: a model's run is stored once, and another
version, or other weights, make another run.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from highdicom import Volume

from db import predictions, queries
from db.blobs import BlobDamaged, BlobMissing
from db.predictions import ModelRun
from db.vocabulary import LabelSource, Outcome
from services import pipeline, storing
from services.errors import NotFound
from services.segmentation import installed
from services.segmentation.provenance import is_made_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import CasePage
    from db.store import Store
    from services.imaging.progress import Tell
    from services.pipeline import Analysis, Predict
    from services.segmentation.card import ModelCard

STORING = "stored"


def analyse(store: Store, key: str, card: ModelCard, predict: Predict | None, tell: Tell) -> Outcome:
    """Analyse a case; UNCHANGED where this model with these weights has done so before.

    Raises NotFound without such a case, InputRefused where its stored images are missing or damaged.
    """
    page = _case(store, key)
    if _known_runs(store, key, card) is None:
        return Outcome.UNCHANGED
    try:
        volume = Volume(*store.blobs.get(page.series.image.digest), "PATIENT")
    except (BlobMissing, BlobDamaged):
        raise storing.images_lost() from None
    source = LabelSource.SYNTHETIC if page.row.synthetic else LabelSource.SOFTWARE
    locator = installed.shipped(installed.LOCATOR) if card.folder.name == installed.AORTA else None
    found = pipeline.analyse(volume, card, predict or networks(), locator=locator, source=source, tell=tell)
    tell(STORING, 0, 1)
    return store_analysis(store, key, volume, card, found)


@cache
def networks() -> Predict:
    """What runs networks, which stay ready while this process lives; loads the libraries that they need."""
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415 -- only who analyses needs these
    from services.segmentation.inference import predict  # noqa: PLC0415

    return partial(predict, engines=KeptNetworks())


def store_analysis(store: Store, key: str, volume: Volume, card: ModelCard, found: Analysis) -> Outcome:
    """Store what the pipeline found about a case; whoever is overtaken by another process starts over."""
    for _ in range(storing.ATTEMPTS):
        try:
            return _store_as_things_are(store, key, volume, card, found)
        except BlobDamaged:
            break
        except (storing.Overtaken, BlobMissing):
            continue
    raise storing.images_lost()


def _store_as_things_are(store: Store, key: str, volume: Volume, card: ModelCard, found: Analysis) -> Outcome:
    runs = _known_runs(store, key, card)
    if runs is None:
        return Outcome.UNCHANGED
    run = ModelRun(card.name, _free_version(card, runs), found.parameters)
    layers = [replace(layer, author_version=run.version) for layer in found.layers]
    storing.extend(store, key, volume, _case(store, key).layers, layers, run)
    return Outcome.EXTENDED


def _known_runs(store: Store, key: str, card: ModelCard) -> Sequence[ModelRun] | None:
    """The runs of all models about a case; None where this model's is among them."""
    with store.read() as session:
        runs = predictions.runs_of(session, key)
    return None if any(is_made_by(run.parameters, card) for run in runs) else runs


def _free_version(card: ModelCard, runs: Sequence[ModelRun]) -> str:
    """The model's version, or 'version run 2' where other weights or an older method gave layers under that name."""
    taken = {run.version for run in runs if run.model == card.name}
    said, number = card.version, 1
    while said in taken:
        number += 1
        said = f"{card.version} run {number}"
    return said


def _case(store: Store, key: str) -> CasePage:
    with store.read() as session:
        page = queries.case_page(session, key)
    if page is None:
        raise NotFound("A case must be in this store to be analysed.", "no such case.", "See `secondlook cases`.")
    return page
