"""The evaluation of every way to a map of doubt, scan by scan: lines of JSON, so that an interrupted one goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from services.evaluation.held_out import Generator
from services.evaluation.uncertainty_asking import looked_at
from services.evaluation.uncertainty_judging import Judged, judged
from services.evaluation.uncertainty_readings import read_by_cohort, references_of
from services.phantom.simulated_readers import READERS_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from services.evaluation.held_out import HeldOut
    from services.evaluation.uncertainty_asking import Networks
    from services.evaluation.uncertainty_readings import Read
    from services.imaging.progress import Tell

VERSION = "1"
"""Of what is measured and how; lines of another version are not mixed with these."""


@dataclass(frozen=True)
class ScanFigures:
    """One scan and everything that was measured on it, by the names of `uncertainty_judging.key`."""

    name: str
    generator: Generator
    seed: int
    """Of the person; two scans of one person are not two witnesses."""
    factors: tuple[str, ...]
    figures: Mapping[str, float | None]
    """None where undefined, with the reason."""
    reasons: Mapping[str, str]
    curves: Mapping[str, list[float | None]]

    def figure(self, name: str) -> float:
        """One figure; nan where undefined or not measured."""
        value = self.figures.get(name)
        return np.nan if value is None else value


def fingerprint_of(networks: Networks) -> str:
    """Twelve letters that change with any network, the readers, the generators, or what is measured."""
    parts = {part: networks.fingerprint(part) for part in networks.cards}
    said = json.dumps([VERSION, READERS_VERSION, parts], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def evaluate(
    cases: Sequence[HeldOut],
    networks: Networks,
    folder: Path,
    turns: tuple[int, int],
    progress: Tell,
    read: Read = read_by_cohort,
) -> list[ScanFigures]:
    """The figures of every case; those that `folder` already has are not measured again, each new one is appended.

    turns: which of how many processes this is, from (1, 1): it measures every so many of the cases, and gives all
    that were measured by then, in the order of the cases.
    """
    measure = partial(_measured, networks=networks, folder=folder, read=read)
    return resumed(cases, measure, folder, f"lines-{fingerprint_of(networks)}", turns, progress)


def resumed(
    cases: Sequence[HeldOut],
    measure: Callable[[HeldOut], ScanFigures],
    folder: Path,
    name: str,
    turns: tuple[int, int],
    progress: Tell,
) -> list[ScanFigures]:
    """As `evaluate`, whatever is measured; `name` of the lines changes with all that they hang on."""
    here = folder / f"{name}-{turns[0]}-of-{turns[1]}.jsonl"
    kept(here, mend=True)
    mine = cases[turns[0] - 1 :: turns[1]]
    for number, case in enumerate(mine):
        progress("scans evaluated", number, len(mine))
        if (case.generator, case.name) not in _there(folder, name):
            append(here, measure(case))
    progress("scans evaluated", len(mine), len(mine))
    there = _there(folder, name)
    return [there[place] for case in cases if (place := (case.generator, case.name)) in there]


def _there(folder: Path, name: str) -> dict[tuple[Generator, str], ScanFigures]:
    """What all processes have measured."""
    files = sorted(folder.glob(f"{name}-*.jsonl"))
    return {(line.generator, line.name): line for path in files for line in kept(path)}


def _measured(case: HeldOut, networks: Networks, folder: Path, read: Read) -> ScanFigures:
    scan = case.generate()
    name = file_name(case)
    references = references_of(case, scan, folder / f"readers-{READERS_VERSION}" / f"{name}.npz", read)
    looked = looked_at(name, scan, networks, folder)
    return line_of(case, judged(looked, references, np.linalg.norm(scan.affine[:3, :3], axis=0).tolist()))


def file_name(case: HeldOut) -> str:
    """By what its answers are kept."""
    return f"{case.generator} {case.name}".replace(" ", "-")


def line_of(case: HeldOut, found: Judged) -> ScanFigures:
    """What was measured on one scan."""
    return ScanFigures(
        case.name, case.generator, case.plan.seed, case.factors, found.figures, found.reasons, found.curves
    )


def append(path: Path, line: ScanFigures) -> None:
    """Keep one more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(line), allow_nan=False) + "\n")


def kept(path: Path, *, mend: bool = False) -> list[ScanFigures]:
    """The lines so far, without one that was cut off when a process ended; `mend` takes that one off the file."""
    if not path.is_file():
        return []
    whole, _, cut = path.read_text(encoding="utf-8").rpartition("\n")
    if cut and mend:
        path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    return [_line(text) for text in whole.splitlines()]


def _line(text: str) -> ScanFigures:
    said = json.loads(text)
    return ScanFigures(**said | {"generator": Generator(said["generator"]), "factors": tuple(said["factors"])})
