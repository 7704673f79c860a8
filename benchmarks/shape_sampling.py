"""200 shapes with their diameters, against warping the whole mask and measuring it anew, in the same run.

    python -m benchmarks.shape_sampling [--runs 5] [--peers 10]

A generated aneurysm's exact mask and a probability around it, 2.5 x 0.8 x 0.8 mm (SYNTHETIC). Ours moves the outlines
that may become the widest. The peer reads the whole volume where the inverse deformation leads (scipy map_coordinates,
linear) and measures the warped mask from its centreline on; it is timed on a few shapes and multiplied. One process, as
many threads as the libraries take.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from benchmarks._figures import RUNS, Figure, figure, report
from services.measurement import fit as fits
from services.measurement.evidence import evidence_of, searched
from services.measurement.flows import Lattice, exponential, unit_field
from services.measurement.intervals import shapes_of
from services.measurement.measure import measure
from services.measurement.shape_sampling import SAMPLES
from services.phantom.aorta import aorta_of
from services.phantom.frame import Frame
from services.phantom.implicit import grid_of
from services.phantom.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.measurement.evidence import Evidence
    from services.measurement.measure import Measured

SPACING = (2.5, 0.8, 0.8)
LOW, HIGH = (-30.0, -70.0, -45.0), (130.0, 40.0, 70.0)
"""z, y and x of the corners of the volume, mm above the bifurcation's level and from the body's middle."""
BLUR_MM = 2.0
"""Of the mask into a probability: doubt of about so much everywhere."""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--peers", type=int, default=10)
    arguments = parser.parse_args()
    mask, affine = _aneurysm()
    measured = measure(mask, affine, {1: "outer wall"})
    blurred = gaussian_filter(mask.astype(np.float32), np.divide(BLUR_MM, SPACING))
    evidence = evidence_of(searched(measured), blurred, affine, voxels=0)
    if evidence is None:
        raise SystemExit("The aneurysm of this benchmark must have a diameter.")
    figures = _figures(mask, affine, measured, evidence, arguments.runs, arguments.peers)
    facts = {"runs": arguments.runs, "peers": arguments.peers, "voxels": list(mask.shape), "spacing_mm": SPACING}
    report("shape_sampling", figures, facts)


def _aneurysm() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    plan = Plan(1)
    axes = [np.arange(low, high, step) for low, high, step in zip(LOW, HIGH, SPACING, strict=True)]
    inside = aorta_of(plan, Frame(plan)).outer(grid_of(*axes), 6.0) < 0
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *SPACING, 1.0
    affine[:3, 3] = LOW[::-1]
    return inside.astype(np.uint8), affine


def _figures(
    mask: NDArray[np.uint8],
    affine: NDArray[np.float64],
    measured: Measured,
    evidence: Evidence,
    runs: int,
    peers: int,
) -> list[Figure]:
    fit = fits.shipped()
    ours, theirs, jacobians = [], [], []
    for _ in range(runs):
        begun = time.perf_counter()
        shapes = shapes_of(evidence, fit)
        ours.append(time.perf_counter() - begun)
        jacobians.append(float(shapes.jacobians.min()))
        begun = time.perf_counter()
        for number in range(peers):
            _warped(mask, affine, evidence, fit.correlation_mm, number)
        theirs.append((time.perf_counter() - begun) / peers * SAMPLES)
    return [
        figure(f"{SAMPLES} shapes with their diameters", ours, "s", at_most=10),
        figure(f"the same by warping and measuring the mask, from {peers} shapes", theirs, "s"),
        figure("times the speed of that", [their / our for their, our in zip(theirs, ours, strict=True)], "x"),
        figure("smallest Jacobian determinant of all shapes", jacobians, "", at_least=0),
    ]


def _warped(
    mask: NDArray[np.uint8], affine: NDArray[np.float64], evidence: Evidence, correlation_mm: float, seed: int
) -> Measured:
    """The peer: one deformed mask, measured."""
    lattice = Lattice.around(evidence.rings.points.reshape(-1, 3), correlation_mm)
    velocity = 2.0 * unit_field(lattice, correlation_mm, np.random.default_rng(seed))
    back = exponential(-velocity, lattice.step_mm)
    points = np.indices(mask.shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    read = points + lattice.at(back, points)
    index = (read - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    warped = map_coordinates(mask.astype(np.float32), index.T, order=1).reshape(mask.shape) > 0.5
    return measure(warped.astype(np.uint8), affine, {1: "outer wall"})


if __name__ == "__main__":
    main()
