"""Asks every part about a scan, and keeps its answers on the disk, on the networks' grid. Heavy: loads OpenVINO.

An answer lies under the weights that gave it, so that an interrupted evaluation goes on where it stopped, and one with
a further control asks that one alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db.records import Region
from services.evaluation.held_out import VERSIONS
from services.evaluation.uncertainty_judging import Looked
from services.evaluation.uncertainty_ways import Part, Told, told_of, ways_of
from services.imaging.progress import silent
from services.segmentation.ensemble import Sight, require_alike, together, windows_over
from services.segmentation.grids import Grid
from services.segmentation.inference import VERSION, Standing
from services.segmentation.locating import locate
from services.uncertainty import baselines
from services.uncertainty.expert_guided import of_two_heads
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.held_out import Scan
    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engines

PROBABILITY, ORIGIN, SHAPE = "probability", "origin", "shape"
SEED = 20_261_126
"""Of what dropout leaves out, and of the noise of test-time augmentation; the same for every scan."""


@dataclass(frozen=True)
class Networks:
    """Who is asked."""

    cards: Mapping[Part, ModelCard]
    """A among them; its grid, windows and region are everybody's."""
    locator: ModelCard | None
    engines: Engines

    def __post_init__(self) -> None:
        """Raise InputRefused where a part does not see what A sees."""
        for card in self.cards.values():
            require_alike(self.cards[Part.A], card)

    def weights(self, part: Part) -> list[str]:
        """All files that a part's answers hang on."""
        cards = (self.locator, self.cards[Part.A], self.cards[part])
        return [member.sha256 for card in cards if card for member in card.members]

    def fingerprint(self, part: Part) -> str:
        """Twelve letters that change with these, with the way of inference and with the generators."""
        said = json.dumps([VERSION, VERSIONS, SEED, part, self.weights(part)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def looked_at(name: str, scan: Scan, networks: Networks, folder: Path) -> Looked:
    """What all ways say of a scan; `name` it is kept by below `folder`."""
    standing = Standing.of(scan.hounsfield, scan.affine)
    region = _region(name, standing, networks, folder)
    parts = {part: _told(part, name, standing, region, networks, folder) for part in networks.cards}
    card = networks.cards[Part.A]
    place = Grid.over(standing.scan, card.spacing_mm), windows_over(standing.scan, card, region).box, region
    spread: dict[int, NDArray[np.float32]] = {}

    def on_scan(values: NDArray[np.float32]) -> NDArray[np.float32]:
        if id(values) not in spread:
            bring = standing.classes_on_scan if values.ndim == 4 else standing.on_scan
            spread[id(values)] = bring(values, *place)
        return spread[id(values)]

    told = ways_of(parts)  # holds all maps until the end, so that no id is given twice
    ways = {
        way: Told(on_scan(one.probability), {what: on_scan(values) for what, values in one.maps.items()}, one.own)
        for way, one in told.items()
    }
    return Looked(standing.lying(region), scan.hounsfield.shape, ways)


def _region(name: str, standing: Standing, networks: Networks, folder: Path) -> Region:
    """The box of the standing scan that networks look at: found by the locator once, and kept."""
    path = folder / networks.fingerprint(Part.A) / f"{name}.json"
    if not path.is_file():
        card = networks.cards[Part.A]
        found = locate(standing.scan, card, networks.locator, engines=networks.engines, tell=silent).region
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({ORIGIN: found.origin, SHAPE: found.shape}), encoding="utf-8")
    said = json.loads(path.read_text(encoding="utf-8"))
    (k, j, i), (nk, nj, ni) = said[ORIGIN], said[SHAPE]
    return Region((k, j, i), (nk, nj, ni))


def _told(part: Part, name: str, standing: Standing, region: Region, networks: Networks, folder: Path) -> Told:
    """What one part says: from the disk, else asked for now and kept."""
    path = folder / networks.fingerprint(part) / f"{name} {part}.npz".replace(" ", "-")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        told = _asked(part, Sight.of(standing.scan, networks.cards[Part.A], region), networks)
        draft = path.with_suffix(".unfinished.npz")
        answers = {measure.value: values for measure, values in told.maps.items()} | {PROBABILITY: told.probability}
        np.savez_compressed(draft, allow_pickle=False, **answers)
        draft.replace(path)
    with np.load(path) as kept:
        maps = {Measure(measure): kept[measure] for measure in kept.files if measure != PROBABILITY}
        return Told(kept[PROBABILITY], maps, own=part is not Part.A)


def _asked(part: Part, sight: Sight, networks: Networks) -> Told:
    card, engines = networks.cards[part], networks.engines
    if part is Part.LIGHT:
        return _of_two_heads(sight, card, engines)
    if part is Part.DROPOUT:
        return told_of(baselines.dropout(sight, card, _unheard, seed=SEED))
    if part is Part.AUGMENTATION:
        return told_of(baselines.augmentation(sight, card, engines, _unheard, seed=SEED))
    return told_of(together(sight, card, engines, _unheard))


def _of_two_heads(sight: Sight, card: ModelCard, engines: Engines) -> Told:
    heads = card.heads
    if heads is None:
        raise ValueError("The network asked for both uncertainties must have two heads. Found: one. Give another card.")
    answer = sight.answer(engines(card, card.members[0]), card.outputs, _unheard)
    two = of_two_heads(answer[heads.soft], answer[heads.spread])
    maps = {Measure.ALEATORIC: two.aleatoric, Measure.EPISTEMIC: two.epistemic}
    known = {measure: values for measure, values in maps.items() if values is not None}
    return Told(np.ascontiguousarray(answer[heads.hard]), known)


def _unheard() -> None:
    """Nobody counts windows here: scans are counted."""
