"""Measures every way to outline without a hand, scan by scan; what was interrupted goes on."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from services.drawings import dice
from services.evaluation import self_prompt
from services.evaluation.held_out import VERSIONS, Generator, held_out
from services.evaluation.self_prompt_results import REAL, ScanLine, Whole, append, kept, line_of
from services.phantom.structures import INSIDE_THE_WALL
from services.segmentation.promptable import package
from services.segmentation.promptable.self_prompt_weights import NAMES, SEEDS, SelfPrompter, file_of
from services.segmentation.promptable.self_prompted import outline_unprompted
from services.segmentation.promptable.self_prompting import Arm
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from services.evaluation.held_out import HeldOut
    from services.evaluation.real_scan import RealScan
    from services.evaluation.self_prompt import Prompters
    from services.imaging.progress import Tell
    from services.segmentation.card import ModelCard
    from services.segmentation.promptable.prompts import Promptable

VERSION = "1"
APART_MM, REAL_APART_MM = 24.0, 9.0
"""Between slices that are looked at."""
WHOLE_OF_EACH = 0
"""Generated scans of each generator that are outlined whole as well."""


def prompters_of(card: ModelCard) -> Prompters:
    """Every arm by every seed beside a card."""
    prompt_encoder = package.network().prompt_encoder
    return {
        (arm, seed): SelfPrompter(card.folder / file_of(arm, seed), arm, prompt_encoder).propose
        for arm in NAMES
        for seed in SEEDS
    }


def fingerprint(card: ModelCard) -> str:
    """Of everything that the lines hang on: weights, generators, and this way of measuring."""
    weights = [
        hashlib.sha256((card.folder / file_of(arm, seed)).read_bytes()).hexdigest() for arm in NAMES for seed in SEEDS
    ]
    said = [VERSION, package.WEIGHTS_SHA256, *weights, *VERSIONS.values(), str(APART_MM), str(REAL_APART_MM)]
    return hashlib.sha256(" ".join(map(str, said)).encode()).hexdigest()[:12]


def evaluate(
    persons: int, real: RealScan | None, card: ModelCard, model: Promptable, folder: Path, progress: Tell
) -> list[ScanLine | Whole]:
    """So many persons of each generator, and the real scan where there is one. Lines lie in `folder` as they come."""
    file = folder / f"self-prompt-{fingerprint(card)}.jsonl"
    prompters, cases = prompters_of(card), [*([_real(real)] if real else []), *_generated(persons)]
    for place, case in enumerate(cases):
        progress("scans outlined without a hand", place, len(cases))
        done = {(type(line), line.group, line.name) for line in kept(file)}
        if (ScanLine, case.group, case.name) not in done:
            append(file, _counted(case, model, prompters))
        if case.whole and (Whole, case.group, case.name) not in done:
            append(file, _whole(case, model, prompters))
    wanted = {(case.group, case.name) for case in cases}
    return [line for line in kept(file) if (line.group, line.name) in wanted]


def how(card: ModelCard, model: Promptable) -> dict[str, Any]:
    """What the figures hang on, ready for JSON."""
    return {
        "version": VERSION,
        "model": card.key,
        "weights_sha256": [member.sha256 for member in card.members],
        "promptable": dict(model.identity),
        "training_seeds": list(SEEDS),
        "generator_versions": {generator.value: number for generator, number in VERSIONS.items()},
        "apart_mm": {"generated": APART_MM, REAL: REAL_APART_MM},
        "synthetic": [generator.value for generator in Generator],
        "real": "agreement with software labels, not accuracy",
    }


class _Case(NamedTuple):
    group: str
    name: str
    person: int
    whole: bool
    """Whether it is outlined whole as well."""
    load: Callable[[], Loaded]


class Loaded(NamedTuple):
    """A scan and what is inside its outer wall, on one grid [k, j, i]."""

    hounsfield: NDArray[np.int16]
    wall: NDArray[np.bool_]
    affine: NDArray[np.float64]


def _generated(persons: int) -> Iterator[_Case]:
    """The first persons of each generator, one factor after another; the first WHOLE_OF_EACH whole as well."""
    cases = held_out(1, pairs=False)
    for generator in Generator:
        chosen = [case for case in cases if case.generator is generator][:persons]
        for place, case in enumerate(chosen):
            yield _Case(generator.value, case.name, case.plan.seed, place < WHOLE_OF_EACH, partial(_load, case))


def _load(case: HeldOut) -> Loaded:
    scan = case.generate()
    return Loaded(scan.hounsfield, np.isin(scan.labels, INSIDE_THE_WALL), scan.affine)


def _real(scan: RealScan) -> _Case:
    return _Case(REAL, "thoracic aorta", 0, whole=True, load=lambda: Loaded(scan.hounsfield, scan.aorta, scan.affine))


def _counted(case: _Case, model: Promptable, prompters: Prompters) -> ScanLine:
    looked = self_prompt.slices_of_scan(*case.load(), REAL_APART_MM if case.group == REAL else APART_MM)
    counted = self_prompt.count(looked, model, prompters)
    return line_of(case.group, case.name, case.person, len(looked.slices), float(np.prod(looked.spacing_mm)), counted)


def _whole(case: _Case, model: Promptable, prompters: Prompters) -> Whole:
    loaded, prompt = case.load(), prompters[Arm.GATED, SEEDS[0]]
    found = outline_unprompted(loaded.hounsfield, loaded.affine, model, prompt).outlined
    drawn = np.zeros(loaded.wall.shape, bool)
    drawn[slices_of(found.region)] = found.mask > 0
    beyond_ml = int((drawn & ~loaded.wall).sum()) * abs(float(np.linalg.det(loaded.affine[:3, :3]))) / 1000
    return Whole(case.group, case.name, dice(drawn, loaded.wall), beyond_ml, bool(drawn.any()))
