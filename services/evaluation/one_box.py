"""How well one box leads to a whole vessel: every start slice, every jitter, beside the plain way of asking.

The box is what a reader would draw around the vessel that they see: the larger part of the reference on that slice,
each edge moved by up to 3 voxels and 10 % of the box. A figure on the real CTA is agreement with a program's labels.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from services.drawings import dice
from services.segmentation.promptable import outlining
from services.segmentation.promptable.asking import Slices, jitter
from services.segmentation.promptable.boxes import box_of, size_of, widened
from services.segmentation.promptable.embeddings import Embedded
from services.segmentation.promptable.prompts import Answer, Box, Prompt
from services.segmentation.promptable.starting import Start
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.segmentation.promptable.embeddings import Embeddings, View
    from services.segmentation.promptable.prompts import Promptable

VERSION = "1"
FOLLOWED = "followed"
PLAIN = tuple(f"previous box, margin {pixels} pixels" for pixels in (2, 3, 5))
"""The plain way: each slice is asked with the box of the slice before and a margin."""
MOST_VOXELS, MOST_PART = 3.0, 0.1
EVERY = 4
"""The plain ways are shown on fewer starts."""
LOW = 0.7
REMEMBERED = 3000


class Scene(NamedTuple):
    """A scan and where its vessel lies, on one grid [k, j, i], slices along the body."""

    name: str
    hounsfield: NDArray[np.int16]
    affine: NDArray[np.float64]
    reference: NDArray[np.bool_]
    starts: tuple[int, ...]
    """Slices that a box is drawn on."""
    only_shown: bool = False
    """Whether slices without the reference do not count."""


@dataclass(frozen=True)
class Run:
    """One start on one scene."""

    scene: str
    arm: str
    index: int
    number: int
    """Of the jitter; 0 is the box itself."""

    @property
    def key(self) -> str:
        """Which run this is."""
        return f"{self.scene}|{self.arm}|{self.index}|{self.number}"


@dataclass(frozen=True)
class Outcome:
    """What one run reached."""

    run: Run
    dice: float
    low: float
    """Part of the reference's slices with a Dice below LOW."""
    asked: int
    """Answers that it asked for."""
    seconds: float
    """Of its own; short where answers were known from the runs before."""
    new: int
    """Answers that were not known."""
    stops: tuple[str, ...] = ()


class Remembering:
    """A promptable model that answers a question once; many runs on one scan ask the same."""

    def __init__(self, model: Promptable) -> None:
        """Of `model`."""
        self._model, self._known = model, dict[tuple[bytes, Prompt | Box], Answer]()
        self.key, self.side, self.identity = model.key, model.side, model.identity
        self.asked = self.new = 0

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        """See `Promptable`."""
        return self._model.embed(picture)

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        """See `Promptable`."""
        return self.answers(embedding, [prompt])[0]

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        """See `Promptable`. Boxes alone are remembered."""
        digest = hashlib.blake2b(embedding.tobytes(), digest_size=12).digest()
        keys = [(digest, prompt.box if prompt.box is not None else prompt) for prompt in prompts]
        new = [number for number, key in enumerate(keys) if key not in self._known]
        found = self._model.answers(embedding, [prompts[number] for number in new]) if new else []
        for number, answer in zip(new, found, strict=True):
            self._known[keys[number]] = Answer(answer.logits.astype(np.float16), answer.quality)
        self.asked, self.new = self.asked + len(prompts), self.new + len(new)
        given = [self._known[key] for key in keys]
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return [Answer(answer.logits.astype(np.float32), answer.quality) for answer in given]


class InFolder:
    """Embeddings of one scene in a folder: an interrupted measurement goes on, and two processes share them."""

    def __init__(self, folder: Path, scene: str) -> None:
        """`scene` keeps scenes apart."""
        self._folder, self._scene = folder, scene

    def get(self, view: View) -> NDArray[np.float16] | None:
        """See `Embeddings`."""
        path = self._path(view)
        try:
            kept: NDArray[np.float16] = np.load(path)
        except (OSError, ValueError):
            return None
        return kept

    def put(self, view: View, embedding: NDArray[np.float16]) -> None:
        """See `Embeddings`."""
        path = self._path(view)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{time.monotonic_ns()}.npy")
        np.save(draft, embedding)
        draft.replace(path)

    def _path(self, view: View) -> Path:
        name = hashlib.sha256("|".join([self._scene, *map(str, view)]).encode()).hexdigest()[:24]
        return self._folder / f"{name}.npy"


