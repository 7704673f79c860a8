"""Where a scan does not show the border of a structure: little contrast between what lies inside and outside of it.

At every node, with m and s the mean and standard deviation of the HU in the shells from SHELL_MM inside and outside
of the border, all weighted with a Gaussian of two nodes:

    ambiguity = 1 / (1 + (|m_in - m_out| / (CONTRAST_HU + s_in))^2)

Our own design: 0.9 between thrombus and muscle (18 HU apart), below 0.1 between thrombus and fat (140 HU).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.deforming import Lattice
    from services.phantom.implicit import Floats

SHELL_MM = (1.0, 6.0)
CONTRAST_HU = 25.0
LOWEST, HIGHEST = -150, 250
"""HU beyond are cut: plaque and gas are no contrast of the border."""
WIDE, WIDER = 1.0, 3.0
"""Nodes over which shells are averaged, and over which empty places take the value of their surroundings."""


def ambiguity(hounsfield: NDArray[np.int16], distance: Floats, lattice: Lattice) -> Floats:
    """(nodes): 0 to 1 near the border, 0 where it is far. `distance`: [k, j, i] in mm, negative inside."""
    near, far = SHELL_MM
    inside = _shell(hounsfield, (distance > -far) & (distance < -near), lattice)
    outside = _shell(hounsfield, (distance > near) & (distance < far), lattice)
    known = (inside[0] > TINY) & (outside[0] > TINY)
    apart = np.abs(inside[1] - outside[1])
    unclear = np.where(known, 1 / (1 + (apart / (CONTRAST_HU + inside[2])) ** 2), 0)
    weight = ndimage.gaussian_filter(known.astype(np.float32), WIDER)
    around = ndimage.gaussian_filter(unclear, WIDER) / np.maximum(weight, TINY)
    return np.asarray(np.where(known, unclear, np.where(weight > TINY, around, 0)), np.float32)


TINY = 1e-3


def _shell(hounsfield: NDArray[np.int16], where: NDArray[np.bool_], lattice: Lattice) -> tuple[Floats, Floats, Floats]:
    """Weight, mean and standard deviation of the HU in a shell, at every node."""
    voxels = np.stack(np.nonzero(where))
    nodes = np.rint(lattice.in_nodes(voxels)).astype(int)
    flat = np.ravel_multi_index(tuple(nodes), lattice.shape)
    values = np.clip(hounsfield[where], LOWEST, HIGHEST).astype(np.float64)
    size = int(np.prod(lattice.shape))
    sums = [np.bincount(flat, values**power, minlength=size).reshape(lattice.shape) for power in range(3)]
    weight, first, second = (ndimage.gaussian_filter(one, WIDE) for one in sums)
    mean = first / np.maximum(weight, TINY)
    deviation = np.sqrt(np.maximum(second / np.maximum(weight, TINY) - mean**2, 0))
    return np.asarray(weight, np.float32), np.asarray(mean, np.float32), np.asarray(deviation, np.float32)


def moved_elsewhere(unclear: Floats, wall: NDArray[np.bool_], field: Floats) -> Floats:
    """The same values on the nodes of `wall`, handed out in the order of a random `field`.

    A control: as much ambiguity as there is, in places that have nothing to do with the image.
    """
    shuffled = np.zeros_like(unclear)
    order = np.argsort(field[wall], kind="stable")
    values = np.empty(len(order), np.float32)
    values[order] = np.sort(unclear[wall])
    shuffled[wall] = values
    return shuffled
