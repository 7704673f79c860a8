"""All scores of one 3D map, and its three spatial masses a voxel against the authors' package a pixel, in one run.

    python -m benchmarks.aggregation [--runs 5] [--side 160]

A map of random numbers on 160 x 160 x 160 voxels (SYNTHETIC), which is the slowest there is: real maps are 0 in most
blocks, and those are passed over. All scores: 20 strategies around a ball and over the whole map, on two threads. The
peer, aggrigator 0.1.0rc1, computes its three spatial weights of one slice, since it knows 2D alone; ours are in 3D. It
is left out, with words, where it is not installed: `scripts/aggrigator_golden.py` says how. The ratio is of CPU time.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._figures import RUNS, figure, report
from services.aggregation.names import MASSES
from services.aggregation.scores import scores_of
from services.aggregation.spatial_mass import mass_ratios
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDE, PEER_SIDE = 160, 160
SPACING = (1.0, 1.0, 1.0)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--side", type=int, default=SIDE, help="Voxels along each axis.")
    arguments = parser.parse_args()
    values, labels = _map(arguments.side)
    whole, ours, theirs = [], [], []
    peer = _peer(values[0, :PEER_SIDE, :PEER_SIDE])
    for _ in range(arguments.runs):
        begun = time.perf_counter()
        scores_of(values, labels, SPACING, measure=Measure.PREDICTIVE)
        whole.append(time.perf_counter() - begun)
        ours.append(_cpu(lambda: [mass_ratios(values, one, (None,)) for one in MASSES]) / values.size * 1e6)
        if peer:
            theirs.append(_cpu(peer) / values[0, :PEER_SIDE, :PEER_SIDE].size * 1e6)
    shown = [
        figure(f"all scores of a map of {arguments.side}^3 voxels, both places", whole, "s", at_most=2),
        figure("three spatial masses in 3D, CPU time a voxel", ours, "us"),
    ]
    if theirs:
        ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
        shown.append(figure("three spatial weights of aggrigator in 2D, CPU time a pixel", theirs, "us"))
        shown.append(figure("times faster a voxel than aggrigator a pixel", ratios, "x", at_least=200))
    report("aggregation", shown, {"runs": arguments.runs, "side": arguments.side, "peer": bool(peer)})


def _map(side: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Random numbers, and a ball of lumen within thrombus in the middle."""
    axis = np.arange(side) - side / 2
    away = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    labels = np.where(away < side / 6, 1, np.where(away < side / 4, 2, 0)).astype(np.uint8)
    return np.random.default_rng(0).random((side, side, side)), labels


def _peer(values: NDArray[np.float64]) -> Callable[[], object] | None:
    """What the authors' package does of one slice, its compiled parts warm; None where it is not installed."""
    if find_spec("aggrigator") is None:
        print("aggrigator is not installed: no comparison. scripts/aggrigator_golden.py says how to install it.")
        return None
    from aggrigator.spatial_decomposition import spatial_decomposition  # noqa: PLC0415 -- an optional peer
    from aggrigator.uncertainty_maps import UncertaintyMap  # noqa: PLC0415

    def weights(part: NDArray[np.float64]) -> list[object]:
        return [spatial_decomposition(UncertaintyMap(part), 3, one)[3] for one in ("moran", "eds", "entropy")]

    weights(values[:8, :8])
    return lambda: weights(values)


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
