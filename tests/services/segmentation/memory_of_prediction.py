"""Run as a process of its own: bytes that segmenting a scan takes for every voxel of it, at the highest.

The members are formulas: networks take the same memory for every scan, which `benchmarks/inference.py` measures too.

python -m tests.services.segmentation.memory_of_prediction MEMBERS    half of them an ensemble, half its companion
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from services.segmentation.inference import predict
from tests.services.segmentation.known_engines import ByIntensity, card_of

SHAPE = (100, 256, 256)
SPACING = (1.0, 1.0, 1.0)


def main(members: int) -> None:
    card = companion = card_of(Path(), members // 2, patch=64)
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *SPACING, 1.0
    predict(np.zeros((8, 8, 8), np.int16), affine, card, engines=lambda *_: ByIntensity())  # modules are loaded
    before = _of_this_process("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
    scan = np.random.default_rng(0).integers(-200, 500, SHAPE, dtype=np.int16)
    predict(scan, affine, card, companion=companion, engines=lambda *_: ByIntensity())
    sys.stdout.write(f"{(_of_this_process('VmHWM') - before) / scan.size}\n")


def _of_this_process(name: str) -> int:
    """Bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main(int(sys.argv[1]))
