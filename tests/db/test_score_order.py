"""The worklist by a score: every case once, undefined ones last in either direction, and as a plain list says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import case_values, commands, queries, score_order
from db.records import WorklistQuery
from db.store import open_store
from tests import factories
from tests.servers import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.store import Store
    from tests.servers import Databases

SCORE = "predicted volume"
BY_SCORE = WorklistQuery(sort=f"{score_order.PREFIX}{SCORE}")
CASES = 23
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def value_of(number: int) -> float | None:
    """Ties, and every fifth case without a value."""
    return None if number % 5 == 0 else float(number % 4)


@pytest.fixture(scope="module", params=KINDS)
def full(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    url = databases.new(request.param)
    store = open_store(url, str(tmp_path_factory.mktemp("order") / "blobs"))
    with store.begin() as session:
        for number in range(CASES):
            flags = (factories.flag(),) if number % 3 else ()
            key = commands.add_case(session, factories.case(f"P{number:06d}", flags=flags))
            case_values.set_values(session, key, {SCORE: value_of(number), "another": float(-number)})
    yield store
    store.close()
    databases.drop(url)


def expected(query: WorklistQuery) -> list[str]:
    """The order in plain Python."""
    numbers = [number for number in range(CASES) if query.flagged in (None, number % 3 > 0)]
    known = [(value, number) for number in numbers if (value := value_of(number)) is not None]
    missing = [number for number in numbers if value_of(number) is None]
    down = query.descending
    ordered = [number for _, number in sorted(known, reverse=down)] + sorted(missing, reverse=down)
    return [f"P{number:06d}-1" for number in ordered]


def pages(store: Store, query: WorklistQuery) -> Iterator[list[str]]:
    after = ""
    while True:
        with store.read() as session:
            page = queries.worklist(session, dataclasses.replace(query, after=after))
        assert page.total == len(expected(query))
        yield [row.key for row in page.rows]
        after = page.next
        if not after:
            return


@quick
@given(descending=st.booleans(), flagged=st.sampled_from([None, True, False]), limit=st.integers(1, 9))
def test_the_pages_hold_every_case_once_and_undefined_ones_last(
    full: Store, descending: bool, flagged: bool | None, limit: int
) -> None:
    query = dataclasses.replace(BY_SCORE, descending=descending, flagged=flagged, limit=limit)
    found = list(pages(full, query))
    assert [key for page in found for key in page] == expected(query)
    assert all(len(page) <= limit for page in found)


@pytest.mark.parametrize("descending", [True, False])
def test_neighbours_are_the_lines_above_and_below(full: Store, descending: bool) -> None:
    query = dataclasses.replace(BY_SCORE, descending=descending)
    keys = expected(query)
    with full.read() as session:
        found = [queries.neighbours(session, key, query) for key in keys]
        assert queries.neighbours(session, "nobody", query) == (None, None)
    padded = [None, *keys, None]
    assert found == list(zip(padded[:-2], padded[2:], strict=True))


def test_every_name_is_told_once(full: Store, store: Store) -> None:
    with full.read() as session, store.read() as empty:
        assert score_order.names(session) == ("another", SCORE)
        assert score_order.names(empty) == ()


def test_the_values_of_shown_rows_are_read_by_key(full: Store) -> None:
    with full.read() as session:
        assert score_order.values_of(session, SCORE, ["P000001-1", "P000005-1"]) == {"P000001-1": 1.0}


def test_a_score_that_no_case_has_leaves_all_cases_in_the_order_they_came(full: Store) -> None:
    query = dataclasses.replace(BY_SCORE, sort="score:nobody's", descending=False)
    with full.read() as session:
        assert len(queries.worklist(session, query).rows) == CASES


@pytest.mark.parametrize("sort", ["score:", f"score:{'x' * 101}", "score"])
def test_a_sort_without_the_name_of_a_score_is_refused(full: Store, sort: str) -> None:
    with full.read() as session, pytest.raises(ValueError, match="sorted by one of"):
        queries.worklist(session, WorklistQuery(sort=sort))


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJzY29yZTphbm90aGVyIiwgMS4wLCAxXQ==", "bm9wZQ=="])
def test_a_cursor_of_another_list_is_refused(full: Store, cursor: str) -> None:
    with full.read() as session, pytest.raises(ValueError, match="cursor"):
        queries.worklist(session, dataclasses.replace(BY_SCORE, after=cursor))
