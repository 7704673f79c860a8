"""A scan and any card to a prediction: an ensemble of networks, or LiteMedSAM that prompts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.segmentation import inference
from services.segmentation.card import Format, require_content
from services.segmentation.engine import KeptNetworks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.inference import Prediction
    from services.segmentation.promptable.prompts import Promptable
    from services.segmentation.promptable.self_prompted import Propose


class KeptModels:
    """Predicts by a card's format, and keeps what it loaded, so that the next case does not wait for it."""

    def __init__(self) -> None:
        self._networks = KeptNetworks()
        self._promptable: Promptable | None = None
        self._prompts: dict[str, Propose] = {}

    def __call__(
        self,
        hounsfield: NDArray[np.int16],
        affine: NDArray[np.float64],
        card: ModelCard,
        *,
        locator: ModelCard | None,
        progress: Tell,
    ) -> Prediction:
        """See `pipeline.Predict`."""
        if card.format is not Format.SELF_PROMPT:
            return inference.predict(
                hounsfield, affine, card, locator=locator, progress=progress, engines=self._networks
            )
        from services.segmentation.promptable import self_prompted  # noqa: PLC0415 -- only this format needs it

        model, prompt = self._self_prompting(card)
        return self_prompted.predict(hounsfield, affine, card, model=model, prompt=prompt, progress=progress)

    def _self_prompting(self, card: ModelCard) -> tuple[Promptable, Propose]:
        """LiteMedSAM and the card's arm. Raises InputRefused where the package is not there or a file is another."""
        from services.segmentation.promptable import package  # noqa: PLC0415 -- as above
        from services.segmentation.promptable.lite_medsam import LiteMedSam  # noqa: PLC0415
        from services.segmentation.promptable.self_prompt_weights import SelfPrompter  # noqa: PLC0415
        from services.segmentation.promptable.self_prompting import Arm  # noqa: PLC0415

        model = self._promptable = self._promptable or LiteMedSam()
        member = card.members[0]
        if member.sha256 not in self._prompts:
            path = require_content(card, member)
            self._prompts[member.sha256] = SelfPrompter(path, Arm.GATED, package.network().prompt_encoder).propose
        return model, self._prompts[member.sha256]
