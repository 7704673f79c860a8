"""Soft labels: how many of the readers called a voxel what, with or without smoothing where classes meet.

Mean of one-hot: p_c(x) = 1/R sum_r [label_r(x) = c]. Spatially varying label smoothing (SVLS) after Islam and Glocker
2021, arXiv:2104.05788: one-hot labels weighted with a 3x3x3 Gaussian whose middle weighs as much as its 26 neighbours
together, the border repeated. So a voxel keeps at least half of its own label, and only voxels near another class are
smoothed. Both are linear: the SVLS of the mean is the mean of all readers' SVLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.experts.votes import Labels

    Floats = NDArray[np.float32]

SIGMA = 1.0
"""Standard deviation of the Gaussian in voxels, as published."""


def mean_one_hot(drawn: Labels, *, classes: int) -> Floats:
    """(class, k, j, i) from label maps (reader, k, j, i): the share of readers that gave each class; sums to 1.

    Raises ValueError without a reader: a share of nobody is no number.
    """
    if drawn.ndim != 4 or not len(drawn):
        raise ValueError(f"Readers must be (reader, k, j, i), at least one. Found: {drawn.shape}. Stack label maps.")
    shares = [(drawn == label).sum(axis=0, dtype=np.float64) / len(drawn) for label in range(classes)]
    return np.stack(shares).astype(np.float32)


def svls(drawn: Labels, *, classes: int, sigma: float = SIGMA) -> Floats:
    """(class, k, j, i) from label maps (reader, k, j, i): `mean_one_hot`, smoothed where classes meet; sums to 1.

    The kernel counts voxels, not millimetres, as published: along thick slices it reaches further than in them.
    """
    return smoothed(mean_one_hot(drawn, classes=classes), sigma=sigma)


def smoothed(shares: Floats, *, sigma: float = SIGMA) -> Floats:
    """Soft or one-hot labels (class, k, j, i) under the kernel of SVLS."""
    kernel = svls_kernel(sigma)
    return np.stack([ndimage.correlate(share, kernel, output=np.float32, mode="nearest") for share in shares])


def svls_kernel(sigma: float = SIGMA) -> NDArray[np.float64]:
    """3x3x3 weights that sum to 1: one half in the middle, the other half around it as the Gaussian falls."""
    if not sigma > 0:
        raise ValueError(f"The kernel's width must be above 0 voxels. Found: {sigma}. Use {SIGMA}, as published.")
    steps = np.arange(-1, 2) ** 2
    squared = steps[:, None, None] + steps[None, :, None] + steps[None, None, :]
    weights = np.exp(-squared / (2 * sigma**2))
    weights[1, 1, 1] = 0.0
    weights /= 2 * weights.sum()
    weights[1, 1, 1] = 0.5
    return np.asarray(weights, np.float64)
