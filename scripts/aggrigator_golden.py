"""Writes tests/data/aggrigator.json: what the authors' package says of known maps, for a test to hold ours against.

python -m scripts.aggrigator_golden    (needs aggrigator==0.1.0rc1)

The package needs PyTorch's torchvision by name, and numba, libpysal, geopandas and matplotlib in fact: some 400 MB that
nobody else here needs. So its answers are kept, and the maps are made again from their seeds. Install it for this
script alone, without what it names: `pip install --no-deps --target FOLDER aggrigator==0.1.0rc1 libpysal numba llvmlite
shapely geopandas pyproj pyogrio matplotlib contourpy cycler fonttools kiwisolver pyparsing beautifulsoup4 soupsieve`,
and add FOLDER at the end of PYTHONPATH.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pair = tuple[NDArray[np.float64], NDArray[np.uint8]]

TARGET = Path(__file__).parents[1] / "tests" / "data" / "aggrigator.json"
PACKAGE = "aggrigator==0.1.0rc1"
SIDE = 24


def maps() -> dict[str, Pair]:
    """Values and predicted classes of each known map, 2D."""
    rng = np.random.default_rng(20_260)
    labels = rng.integers(3, size=(SIDE, SIDE + 5)).astype(np.uint8)
    disk = (np.hypot(*np.ogrid[-12:12, -14:15]) < 8).astype(np.uint8)
    one_voxel = np.zeros(labels.shape)
    one_voxel[7, 9] = 0.6
    plateau = np.where(disk, 0.4, 0.0)
    return {
        "random": (rng.random(labels.shape), labels),
        "random, mostly low": (rng.random(labels.shape) ** 6, disk),
        "random steps": (rng.integers(1, 17, labels.shape) / 16, disk),
        "noise around a disk": (np.clip(0.5 * disk + 0.1 * rng.standard_normal(labels.shape), 0, 1), disk),
        "one voxel": (one_voxel, disk),
        "flat": (np.full(labels.shape, 0.3), disk),
        "plateau": (plateau, disk),
        "empty": (np.zeros(labels.shape), disk),
    }


def main() -> None:
    """Ask the package, and write what it says."""
    said = {name: _said(values, labels) for name, (values, labels) in maps().items()}
    TARGET.write_text(json.dumps({"package": PACKAGE, "said": said}, indent=1) + "\n", encoding="utf-8")


def _said(values: NDArray[np.float64], labels: NDArray[np.uint8]) -> dict[str, float]:
    from aggrigator.methods import AggregationMethods as Peer  # noqa: PLC0415 -- only here
    from aggrigator.spatial_decomposition import spatial_decomposition  # noqa: PLC0415
    from aggrigator.uncertainty_maps import UncertaintyMap  # noqa: PLC0415

    known = UncertaintyMap(values, labels)
    found = {
        "mean": Peer.mean(known),
        **{f"above 0.{n}": Peer.above_threshold_mean(known, n / 10) for n in (3, 5, 7)},
        **{f"above its {q:.2f} quantile": Peer.above_quantile_mean(known, q) for q in (0.6, 0.75, 0.9)},
        "foreground-ratio quantile": Peer.above_quantile_mean_fg_ratio(known),
        "patch of 5": Peer.patch_aggregation(known, 5),
        "balanced class mean": Peer.class_mean_w_equal_weights(known),
        "imbalance-weighted class mean": Peer.class_mean_weighted_by_occurrence(known),
        "boundary mean": Peer.class_boundary_mean(UncertaintyMap(values, labels > 0), {"id": 1}),
        "interior mean": Peer.class_interior_mean(UncertaintyMap(values, labels > 0), {"id": 1}),
        "Moran's I": Peer.morans_I(known),
        "Geary's C": Peer.gearys_C(known),
    }
    for name, peer in {"Moran": "moran", "edges": "eds", "entropy": "entropy"}.items():
        found[f"spatial mass by {name}"] = spatial_decomposition(known, 3, peer)[3]
    return {name: float(value) for name, value in found.items()}


if __name__ == "__main__":
    main()
