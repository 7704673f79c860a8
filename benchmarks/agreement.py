"""The readers of one case compared with each other and with its models, against MONAI's surface distances alone.

    python -m benchmarks.agreement [--runs 5]

A generated aneurysm with iliac arteries on 150 slices of 512 x 512, 2.5 x 0.8 x 0.8 mm (SYNTHETIC), drawn by four
readers and three models who differ by smooth displacements. Ours makes every layer, place, figure and curve of the
case. The peer computes HD95 and the mean surface distance of the same 18 pairs on the same box, and nothing else. CPU
seconds of one process on one thread: other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import time
import warnings
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_distance import compute_average_surface_distance
from scipy.ndimage import gaussian_filter

from benchmarks._figures import RUNS, figure, report
from db.records import Region
from db.vocabulary import LabelSource
from services.experts import figures
from services.experts.maps import Layers, consensus_of
from services.experts.panel import panel_of
from services.measurement.drawn import LabelMap
from services.phantom.aorta import aorta_of
from services.phantom.frame import Frame
from services.phantom.implicit import grid_of
from services.phantom.plan import Plan
from services.volume import bounding_region, slices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.experts.panel import Panel

SHAPE, SPACING = (150, 512, 512), (2.5, 0.8, 0.8)
LOW, HIGH = (-90.0, -90.0, -90.0), (285.0, 80.0, 90.0)
"""z, y and x of the corners of what is drawn on, mm above the bifurcation's level and from the body's middle."""
CORNER = (0, 150, 150)
READERS, MODELS = 4, 3
WAVE_VOXELS, SPREAD_MM, LUMEN_MM = 8, 1.5, 8.0
Maps = list[tuple[str, LabelMap]]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    readers, models = _drawings()
    ours, theirs = [], []
    for _ in range(arguments.runs):
        begun = time.process_time()
        panel = _compared(readers, models)
        ours.append(time.process_time() - begun)
        begun = time.process_time()
        _peer(panel)
        theirs.append(time.process_time() - begun)
    named = f"{READERS} readers and {MODELS} models of one case compared, all layers and figures"
    shown = [
        figure(named, ours, "s", at_most=15),
        figure("surface distances of the same pairs alone, MONAI", theirs, "s"),
    ]
    facts = {"runs": arguments.runs, "shape": SHAPE, "box": panel.grid.box.shape, "spacing_mm": SPACING}
    report("agreement", shown, facts)


def _drawings() -> tuple[Maps, Maps]:
    """Label maps of lumen and thrombus."""
    plan = Plan(1)
    axes = [np.arange(low, high, step) for low, high, step in zip(LOW, HIGH, SPACING, strict=True)]
    distance = aorta_of(plan, Frame(plan)).outer(grid_of(*axes), 20.0)
    rng = np.random.default_rng(0)
    names = [*(f"reader {number}" for number in range(READERS)), *(f"model {number}" for number in range(MODELS))]
    maps = [(name, _label_map(distance, rng)) for name in names]
    return maps[:READERS], maps[READERS:]


def _label_map(distance: NDArray[np.float32], rng: np.random.Generator) -> LabelMap:
    noise = gaussian_filter(rng.standard_normal(distance.shape, np.float32), WAVE_VOXELS)
    moved = distance + noise * np.float32(SPREAD_MM / noise.std())
    array = np.where(moved < -LUMEN_MM, 3, np.where(moved < 0, 2, 0)).astype(np.uint8)
    box = bounding_region(array)
    if box is None:
        raise SystemExit("A drawing of this benchmark must not be empty.")
    k, j, i = np.add(box.origin, CORNER).tolist()
    classes = {1: "outer wall", 2: "thrombus", 3: "lumen"}
    return LabelMap(array[slices_of(box)], classes, Region((k, j, i), box.shape), np.eye(4))


def _compared(readers: Maps, models: Maps) -> Panel:
    panel = panel_of(readers, models, SHAPE, SPACING)
    agreed = consensus_of(panel)
    layers = Layers(panel, np.eye(4), LabelSource.SYNTHETIC)
    list(layers.all(agreed, [(name, "1") for name, _ in models]))
    figures.scores_of(panel, agreed)
    figures.profiles_of(panel)
    return panel


def _peer(panel: Panel) -> None:
    walls = [torch.from_numpy(wall)[None, None] for wall in panel.walls]
    for first, second in combinations(range(len(walls)), 2):
        if first < READERS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # MONAI warns of an argument that it gives itself
                said: dict[str, Any] = {"include_background": True, "spacing": list(SPACING)}
                compute_hausdorff_distance(walls[first], walls[second], percentile=95, **said)
                compute_average_surface_distance(walls[first], walls[second], symmetric=True, **said)


if __name__ == "__main__":
    main()
