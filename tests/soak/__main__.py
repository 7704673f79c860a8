"""Kill an ingest 200 times, half on SQLite and half on PostgreSQL, and say what was found afterwards.

    python -m tests.soak [--kills 200] [--seed 2]

Ends with an error at the first kill after which a store is not sound or does not complete.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks._figures import Figure, report
from services.settings import Settings
from tests.servers import KINDS, Databases
from tests.soak import killing

KILLS = 200
SMALL = 14
"""Cases in folders: so many that storing them takes longer than opening the store."""
ALL = SMALL + 2
"""Cases that the ingest stores when nobody kills it."""


@dataclass(frozen=True)
class Kill:
    """One kill, and what lay there afterwards."""

    kind: str
    cases: int
    notes: int


def main() -> None:
    """Kill, look, complete, and keep the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=2)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, killing.Nursery() as nursery:
        soak = Soak(Path(folder), nursery)
        kills = [
            soak.kill(kind, number, moment)
            for kind in KINDS
            for number, moment in enumerate(
                killing.moments(wanted.kills // len(KINDS), soak.lasting[kind], wanted.seed)
            )
        ]
    facts = {"kills": len(kills), "seed": wanted.seed, "seconds undisturbed": soak.lasting}
    report("soak", figures(kills), facts, command="python -m tests.soak")


class Soak:
    """The cases to ingest, and how long that takes and what it stores when nobody kills it."""

    def __init__(self, folder: Path, nursery: killing.Nursery) -> None:
        self._folder, self._nursery = folder, nursery
        self._databases = Databases(folder)
        self._cases = killing.write_cases(folder / "cases", SMALL)
        self.lasting = {kind: statistics.median(self._undisturbed(kind) for _ in range(3)) for kind in KINDS}

    def kill(self, kind: str, number: int, moment: float) -> Kill:
        """One kill in a new home; a run that was done before it does not count. Raises AssertionError on any loss."""
        while True:
            settings = self._place(kind)
            killed, lasted = self._nursery.ingest(self._cases, settings, moment)
            found = killing.require_sound(settings, self._cases, self._expected)
            self._remove(settings)
            if killed:
                print(f"\r{kind}: {number + 1} kills", end="", flush=True)
                return Kill(kind, found.cases, found.notes)
            # The machine was faster than when it was measured: the same share of what this run took.
            moment *= lasted / (1.05 * self.lasting[kind])

    def _undisturbed(self, kind: str) -> float:
        settings = self._place(kind)
        lasted = self._nursery.ingest(self._cases, settings)[1]
        self._expected = killing.contents_of(settings)
        assert len(self._expected) == ALL
        self._remove(settings)
        return lasted

    def _place(self, kind: str) -> Settings:
        home = Path(tempfile.mkdtemp(dir=self._folder)) / "home"
        return Settings(home=home, database_url=self._databases.new(kind, with_tables=False))

    def _remove(self, settings: Settings) -> None:
        self._databases.drop(settings.database_url)
        shutil.rmtree(settings.home.parent)


def figures(kills: list[Kill]) -> list[Figure]:
    """How many kills there were of each kind. Every one of them was found sound: otherwise this is not reached."""
    print()
    found = [Figure("stores unsound, or not completed by the next ingest", 0, "", (0,), "at most 0", holds=True)]
    for kind in KINDS:
        own = [kill for kill in kills if kill.kind == kind]
        stored = Counter(kill.cases for kill in own)
        found.append(_count(f"{kind}: killed", len(own)))
        found.append(_count(f"{kind}: killed before any case was stored", stored[0]))
        found.append(_count(f"{kind}: killed with some cases stored", sum(stored[n] for n in range(1, ALL))))
        found.append(_count(f"{kind}: killed with all cases stored", stored[ALL]))
        found.append(_count(f"{kind}: left something for the collector", sum(kill.notes > 0 for kill in own)))
    return found


def _count(name: str, value: int) -> Figure:
    return Figure(name, value, "", (value,))


if __name__ == "__main__":
    main()
