"""What is answered to a page that corrects: a click, clicks on the slices beside it, and a correction to be kept.

All of it runs in the assistant's process (docs/decisions/0019), or in any other one that may load networks.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from db.blobs import BlobDamaged, BlobMissing
from services import runs, storing
from services.correcting import keeping, requests, run_lengths
from services.correcting.relabelling import wall_on
from services.errors import InputRefused, NotFound
from services.labels import draws_the_wall
from services.segmentation.promptable.prompts import Click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from highdicom import Volume

    from db.records import CasePage, Layer
    from db.store import Store
    from services.prepared import PreparedLayer
    from services.segmentation.promptable.click_network import ClickModel
    from services.segmentation.promptable.correcting import Corrected

    Answer = dict[str, Any]

MOST_IMAGES = 2
"""So many images stay in memory: the one that is corrected and the one before."""


def shipped_model() -> ClickModel:
    """The network that answers clicks; loads the libraries that it needs."""
    from services.segmentation.promptable.click_network import load_click_model  # noqa: PLC0415 -- loads PyTorch

    return load_click_model()


@dataclass
class Answers:
    """Answers one request after the other; network and images stay ready."""

    store: Store
    load: Callable[[], ClickModel] = shipped_model
    _model: ClickModel | None = field(default=None, init=False)
    _images: OrderedDict[str, Volume] = field(default_factory=OrderedDict, init=False)

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """`do` is 'prepare', 'click', 'carry' or 'save'; `case` the key; the rest as `requests` says.

        Raises NotFound, and InputRefused where something else is asked for or the image is lost.
        """
        kinds: dict[str, Callable[[Mapping[str, Any], CasePage], Answer]] = {
            "prepare": self._prepare,
            "click": self._click,
            "carry": self._carry,
            "save": self._save,
        }
        what = kinds.get(str(request.get("do")))
        if what is None:
            raise InputRefused("A request must be one that our pages send.", "another one.", "Reload the page.")
        begun = time.monotonic()
        answer = what(request, runs.case_of(self.store, str(request.get("case"))))
        return answer | {"milliseconds": round(1000 * (time.monotonic() - begun))}

    def _prepare(self, request: Mapping[str, Any], page: CasePage) -> Answer:
        """Image and network are read before the first click."""
        layer, _ = requests.preparing(request, page.series.shape)
        base_layer(page, layer)
        self._image(page)
        self._ready()
        return {}

    def _click(self, request: Mapping[str, Any], page: CasePage) -> Answer:
        from services.segmentation.promptable.correcting import correct  # noqa: PLC0415 -- only who corrects needs it

        on = requests.on_slice(request, page.series.shape)
        base_layer(page, on.layer)
        image = self._image(page)
        found = correct(
            image.array[on.index], _in_plane(image), on.mask, _clicks(on), count=on.count, model=self._ready()
        )
        return said(found)

    def _carry(self, request: Mapping[str, Any], page: CasePage) -> Answer:
        from services.segmentation.promptable.carrying import carry  # noqa: PLC0415 -- only who corrects needs it

        asked = requests.carrying(request, page.series.shape)
        base = self._decoded(base_layer(page, asked.on.layer))
        image, first = self._image(page), asked.first
        masks = np.stack([
            asked.slices.get(k, wall_on(base, k, page.series.shape[1:])) for k in range(first, asked.last + 1)
        ])  # fmt: skip
        masks[asked.on.index - first] = asked.on.mask
        found = carry(
            image.array[first : asked.last + 1], _in_plane(image), masks, asked.on.index - first, _clicks(asked.on),
            first=0, last=asked.last - first, model=self._ready(),
        )  # fmt: skip
        return {"slices": {str(k + first): said(one) for k, one in found.items()}}

    def _save(self, request: Mapping[str, Any], page: CasePage) -> Answer:
        asked = requests.saving(request, page.series.shape)
        layer = base_layer(page, asked.layer)
        kept = keeping.Correction(self._decoded(layer), layer, asked, self._identity())
        return keeping.keep(self.store, page.row.key, self._image(page), str(request.get("actor")), kept)

    def _ready(self) -> ClickModel:
        if self._model is None:
            self._model = self.load()
        return self._model

    def _identity(self) -> Mapping[str, object]:
        return self._ready().identity

    def _image(self, page: CasePage) -> Volume:
        """The case's image; of the last ones no file is read again."""
        digest = page.series.image.digest
        image = self._images.pop(digest, None) or runs.image_of(self.store, page)
        self._images[digest] = image
        while len(self._images) > MOST_IMAGES:
            self._images.popitem(last=False)
        return image

    def _decoded(self, layer: Layer) -> PreparedLayer:
        try:
            return storing.decoded(self.store, layer)
        except (BlobMissing, BlobDamaged):
            raise storing.images_lost() from None


def base_layer(page: CasePage, number: int) -> Layer:
    """The layer of a case that is corrected. Raises NotFound, and InputRefused where it outlines no aorta."""
    layer = next((layer for layer in page.layers if layer.id == number), None)
    if layer is None:
        raise NotFound("A correction begins with a layer of its case.", "another layer.", "Reload the page.")
    if not draws_the_wall(layer.spec):
        must = "A mask that outlines the aorta can be corrected by clicks."
        raise InputRefused(must, "another layer.", "Choose the mask of a model or a reader.")
    return layer


def said(found: Corrected) -> Answer:
    """A corrected slice as a page is told. Raises ValueError where a voxel changed that was not to."""
    if found.untouched_before != found.untouched_after:
        raise ValueError("A click must leave all other voxels as they were. Found: others. This is our mistake.")
    return {
        "mask": run_lengths.encoded(found.mask),
        "changed": found.changed,
        "phase": found.phase.value,
        "untouched": found.untouched_after,
        "note": found.note,
    }


def _clicks(on: requests.OnSlice) -> tuple[Click, ...]:
    return tuple(Click(row, column, positive) for row, column, positive in on.clicks)


def _in_plane(image: Volume) -> tuple[float, float]:
    return float(image.spacing[1]), float(image.spacing[2])
