"""What one box is measured on: the real CTA, and held-out phantoms of both generators, made when asked for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.held_out import Generator, held_out
from services.evaluation.one_box import Scene
from services.phantom.structures import INSIDE_THE_WALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut
    from services.evaluation.real_scan import RealScan

REAL = "real CTA"
REAL_STARTS = tuple(range(10, 151, 10))
PHANTOM_STARTS = (0.2, 0.5, 0.8)
"""Parts of the way along the slices that show the aorta."""


def real_scene(scan: RealScan) -> Scene:
    """The real CTA; its labels are a program's."""
    return Scene(REAL, scan.hounsfield, scan.affine, scan.aorta, REAL_STARTS)


def phantom_scenes(persons: int) -> Iterator[Scene]:
    """So many scans of each generator, the first of the held-out ones. SYNTHETIC.

    Only slices that show the aorta count: it ends where the iliac arteries begin, which nothing in a picture says.
    """
    cases = held_out(1, pairs=False)
    for generator in Generator:
        yield from map(_scene, islice((case for case in cases if case.generator is generator), persons))


def _scene(case: HeldOut) -> Scene:
    made = case.generate()
    inside: NDArray[np.bool_] = np.isin(made.labels, INSIDE_THE_WALL)
    shown = np.flatnonzero(inside.any(axis=(1, 2)))
    starts = tuple(int(shown[round(part * (len(shown) - 1))]) for part in PHANTOM_STARTS)
    return Scene(f"{case.generator}: {case.name}", made.hounsfield, made.affine, inside, starts, only_shown=True)
