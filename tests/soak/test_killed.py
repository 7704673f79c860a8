"""Killed by SIGKILL at any moment of an ingest: a fraction of what `make soak` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.settings import Settings
from tests.servers import KINDS
from tests.soak import killing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import Databases

KILLS = 10


def test_an_ingest_killed_at_any_moment_leaves_a_sound_store_and_the_next_one_completes_it(
    tmp_path: Path, databases: Databases
) -> None:
    """Both databases in turn, each kill in a new home: the first opening and the migration are among the moments."""
    cases = killing.write_cases(tmp_path / "cases")
    places = [place(tmp_path, databases, number) for number in range(KILLS + 2)]
    with killing.Nursery() as nursery:
        lasting = max(nursery.ingest(cases, settings)[1] for settings in places[:2])
        expected = killing.contents_of(places[0])
        assert len(expected) == 4
        killed = 0
        for settings, moment in zip(places[2:], killing.moments(KILLS, lasting, seed=1), strict=True):
            killed += nursery.ingest(cases, settings, moment)[0]
            killing.require_sound(settings, cases, expected)
    assert killed >= KILLS // 2


def place(folder: Path, databases: Databases, number: int) -> Settings:
    """A home and a database that nobody has opened yet."""
    url = databases.new(KINDS[number % 2], with_tables=False)
    return Settings(home=folder / f"home-{number}", database_url=url)
