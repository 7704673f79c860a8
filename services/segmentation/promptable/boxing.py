"""Any prompt as a box: what a model that was taught with boxes alone needs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.segmentation.promptable.clicking import box_from_click
from services.segmentation.promptable.exemplar import box_from_exemplar
from services.segmentation.promptable.prompts import require_a_say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from services.segmentation.promptable.prompts import Prompt, Promptable


def boxed(model: Promptable, embedding: NDArray[np.float16], prompt: Prompt, pixel_mm: float) -> Prompt | None:
    """The prompt with a box, made from its example or its first positive click; unchanged where it has one already.

    Clicks and mask stay with it. None where nothing is outlined at the click or the example. Raises ValueError for a
    prompt that has none of these to make a box from, and no mask.
    """
    if prompt.box is not None:
        return prompt
    click = next((one for one in prompt.clicks if one.positive), None)
    if click is not None:
        settled = box_from_click(model, embedding, click, pixel_mm)
    elif prompt.exemplar is not None:
        settled = box_from_exemplar(model, embedding, prompt.exemplar, pixel_mm)
    else:
        require_a_say(prompt)
        return prompt
    return None if settled is None else replace(prompt, box=settled.box, exemplar=None)
