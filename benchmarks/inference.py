"""Sliding windows of a 3D U-Net on the CPU, against MONAI's with eager PyTorch: same weights, windows, volume and run.

    python -m benchmarks.inference [--runs 5] [--without-memory]

Both give the mean probabilities of one network over 12 windows of 96x96x96 that overlap by half, with Gaussian weights.
Loading is not timed on either side. The weights are the shipped aorta's where there are some, else random ones of that
layout; the time is the same. Memory: the high-water mark of a process of its own that segments 512x512x400 voxels with
ten networks, on the whole image, and where the locator (shipped, else random) leaves of it.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from monai.data.utils import dense_patch_slices
from monai.inferers import sliding_window_inference

from benchmarks._figures import RUNS, Figure, figure, report
from db.records import Region
from services.segmentation import loading, registry
from services.segmentation.engine import OpenVinoEngine
from services.segmentation.inference import predict
from services.segmentation.windows import OVERLAP, SIGMA, Windows, class_probability
from tests.services.segmentation.random_models import SHIPPED, random_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from services.segmentation.card import ModelCard

GRID = (192, 144, 144)
"""A whole number of steps along every axis, so that MONAI's windows are ours."""
WINDOWS_AT_ONCE = 4
"""Of the peer, which was slower with one at a time."""
SCAN = (400, 512, 512)
SCAN_SPACING = (1.0, 0.9, 0.9)
NETWORKS = 10
WHOLE, LOCATED = "whole", "located"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--without-memory", action="store_true")
    parser.add_argument("--memory-of", choices=[WHOLE, LOCATED], help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if wanted.memory_of:
            print(_memory_here(Path(name), wanted.memory_of))
            return
        card = shipped("aorta") or random_model(Path(name), layout=SHIPPED, members=1, patch=96)
        figures = _speeds(card, wanted.runs)
    if not wanted.without_memory:
        figures += _memory()
    threads = torch.get_num_threads()
    report("inference", figures, {"runs": wanted.runs, "model": card.key, "grid": list(GRID), "torch_threads": threads})


def shipped(folder: str) -> ModelCard | None:
    """The shipped model of that folder, where there is one."""
    return next((card for card in registry.shipped() if card.folder.name == folder), None)


def _speeds(card: ModelCard, runs: int) -> list[Figure]:
    image = np.random.default_rng(0).random(GRID, dtype=np.float32)
    ours, theirs = _ours(card, image), _monais(card, image)
    ours(), theirs()  # every module, memory and cache is warm
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    differences = []
    for _ in range(runs):
        taken, mine = _timed(ours)
        seconds["ours"].append(taken)
        taken, peers = _timed(theirs)
        seconds["theirs"].append(taken)
        differences.append(1e6 * float(np.abs(mine - peers).max()))
    ratios = [their / our for their, our in zip(seconds["theirs"], seconds["ours"], strict=True)]
    return [
        figure("12 windows of 96x96x96, ours with OpenVINO", seconds["ours"], "s"),
        figure("12 windows of 96x96x96, MONAI's with eager PyTorch", seconds["theirs"], "s"),
        figure("sliding windows: times the speed of MONAI's", ratios, "x", at_least=3),
        figure("largest difference of two probabilities", differences, "ppm", at_most=1000),
    ]


def _ours(card: ModelCard, image: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    engine = OpenVinoEngine(loading.openvino_model(card, card.members[0]))
    windows = Windows.over(Region((0, 0, 0), GRID), card.patch, GRID)
    steps = tuple(int(size * (1 - OVERLAP)) for size in card.patch)
    monais = dense_patch_slices(GRID, card.patch, steps)
    assert set(windows.corners) == {tuple(along.start for along in window) for window in monais}
    classes = 1 + len(card.classes)
    return lambda: class_probability(engine, image, windows, classes=classes, outside=0.0, done=lambda: None)


def _monais(card: ModelCard, image: NDArray[np.float32]) -> Callable[[], NDArray[np.float32]]:
    network = loading.torch_module(card, card.members[0])
    whole = torch.from_numpy(image)[None, None]

    def probability(windows: torch.Tensor) -> torch.Tensor:
        return torch.softmax(network(windows), dim=1)

    def run() -> NDArray[np.float32]:
        with torch.inference_mode():
            mean = sliding_window_inference(
                whole, card.patch, WINDOWS_AT_ONCE, probability, OVERLAP, mode="gaussian", sigma_scale=SIGMA
            )
        return np.asarray(mean[0])

    return run


def _timed(work: Callable[[], NDArray[np.float32]]) -> tuple[float, NDArray[np.float32]]:
    """Seconds, and what came out; nobody pays for the garbage of another."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _memory() -> list[Figure]:
    size = "x".join(map(str, SCAN[::-1]))
    named = {WHOLE: "the whole image", LOCATED: "where the locator points"}
    return [
        figure(f"largest memory of {size} with {NETWORKS} networks, {words}", [_memory_of(how)], "GB", at_most=6)
        for how, words in named.items()
    ]


def _memory_of(how: str) -> float:
    command = [sys.executable, "-m", "benchmarks.inference", "--memory-of", how]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _memory_here(folder: Path, how: str) -> float:
    """Segment a scan and say the high-water mark of this process in GB."""
    card = random_model(folder / "ten", layout=SHIPPED, members=NETWORKS, patch=96)
    locator = None
    if how == LOCATED:
        random = random_model(folder / "locator", patch=64, spacing=4.0, members=1, classes=("aorta",))
        locator = shipped("locator") or random
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *SCAN_SPACING, 1.0
    found = predict(_scan(), affine, card, locator=locator)
    assert found.members == NETWORKS
    print(f"looked at {found.region}", file=sys.stderr)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e6


def _scan() -> NDArray[np.int16]:
    """Noise of soft tissue with a bright tube, as large as a scan gets."""
    rng = np.random.default_rng(0)
    scan = np.empty(SCAN, dtype=np.int16)
    for plane in scan:
        plane[:] = rng.normal(40, 20, SCAN[1:])
        plane[240:270, 240:270] = 300
    return scan


if __name__ == "__main__":
    main()
