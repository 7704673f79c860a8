"""The analysis of a stored case: its image goes through the pipeline, then layers and findings are stored beside it.

Images first, then one transaction of rows. What was computed before stays: a model's run is stored once, and another
version, or other weights, make another run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from db.vocabulary import Outcome
from services import pipeline, runs
from services.kept_embeddings import KeptEmbeddings
from services.segmentation import installed
from services.segmentation.card import Format
from services.segmentation.provenance import is_made_by

if TYPE_CHECKING:
    from highdicom import Volume

    from db.store import Store
    from services.imaging.progress import Tell
    from services.pipeline import Analysis, Predict
    from services.segmentation.card import ModelCard

STORING = "stored"
Heard = Callable[["Analysis"], object]


def analyse(
    store: Store, key: str, card: ModelCard, predict: Predict | None, tell: Tell, heard: Heard | None = None
) -> Outcome:
    """Analyse a case; UNCHANGED where this model with these weights has done so before.

    heard: is given what the pipeline found, when that is stored. Raises NotFound without such a case, InputRefused
    where its stored images are missing or damaged.
    """
    page = runs.case_of(store, key)
    companion = installed.companion_of(card)
    if runs.found(store, key, lambda said: is_made_by(said, card, companion)) is not None:
        return Outcome.UNCHANGED
    volume, source = runs.image_of(store, page), runs.source_of(page)
    if card.format is Format.SELF_PROMPT:
        from services import unprompted  # noqa: PLC0415 -- which stores as outlines do, and they build on this module

        kept = KeptEmbeddings(store, key)
        found = unprompted.analyse(volume, card, unprompted.loaded(card), source=source, embeddings=kept, tell=tell)
    else:
        found = pipeline.analyse(
            volume,
            card,
            predict or networks(),
            locator=installed.locator_of(card),
            companion=companion,
            source=source,
            tell=tell,
        )
    tell(STORING, 0, 1)
    outcome = store_analysis(store, key, volume, card, found)
    if heard is not None:
        heard(found)
    return outcome


@cache
def networks() -> Predict:
    """What runs networks, which stay ready while this process lives; loads the libraries that they need."""
    from services.segmentation.engine import KeptNetworks  # noqa: PLC0415 -- only who analyses needs these
    from services.segmentation.inference import predict  # noqa: PLC0415

    return partial(predict, engines=KeptNetworks())


def store_analysis(store: Store, key: str, volume: Volume, card: ModelCard, found: Analysis) -> Outcome:
    """Store what the pipeline found about a case; whoever is overtaken by another process starts over."""
    run = runs.NewRun(card.name, card.version, found.layers, found.parameters)
    companion = installed.companion_of(card)
    return runs.keep(store, key, volume, run, lambda said: is_made_by(said, card, companion))