def runs_of(scene: Scene, jitters: int, arms: Sequence[str]) -> Iterator[Run]:
    """Every start; the plain arms start from the unmoved box alone, on every fourth slice of the starts."""
    for arm in arms:
        for number in range(jitters if arm == FOLLOWED else 1):
            for index in scene.starts if arm == FOLLOWED else scene.starts[::EVERY]:
                if scene.reference[index].any():
                    yield Run(scene.name, arm, index, number)


def box_of_run(scene: Scene, run: Run) -> Box:
    """Around the larger part of the reference on the slice; moved, unless it is the first."""
    parts, _ = ndimage.label(scene.reference[run.index])
    box = box_of(parts == 1 + int(np.bincount(parts.ravel())[1:].argmax()))
    if run.number == 0:
        return box
    most = np.minimum(MOST_VOXELS, MOST_PART * np.tile(size_of(box), 2))
    moved = np.array(box) + np.random.default_rng([run.index, run.number]).uniform(-most, most)
    rows, columns = scene.reference[run.index].shape
    return Box(*(float(edge) for edge in np.clip(moved, 0, [rows - 1, columns - 1] * 2)))


def measure(scene: Scene, run: Run, model: Remembering, embeddings: Embeddings | None) -> Outcome:
    """Do one run and compare it with the reference."""
    asked, new, begun = model.asked, model.new, time.perf_counter()
    box = box_of_run(scene, run)
    if run.arm == FOLLOWED:
        marked, stops = _followed(scene, run, model, embeddings, box)
    else:
        margin = float(run.arm.split()[-2])
        marked, stops = _plain(scene, run, model, embeddings, box, margin), ()
    seconds = time.perf_counter() - begun
    if scene.only_shown:
        marked &= scene.reference.any(axis=(1, 2), keepdims=True)
    whole = dice(marked, scene.reference)
    used = np.flatnonzero(scene.reference.any(axis=(1, 2)))
    low = [dice(marked[k], scene.reference[k]) or 0.0 for k in used]
    return Outcome(
        run, whole or 0.0, float(np.mean(np.array(low) < LOW)), model.asked - asked, seconds, model.new - new, stops
    )


def _followed(
    scene: Scene, run: Run, model: Remembering, embeddings: Embeddings | None, box: Box
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    start = Start(0, run.index, box)
    found = outlining.outline(scene.hounsfield, scene.affine, model, start, embeddings=embeddings, members=1)
    marked = np.zeros(scene.reference.shape, dtype=bool)
    marked[slices_of(found.region)] = found.mask > 0
    said = (f"slice {stop['begun']} {stop['direction']} to {stop['last']}: {stop['reason']}" for stop in found.stops)
    return marked, tuple(said)


def _plain(
    scene: Scene, run: Run, model: Remembering, embeddings: Embeddings | None, box: Box, margin: float
) -> NDArray[np.bool_]:
    """The box of all that was seen on the slice before, with a margin in pixels of the picture, until nothing is."""
    spacing: Mapping[int, float] = dict(enumerate(np.linalg.norm(scene.affine[:3, :3], axis=0).tolist()))
    embedded = Embedded(model, scene.hounsfield, outlining.WINDOWS_HU, embeddings)
    slices = Slices(embedded, scene.hounsfield, (spacing[0], spacing[1], spacing[2]), 0, jitter(1, 0))
    by_mm = margin * slices.frame_of(box).pixel_mm
    marked = np.zeros(scene.reference.shape, dtype=bool)
    for direction in (1, -1):
        asked, index = box, run.index
        while 0 <= index < len(slices):
            seen = slices.ask(index, asked).mean > 0.5
            if not seen.any():
                break
            marked[index] = seen
            asked = widened(box_of(seen), by_mm, slices.spacing_mm, (True,) * 4)
            index += direction
    return marked
