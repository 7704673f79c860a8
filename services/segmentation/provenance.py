"""What tells the result of one model from that of another: name, version, weights, method and its version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.segmentation.card import Format
from services.uncertainty.names import Method

if TYPE_CHECKING:
    from db.records import Json
    from services.segmentation.card import ModelCard

METHOD, VERSION = "deep ensemble", "1"
"""Lakshminarayanan et al. 2017, arXiv:1612.01474. The version changes with everything that changes a stored value."""
INFERENCE = "2"
"""Of the inference whose maps these are: `inference.VERSION`, said here because a page must not load that."""
SELF_PROMPTING, SELF_PROMPTING_VERSION = "self-prompting", "1"
"""Zhang et al. 2026, arXiv:2603.27250. The version is also that of `self_prompted`, which a page must not load."""
UNCERTAINTY_VERSION = "1"
"""Of how aleatoric, epistemic and total are made of what the networks say: uncertainty.expert_guided."""
IMPORTED = "deep ensemble (imported members)"
SHOWN = 12
"""Hexadecimal digits of a digest that tell enough to a reader."""


def weights_of(card: ModelCard) -> str:
    """SHA-256 over those of the members' files, 64 hexadecimal digits: what a card says about them may change."""
    return hashlib.sha256("".join(member.sha256 for member in card.members).encode()).hexdigest()


def method_of(card: ModelCard) -> tuple[str, str]:
    """How a model predicts, and the version of that way."""
    if card.format is Format.SELF_PROMPT:
        return SELF_PROMPTING, SELF_PROMPTING_VERSION
    return (Method.LIGHT.value, UNCERTAINTY_VERSION) if card.heads else (METHOD, VERSION)


def identity(card: ModelCard, companion: ModelCard | None = None) -> dict[str, object]:
    """What a run keeps of its model, and of the networks asked about its doubt: two with the same are the same run."""
    method, version = method_of(card)
    inference = SELF_PROMPTING_VERSION if card.format is Format.SELF_PROMPT else INFERENCE
    made = {"method": method, "method_version": version, "inference": inference}
    asked = {} if companion is None else {"companion": companion.key, "companion_weights": weights_of(companion)}
    return {"model": card.key, "weights": weights_of(card), **made, **asked}


def is_made_by(parameters: Json, card: ModelCard, companion: ModelCard | None = None) -> bool:
    """Whether a run with these parameters is what this model and its companion would compute again.

    Without companion a run that had one counts too: it holds more than would be computed.
    """
    return all(parameters.get(name) == value for name, value in identity(card, companion).items())
