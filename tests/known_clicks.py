"""A network for clicks whose answer is known: all that is brighter than the background, and joined to a click."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

BRIGHT_HU = 20


class BrightThings:
    """Says yes where it is bright, in pieces that a positive click or the mask of before touches, never at a no."""

    side = 96
    identity: Mapping[str, object] = MappingProxyType({"model": "bright things@1", "engine": "NumPy"})

    def predict(
        self,
        hounsfield: NDArray[np.float32],
        positive: NDArray[np.bool_],
        negative: NDArray[np.bool_],
        previous: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        pieces, _ = ndimage.label((hounsfield > BRIGHT_HU) & ~negative)
        wanted = np.setdiff1d(pieces[positive | previous], [0])
        return np.isin(pieces, wanted).astype(np.float32)
