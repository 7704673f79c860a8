"""Networks for corrections whose answer is known: one that grows over equal voxels, and one that says anything."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


class Growing:
    """What is connected to a positive click and as bright belongs; what is so with a negative one does not."""

    side = 96
    alike_hu = 60.0

    def __init__(self) -> None:
        self.identity: Mapping[str, object] = {"model": "growing@1"}

    def predict(
        self, hounsfield: NDArray[np.float32], positive: Mask, negative: Mask, previous: Mask
    ) -> NDArray[np.float32]:
        """See `ClickModel`."""
        added, removed = self._grown(hounsfield, positive), self._grown(hounsfield, negative)
        return ((previous | added) & ~removed).astype(np.float32)

    def _grown(self, hounsfield: NDArray[np.float32], discs: Mask) -> Mask:
        grown = np.zeros_like(discs)
        labelled, count = ndimage.label(discs)
        for number in range(1, count + 1):
            disc = labelled == number
            pieces, _ = ndimage.label(np.abs(hounsfield - np.median(hounsfield[disc])) < self.alike_hu)
            grown |= np.isin(pieces, np.setdiff1d(pieces[disc], 0))
        return grown


class Anything:
    """Noise that hangs on all that it sees: no promise may rest on what a network says."""

    side = 96

    def __init__(self) -> None:
        self.identity: Mapping[str, object] = {"model": "anything@1"}

    def predict(
        self, hounsfield: NDArray[np.float32], positive: Mask, negative: Mask, previous: Mask
    ) -> NDArray[np.float32]:
        """See `ClickModel`."""
        seen = hashlib.sha256(b"".join(one.tobytes() for one in (hounsfield, positive, negative, previous)))
        rng = np.random.default_rng(int.from_bytes(seen.digest()[:8], "big"))
        smooth = ndimage.gaussian_filter(rng.standard_normal(previous.shape), rng.uniform(0.5, 6))
        return np.asarray(smooth > 0, np.float32)


class Stubborn:
    """Whatever is clicked, the mask of before is right."""

    side = 96

    def __init__(self) -> None:
        self.identity: Mapping[str, object] = {"model": "stubborn@1"}

    def predict(
        self, hounsfield: NDArray[np.float32], positive: Mask, negative: Mask, previous: Mask
    ) -> NDArray[np.float32]:
        """See `ClickModel`."""
        return previous.astype(np.float32)


def disc(shape: tuple[int, int], middle: tuple[float, float], radius: float) -> Mask:
    """A disc of voxels."""
    down, across = np.indices(shape)
    return np.asarray(np.hypot(down - middle[0], across - middle[1]) <= radius)


def vessel(*, brightness: int = 200, shape: tuple[int, int] = (80, 80)) -> tuple[NDArray[np.int16], Mask]:
    """A bright disc of radius 14 in fat, beside an organ of 60 HU that touches it; and the disc alone."""
    wanted = disc(shape, (40, 36), 14)
    organ = disc(shape, (40, 62), 13) & ~wanted
    hounsfield = np.where(wanted, brightness, np.where(organ, 60, -100)).astype(np.int16)
    return hounsfield, wanted
