"""A promptable model on the CPU: its encoder against eager PyTorch in the same run, and the next prompt on a slice.

    python -m benchmarks.prompting [--runs 5]

LiteMedSAM on a picture of 256x256, both sides with all cores. The second prompt is what a reader waits for who corrects
a slice that was encoded before: reading its embedding from the image store of a local disk, unpacking it, and decoding
one box. Loading is not timed.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks._figures import RUNS, Figure, figure, report
from db.blobs import BlobStore
from services.segmentation.promptable import package
from services.segmentation.promptable.frames import whole
from services.segmentation.promptable.lite_medsam import SIDE, LiteMedSam
from services.segmentation.promptable.prompts import Box, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BOX = Box(100, 110, 150, 160)
TOGETHER = 4
PROMPTS = 10
"""Of which the median is one run's figure."""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    model, picture = LiteMedSam(), _picture()
    figures = [*_encoder(model, picture, runs), *_prompts(model, picture, runs)]
    report("prompting", figures, {"runs": runs, "model": model.identity, "torch_threads": torch.get_num_threads()})


def _encoder(model: LiteMedSam, picture: NDArray[np.float32], runs: int) -> list[Figure]:
    eager = package.network().image_encoder
    tensor = torch.from_numpy(picture)[None]

    def theirs() -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(eager(tensor)[0])

    def ours() -> NDArray[np.float16]:
        return model.embed(picture)

    differences = []
    for _ in range(runs):  # and both are warm
        mine, peers = ours(), theirs()
        differences.append(1e3 * float(np.abs(mine - peers).max() / np.abs(peers).max()))
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(runs):
        seconds["ours"].append(_timed(ours))
        seconds["theirs"].append(_timed(theirs))
    ratios = [their / our for their, our in zip(seconds["theirs"], seconds["ours"], strict=True)]
    return [
        figure("encoding a slice, OpenVINO", seconds["ours"], "s"),
        figure("encoding a slice, eager PyTorch", seconds["theirs"], "s"),
        figure("encoding: times the speed of eager PyTorch", ratios, "x", at_least=2),
        figure("largest difference of the embedding, of its range", differences, "permille", at_most=2),
    ]


def _prompts(model: LiteMedSam, picture: NDArray[np.float32], runs: int) -> list[Figure]:
    """The embedding lies in a store of its own, as `services.kept_embeddings` keeps it."""
    with tempfile.TemporaryDirectory() as folder:
        blobs = BlobStore(folder)
        kept = blobs.put(model.embed(picture).view(np.uint16), np.eye(4))

        def read() -> NDArray[np.float16]:
            return blobs.get(kept.digest)[0].view(np.float16)

        embedding = read()
        one, several = Prompt(box=BOX), [Prompt(box=BOX)] * TOGETHER
        work: dict[str, Callable[[], object]] = {
            "reading": read,
            "prompt": lambda: model.answer(read(), one),
            "together": lambda: model.answers(embedding, several),
        }
        milliseconds = {name: [_median_ms(one_of) for _ in range(runs)] for name, one_of in work.items()}
    return [
        figure("reading an embedding", milliseconds["reading"], "ms"),
        figure("second prompt on a slice, with reading", milliseconds["prompt"], "ms", at_most=150),
        figure(f"{TOGETHER} boxes on a slice at hand, each", [ms / TOGETHER for ms in milliseconds["together"]], "ms"),
    ]


def _median_ms(work: Callable[[], object]) -> float:
    return float(np.median([1e3 * _timed(work) for _ in range(PROMPTS)]))


def _timed(work: Callable[[], object]) -> float:
    """Seconds; nobody pays for the garbage of another."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _picture() -> NDArray[np.float32]:
    """Soft tissue with noise and a bright disc."""
    row, column = np.ogrid[:SIDE, :SIDE]
    bright = (row - 125) ** 2 + (column - 135) ** 2 < 22**2
    hounsfield = np.where(bright, 300, 40) + np.random.default_rng(0).normal(0, 15, (SIDE, SIDE))
    return whole((SIDE, SIDE), (1, 1), SIDE).picture(hounsfield.astype(np.int16), ((-100.0, 500.0),))


if __name__ == "__main__":
    main()
