"""The analysis of a case on which nobody has drawn anything: LiteMedSAM prompts itself, then follows the vessel.

The layers are those of an outline from one box, and with them what the background vetoed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from services import outlining
from services.making import Making
from services.outlines import STOPPED
from services.pipeline import Analysis
from services.segmentation.card import require_content
from services.segmentation.provenance import SHOWN, identity, method_of, weights_of

if TYPE_CHECKING:
    from pathlib import Path

    from highdicom import Volume

    from db.vocabulary import LabelSource
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.promptable.embeddings import Embeddings
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.self_prompted import Propose

VETOED = "vetoed by background"
"""Name of the map of 1 - gate: what the background prompt took away from the foreground prompt."""


class Ready(NamedTuple):
    """What outlines without a hand, loaded."""

    model: Promptable
    prompt: Propose


def analyse(
    volume: Volume,
    card: ModelCard,
    ready: Ready,
    *,
    source: LabelSource,
    embeddings: Embeddings | None = None,
    tell: Tell,
) -> Analysis:
    """Mask, probability of the outer wall, doubt of the members, and the veto. `volume`: int16 HU [k, j, i]."""
    from services.segmentation.promptable.self_prompted import outline_unprompted  # noqa: PLC0415 -- only who analyses

    found = outline_unprompted(
        volume.array, volume.affine, *ready, embeddings=embeddings, progress=tell
    )  # fmt: skip
    outlined, seed = found.outlined, card.members[0].seed
    ends = outlining.sentences(outlined.stops)
    shown = {"prompt": "none", **found.parameters, STOPPED: ends, "weights": weights_of(card)[:SHOWN]}
    method, version = method_of(card)
    making = Making(volume, outlined.region, card.name, card.version, source, method, version, shown, seed)
    vetoed = replace(making, region=found.region).probability(VETOED, found.vetoed)
    layers = (*outlining.layers_of(outlined, making), vetoed)
    followed = {
        name: value for name, value in outlined.parameters.items() if name not in {"model", "method", "version"}
    }
    return Analysis(layers, {**followed, **shown, "promptable": outlined.parameters["model"], **identity(card)})


def loaded(card: ModelCard) -> Ready:
    """LiteMedSAM and a card's weights. Raises InputRefused where the package is not there or a file is another."""
    member = card.members[0]
    return _loaded(require_content(card, member), member.sha256)


@lru_cache(maxsize=1)
def _loaded(weights: Path, _sha256: str) -> Ready:
    """The last ones, which stay ready while this process lives."""
    from services.segmentation.promptable import package  # noqa: PLC0415 -- loads OpenVINO and PyTorch
    from services.segmentation.promptable.lite_medsam import LiteMedSam  # noqa: PLC0415
    from services.segmentation.promptable.self_prompt_weights import SelfPrompter  # noqa: PLC0415
    from services.segmentation.promptable.self_prompting import Arm  # noqa: PLC0415

    model = LiteMedSam()
    return Ready(model, SelfPrompter(weights, Arm.GATED, package.network().prompt_encoder).propose)
