"""What an evaluation found, as it is kept beside a model's card: figures with intervals, and how they were made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.segmentation.card import ModelCard

EVALUATION = "evaluation.json"
"""Its name beside a card."""
ALL, NONE = "all scans", "no factor"
"""The strata of every scan, and of the scans without any factor."""


@dataclass(frozen=True)
class Estimate:
    """A mean over scans with its interval; None only with the reason."""

    value: float | None
    lower: float | None
    upper: float | None
    cases: int
    """Scans that the mean is over."""
    patients: int
    """Generated persons that these are of; the interval is over them."""
    undefined: int = 0
    """Scans of the stratum for which the measure is not defined."""
    reason: str = ""
    """Why there is no value, or no interval."""


@dataclass(frozen=True)
class Row:
    """One measure in one stratum, a column a generator. Claims quote the second column."""

    stratum: str
    measure: str
    unit: str
    same: Estimate
    other: Estimate


@dataclass(frozen=True)
class Look:
    """One look at the real scan. All are kept: who looks often enough finds a good figure."""

    at: str
    fingerprint: str
    aorta_dice: float | None
    """With the labels of the first program, in the slices that count."""
    second_dice: float | None
    """With those of the second."""
    programs_dice: float | None
    """Of the two programs with each other, in the same slices."""
    false_positive_ml: float
    """Marked above these slices where the first program sees no aorta."""
    reason: str = ""


@dataclass(frozen=True)
class Evaluation:
    """All figures of one model."""

    model: str
    fingerprint: str
    """Of the weights and of everything else that the figures hang on."""
    weights: tuple[str, ...]
    """SHA-256 of each member's file."""
    made: Mapping[str, str]
    """When, with what, and on which machine."""
    seeds: Mapping[str, tuple[int, ...]]
    """Of the scans of each generator, and of the bootstrap."""
    parameters: Mapping[str, Any]
    strata: tuple[Row, ...]
    pairs: tuple[Row, ...]
    """Per factor, the mean of each scan's figure less that of its pair without the factor."""
    looks: tuple[Look, ...] = field(default=())

    def row(self, stratum: str, measure: str) -> Row | None:
        """One row of the strata."""
        return next((row for row in self.strata if (row.stratum, row.measure) == (stratum, measure)), None)


def write(path: Path, evaluation: Evaluation) -> None:
    """Keep an evaluation; what lay there is replaced at once or not at all."""
    draft = path.with_name(f".{path.name}.unfinished")
    draft.write_text(json.dumps(asdict(evaluation), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    draft.replace(path)


def read(path: Path) -> Evaluation | None:
    """The evaluation that is kept at `path`; None where there is none. Raises InputRefused on any other file."""
    if not path.is_file():
        return None
    try:
        return _evaluation(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputRefused(
            "The figures of a model must be a file that `secondlook evaluate` wrote.",
            "a file of another form.",
            "Remove it and run `secondlook evaluate` again.",
        ) from error


def place_of(card: ModelCard, home: Path) -> Path:
    """Where the figures of these weights are kept in a store's home."""
    weights = "".join(member.sha256 for member in card.members)
    return home / "evaluations" / f"{hashlib.sha256(weights.encode()).hexdigest()[:12]}.json"


def of_card(card: ModelCard, home: Path) -> Evaluation | None:
    """The figures that came with a card, else those measured here. Raises InputRefused where they are of others."""
    found = read(card.folder / EVALUATION) or read(place_of(card, home))
    if found is not None and found.weights != tuple(member.sha256 for member in card.members):
        raise InputRefused(
            "The figures of a model must be of its own weights.",
            "those of other weights beside the card.",
            "Run `secondlook evaluate` again.",
        )
    return found


def _evaluation(kept: dict[str, Any]) -> Evaluation:
    read_as: dict[str, Any] = {
        "seeds": {name: tuple(seeds) for name, seeds in kept["seeds"].items()},
        "strata": tuple(map(_row, kept["strata"])),
        "pairs": tuple(map(_row, kept["pairs"])),
        "weights": tuple(kept["weights"]),
        "looks": tuple(Look(**look) for look in kept["looks"]),
    }
    return Evaluation(**kept | read_as)


def _row(kept: dict[str, Any]) -> Row:
    return Row(**kept | {"same": Estimate(**kept["same"]), "other": Estimate(**kept["other"])})
