"""`secondlook outline`: what it refuses, and what it prints. The model itself has tests of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.cli_outline import Outlined, _result
from services.jobs import OUTLINE
from tests.services.outlines.conftest import BOX
from tests.services.outlines.test_outlines import AUTHOR, work

if TYPE_CHECKING:
    from services.desk import Desk
    from tests.services.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--box", "1,2,3,4", "--click", "1,2"),
        ("--box", "1,2,3"),
        ("--click", "Meier"),
        ("--click", "1,2", "--axis", "oblique"),
        ("--click", "100,2"),
    ],
)
def test_what_is_no_start_is_refused_and_nothing_is_queued(
    run: Run, desk: Desk, key: str, words: tuple[str, ...]
) -> None:
    code, _, error = run("outline", key, "--slice", 11, *words)
    assert (code, len(error.splitlines())) == (2, 3)
    assert "Meier" not in error
    assert desk.jobs.recent(kinds=(OUTLINE,)).jobs == ()


def test_a_case_that_is_not_there_is_refused(run: Run, desk: Desk) -> None:
    assert run("outline", "P0000000000-1", "--slice", 11, "--click", "1,2")[0] == 2


def test_its_result_is_what_the_job_has_stored(desk: Desk, key: str) -> None:
    for _ in range(2):
        desk.outlines.queue("Dr Who", key, BOX)
        work(desk)
    job = desk.outlines.of_case(key)
    assert job is not None
    stopped = ("upwards to slice 20: the scan ends", "downwards to slice 1: the scan ends")
    assert _result(desk, job) == Outlined(key, AUTHOR, "1 run 2", 5, stopped)
