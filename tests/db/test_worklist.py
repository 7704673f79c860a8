"""Keyset paging: every case exactly once, in order, whatever is asked; and as a plain Python list says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from db import commands, queries
from db.records import WorklistQuery
from db.store import open_store
from db.vocabulary import CaseStatus, FlagReason, LabelSource, Verdict
from tests import factories, strategies
from tests.servers import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from db.records import CaseRow
    from db.store import Store
    from tests.servers import Databases

CASES = 40
VALUE = {
    "case": lambda row: row.key,
    "added": lambda row: row.created_at,
    "slices": lambda row: row.slices,
    "agreement": lambda row: 2.0 if row.agreement is None else row.agreement,
    "diameter": lambda row: -1.0 if row.headline.diameter_mm is None else row.headline.diameter_mm,
    "flip": lambda row: -1.0 if row.headline.flip is None else row.headline.flip,
    "priority": lambda row: 4.0 * row.severity - (2.0 if row.agreement is None else row.agreement),
}
"""What each sort means, said once more in plain Python."""
quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", params=KINDS)
def full(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Forty cases with many ties: flags, verdicts, agreements and slice counts come from short lists."""
    url = databases.new(request.param)
    store = open_store(url, str(tmp_path_factory.mktemp("worklist") / "blobs"))
    for number in range(CASES):
        reason = FlagReason.GAP if number % 2 else FlagReason.DISAGREEMENT
        case = factories.case(
            f"P{number % 7:06d}",
            series=factories.series(shape=(30 + number % 3, 8, 8)),
            source=LabelSource.SYNTHETIC if number % 5 == 0 else None,
            scores=() if number % 4 == 0 else (factories.dice(round(0.7 + (number % 3) / 10, 1)),),
            flags=() if number % 3 == 0 else (factories.flag(1 + number % 3, reason, f"100% {reason}"),),
        )
        with store.begin() as session:
            key = commands.add_case(session, case)
            if number % 6 == 0:
                commands.add_review(session, key, factories.review(Verdict.REJECT))
    yield store
    store.close()
    databases.drop(url)


def pages(store: Store, query: WorklistQuery) -> Iterator[tuple[tuple[CaseRow, ...], int]]:
    """Every page of a query: its rows, and the total that it tells."""
    after = ""
    while True:
        with store.read() as session:
            page = queries.worklist(session, dataclasses.replace(query, after=after))
        yield page.rows, page.total
        after = page.next
        if not after:
            return


def everything(store: Store) -> list[CaseRow]:
    return [row for rows, _ in pages(store, WorklistQuery(sort="case")) for row in rows]


@quick
@given(query=strategies.orders())
def test_the_pages_hold_every_case_once_and_in_order(full: Store, query: WorklistQuery) -> None:
    rows = [row for page, _ in pages(full, query) for row in page]
    values = [VALUE[query.sort](row) for row in rows]
    assert sorted(row.key for row in rows) == sorted(row.key for row in everything(full))
    assert values == sorted(values, reverse=query.descending)


@quick
@given(query=strategies.filters())
def test_a_filter_finds_what_a_plain_list_would(full: Store, query: WorklistQuery) -> None:
    found = [(page, total) for page, total in pages(full, query)]
    expected = {row.key for row in everything(full) if matches(row, query)}
    assert {row.key for page, _ in found for row in page} == expected
    assert all(total == len(expected) for _, total in found)
    assert all(len(page) <= query.limit for page, _ in found)


def matches(row: CaseRow, query: WorklistQuery) -> bool:
    looked_through = f"{row.key} {row.first_flag} {row.reviewer} {row.verdict or ''}".lower()
    return (
        query.search.lower() in looked_through
        and query.flagged in (None, row.flag_count > 0)
        and query.verdict in (None, row.verdict)
        and (query.flag_reason is None or query.flag_reason in row.first_flag)
        and (query.agreement_below is None or (row.agreement is not None and row.agreement < query.agreement_below))
    )


@quick
@given(query=strategies.filters())
def test_neighbours_are_the_lines_above_and_below(full: Store, query: WorklistQuery) -> None:
    keys = [row.key for page, _ in pages(full, query) for row in page]
    with full.read() as session:
        found = [queries.neighbours(session, key, query) for key in keys]
    padded = [None, *keys, None]
    assert found == list(zip(padded[:-2], padded[2:], strict=True))


def test_a_page_is_never_longer_than_200_rows(full: Store) -> None:
    with full.read() as session:
        assert len(queries.worklist(session, WorklistQuery(limit=10**9)).rows) == CASES
        assert len(queries.worklist(session, WorklistQuery(limit=-1)).rows) == 1


def test_a_case_that_comes_while_one_pages_moves_nothing(store: Store) -> None:
    with store.begin() as session:
        for _ in range(6):
            commands.add_case(session, factories.case())
    query = WorklistQuery(sort="case", descending=False, limit=3)
    walk = pages(store, query)
    first, _ = next(walk)
    with store.begin() as session:
        commands.add_case(session, factories.case("P000000"))
    second, _ = next(walk)
    assert [row.key for row in (*first, *second)] == [f"P7K3QX-{number}" for number in range(1, 7)]


@pytest.mark.parametrize("sort", ["", "flag_count", "key; DROP TABLE review"])
def test_an_unknown_sort_is_refused(full: Store, sort: str) -> None:
    with full.read() as session, pytest.raises(ValueError, match="sorted by one of"):
        queries.worklist(session, WorklistQuery(sort=sort))


@pytest.mark.parametrize("cursor", ["x", "bm9wZQ==", "WyJrZXkiLCAieCIsIHRydWVd", "W10=", "\u00e9"])
def test_a_damaged_cursor_is_refused(full: Store, cursor: str) -> None:
    with full.read() as session, pytest.raises(ValueError, match="cursor"):
        queries.worklist(session, WorklistQuery(sort="case", after=cursor))


def test_a_cursor_of_another_sort_is_refused(full: Store) -> None:
    with full.read() as session:
        page = queries.worklist(session, WorklistQuery(sort="slices", limit=1))
        with pytest.raises(ValueError, match="cursor"):
            queries.worklist(session, WorklistQuery(sort="case", after=page.next))


@pytest.mark.parametrize("search", ["%", "_", "\\", "'; --", "100%"])
def test_a_search_means_its_letters(full: Store, search: str) -> None:
    with full.read() as session:
        found = queries.worklist(session, WorklistQuery(search=search)).rows
    assert all(search in row.first_flag for row in found)
    assert bool(found) == (search in {"%", "100%"})


def test_the_built_in_views_are_counted(full: Store) -> None:
    rows = everything(full)
    with full.read() as session:
        found = queries.counts(session, "reader A")
    assert found == {
        "all": CASES,
        "flagged": sum(row.flag_count > 0 for row in rows),
        "disputed": sum("disagreement" in row.first_flag for row in rows),
        "mine": sum(row.reviewer == "reader A" for row in rows),
        "done": sum(row.status is CaseStatus.COMPLETED for row in rows),
    }
