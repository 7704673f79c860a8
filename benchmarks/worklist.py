"""The worklist's answers over HTTP at 50,000 cases, and a deep page by keyset against the same page by OFFSET.

    python -m benchmarks.worklist [--cases 50000] [--runs 5]

A question is timed from the request to the last byte of the answer: rows, how many match in all, thumbnails' addresses.
"""

from __future__ import annotations

import argparse
import dataclasses
import http.cookiejar
import json
import random
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from benchmarks._figures import RUNS, Figure, figure, percentile, report
from db import commands, models, queries
from db.keyset import page_of
from db.records import NewScore, WorklistQuery
from db.vocabulary import FlagReason, LabelSource, Verdict
from services import workflow
from services.settings import Settings
from tests import factories
from tests.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from db.store import Store

CASES = 50_000
BATCH = 1000
DEEP = 100
"""The page that keyset and OFFSET are compared on."""
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"view": "flagged"},
    {"view": "disputed"},
    {"view": "mine"},
    {"view": "done"},
    {"search": "p00017"},
    {"search": "leaves out 7 slices"},
    {"search": "nobody at all"},
    {"flag_reason": FlagReason.FRAGMENTS.value},
    {"verdict": Verdict.REJECT.value},
    {"synthetic": "true", "agreement_below": "0.85"},
    {"status": "scheduled", "flagged": "true", "agreement_below": "0.7"},
)
SORTS = ("priority", "case", "added", "agreement", "slices")


def main() -> None:
    """Fill a store, ask it, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--runs", type=int, default=RUNS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        desk = workflow.open_home(Settings(home=home))
        _fill(desk.store, wanted.cases)
        figures = [*_over_http(home, wanted.runs), *_against_offset(desk.store, wanted.runs)]
        desk.store.close()
    report("worklist", figures, {"cases": wanted.cases, "runs": wanted.runs, "database": "SQLite"})


def _fill(store: Store, count: int) -> None:
    """Cases through the same command that an ingest uses; a third without flag, a fifth judged."""
    rng = random.Random(5)
    for first in range(0, count, BATCH):
        with store.begin() as session:
            for number in range(first, min(first + BATCH, count)):
                reason = rng.choice(list(FlagReason))
                flag = factories.flag(rng.randint(1, 3), reason, f"A leaves out {rng.randint(1, 99)} slices: {reason}")
                case = factories.case(
                    f"P{number // 2:05d}",
                    series=factories.series(shape=(rng.randint(60, 900), 512, 512)),
                    source=LabelSource.SYNTHETIC if rng.random() < 0.1 else None,
                    scores=(_dice(rng),),
                    flags=() if rng.random() < 0.33 else (flag,),
                )
                key = commands.add_case(session, case)
                if rng.random() < 0.2:
                    review = factories.review(rng.choice(list(Verdict)), reviewer=rng.choice(["local reader", "B"]))
                    commands.add_review(session, key, review)
        print(f"\r{min(first + BATCH, count):,} of {count:,} cases", end="", flush=True)
    print()


def _dice(rng: random.Random) -> NewScore:
    return factories.dice(round(rng.uniform(0.5, 1), 4))


class Client:
    """A signed-in browser without a screen."""

    def __init__(self, server: RunningServer) -> None:
        self.url = server.url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.opener.open(server.sign_in_link).read()

    def ask(self, question: dict[str, str]) -> tuple[float, str]:
        """Milliseconds until the whole answer is there, and the cursor of the next page."""
        began = time.perf_counter()
        with self.opener.open(f"{self.url}/cases?{urllib.parse.urlencode(question)}") as answer:
            content = answer.read()
        return (time.perf_counter() - began) * 1000, json.loads(content)["next"]

    def pages(self, question: dict[str, str], count: int = 3) -> list[float]:
        """How long the first pages of a question took."""
        times, after = [], ""
        for _ in range(count):
            took, after = self.ask(question | {"after": after})
            times.append(took)
            if not after:
                break
        return times


def _over_http(home: Path, runs: int) -> list[Figure]:
    found: dict[str, list[float]] = {"filter": [], "sort": [], "search": [], "all three": []}
    with RunningServer(home) as server:
        client = Client(server)
        client.ask({})
        for _ in range(runs):
            times = _one_run(client)
            for name, values in times.items():
                found[name].append(percentile(values, 0.95))
            found["all three"].append(percentile([one for values in times.values() for one in values], 0.95))
    return [figure(f"{name}: time to answer, p95", values, "ms", at_most=300) for name, values in found.items()]


def _one_run(client: Client) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"filter": [], "sort": [], "search": []}
    for question in FILTERS:
        times["search" if "search" in question else "filter"] += client.pages(question)
    for sort in SORTS:
        for descending in ("true", "false"):
            times["sort"] += client.pages({"sort": sort, "descending": descending})
    return times


def _against_offset(store: Store, runs: int) -> list[Figure]:
    """The hundredth page: by keyset as the worklist does it, and by OFFSET as a data grid's usual backend does."""
    query = WorklistQuery()
    after = ""
    with store.read() as session:
        for _ in range(DEEP):
            after = queries.worklist(session, dataclasses.replace(query, after=after)).next or after
    deep = dataclasses.replace(query, after=after)
    case = models.Case
    paged = select(case).order_by(case.priority.desc(), case.id.desc()).limit(200).offset(200 * DEEP)

    def by_keyset(session: Session) -> object:
        return page_of(session, deep)

    def by_offset(session: Session) -> object:
        return session.scalars(paged).all()

    ours = [_timed(store, by_keyset) for _ in range(runs)]
    theirs = [_timed(store, by_offset) for _ in range(runs)]
    ratios = [offset / keyset for offset, keyset in zip(theirs, ours, strict=True)]
    return [
        figure(f"page {DEEP + 1} by keyset", ours, "ms"),
        figure(f"page {DEEP + 1} by OFFSET", theirs, "ms"),
        figure(f"page {DEEP + 1}: times faster than OFFSET", ratios, "x"),
    ]


def _timed(store: Store, ask: Callable[[Session], object]) -> float:
    """Median of twenty askings in new sessions, in ms."""
    times = []
    for _ in range(20):
        with store.read() as session:
            began = time.perf_counter()
            ask(session)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
