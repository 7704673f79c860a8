"""The outcomes of single runs, a line of JSON each, as they come; an interrupted measurement goes on from them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from services.evaluation.one_box import Outcome, Run

if TYPE_CHECKING:
    from pathlib import Path


def append(path: Path, outcome: Outcome) -> None:
    """Keep one more; several processes may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome), allow_nan=False) + "\n")


def kept(path: Path) -> dict[str, Outcome]:
    """The outcomes so far by their run's key; a line that was cut off is left out."""
    if not path.is_file():
        return {}
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    outcomes = [_outcome(line) for line in whole.splitlines()]
    return {outcome.run.key: outcome for outcome in outcomes}


def _outcome(line: str) -> Outcome:
    said = json.loads(line)
    return Outcome(**said | {"run": Run(**said["run"]), "stops": tuple(said["stops"])})
