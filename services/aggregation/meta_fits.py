"""Fitted meta-aggregators as a document: those that are shipped, and those that an installation fitted on its cases.

JSON of numbers, so that reading one runs no code. It says on which cases, by which versions and with which seed it was
fitted; its version stands with every score that it gives.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services.aggregation.meta_aggregator import Beta, MetaAggregator, Mixture
from services.aggregation.names import KEYS, METAS, Strategy
from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED = "meta_aggregators.json"
"""In services/presets; written by `python -m scripts.meta_fit`."""
FOLDER = "meta-aggregators"
"""Of an installation's own fits, in its home; the one with the highest number counts."""
NUMBERED = re.compile(r"own-(\d{1,6})\.json")
DIGITS = 9


@dataclass(frozen=True)
class MetaFits:
    """Meta-aggregators by the key of the score that each gives."""

    version: str
    """Of this fit: 'shipped-1', or 'own-3'."""
    about: Mapping[str, Any]
    """On which cases it was fitted and how, ready for JSON."""
    fitted: Mapping[str, MetaAggregator]

    def written(self) -> str:
        """The document."""
        fitted = {key: _plain(one) for key, one in self.fitted.items()}
        return json.dumps({"version": self.version, "about": dict(self.about), "fitted": fitted}, indent=None) + "\n"


def read(text: str) -> MetaFits:
    """A document. Raises InputRefused where it is damaged."""
    try:
        said = json.loads(text)
        fitted = {key: _of_plain(one) for key, one in said["fitted"].items() if _is_meta(key)}
        return MetaFits(str(said["version"]), dict(said["about"]), fitted)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise InputRefused(
            "Fitted meta-aggregators must be a document that `secondlook aggregate refit` wrote.",
            "a damaged one.",
            "Fit them again with that command, or remove the document to use the shipped ones.",
        ) from None


def place_of_shipped() -> Path:
    """Where the shipped document lies."""
    return Path(str(files("services"))) / "presets" / SHIPPED


@lru_cache(maxsize=1)
def shipped() -> MetaFits | None:
    """Those of the training family of generated scans; None where they were not shipped."""
    place = place_of_shipped()
    return read(place.read_text(encoding="utf-8")) if place.is_file() else None


def chosen(home: Path) -> MetaFits | None:
    """The newest of the installation, else the shipped ones. Raises InputRefused where it is damaged."""
    own = numbers(home)
    return _kept(home / FOLDER / f"own-{max(own)}.json") if own else shipped()


def numbers(home: Path) -> list[int]:
    """Of the fits that an installation made."""
    folder = home / FOLDER
    found = (NUMBERED.fullmatch(one.name) for one in folder.iterdir()) if folder.is_dir() else ()
    return sorted(int(one[1]) for one in found if one)


def keep(fits: MetaFits, home: Path) -> None:
    """Store a fit of the installation; those before stay. Whole, or not at all."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{fits.version}.unfinished"
    draft.write_text(fits.written(), encoding="utf-8")
    draft.replace(folder / f"{fits.version}.json")


@lru_cache(maxsize=4)
def _kept(path: Path) -> MetaFits:
    """A fit is never written twice, so that it is read once."""
    return read(path.read_text(encoding="utf-8"))


def _is_meta(key: str) -> bool:
    return KEYS[key].strategy in METAS


def _plain(one: MetaAggregator) -> dict[str, Any]:
    return {
        "features": [feature.value for feature in one.features],
        "betas": [[_rounded(beta.a), _rounded(beta.b)] for beta in one.betas],
        "mixtures": [_plain_mixture(mixture) for mixture in one.mixtures],
        "least": one.least,
    }


def _plain_mixture(mixture: Mixture) -> dict[str, Any]:
    upper = np.triu_indices(mixture.means.shape[1])
    return {
        "weights": [_rounded(weight) for weight in mixture.weights],
        "means": [[_rounded(value) for value in mean] for mean in mixture.means],
        "factors": [[_rounded(value) for value in factor[upper]] for factor in mixture.factors],
    }


def _of_plain(said: Mapping[str, Any]) -> MetaAggregator:
    features = tuple(Strategy(name) for name in said["features"])
    betas = tuple(Beta(float(a), float(b)) for a, b in said["betas"])
    mixtures = tuple(_of_plain_mixture(one, len(features)) for one in said["mixtures"])
    if len(betas) != len(features) or not mixtures:
        raise ValueError(said["features"])
    return MetaAggregator(features, betas, mixtures, float(said["least"]))


def _of_plain_mixture(said: Mapping[str, Any], size: int) -> Mixture:
    means, packed = np.array(said["means"], np.float64), np.array(said["factors"], np.float64)
    factors = np.zeros((len(means), size, size))
    factors[(slice(None), *np.triu_indices(size))] = packed
    return Mixture(np.array(said["weights"], np.float64), means, factors)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
