"""Killed by SIGKILL at any moment of an ingest: a fraction of what `make soak` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

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
    cases, rng = killing.write_cases(tmp_path / "cases"), np.random.default_rng(1)
    places = (place(tmp_path, databases, number) for number in range(4 * KILLS))
    with killing.Nursery() as nursery:
        whole = next(places)
        lasting = nursery.ingest(cases, whole)[1]
        expected = killing.contents_of(whole)
        assert len(expected) == 4
        for number in range(KILLS):
            for settings in places:
                killed, lasted = nursery.ingest(cases, settings, lasting * (number + rng.random()) / KILLS)
                killing.require_sound(settings, cases, expected)
                if killed:
                    break
                lasting = lasted
            else:
                pytest.fail(f"{4 * KILLS} ingests ended before {KILLS} of them could be killed")


def place(folder: Path, databases: Databases, number: int) -> Settings:
    """A home and a database that nobody has opened yet."""
    url = databases.new(KINDS[number % 2], with_tables=False)
    return Settings(home=folder / f"home-{number}", database_url=url)
