"""The promise of an installation rests on its cases drawn at random and on nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from db import audit_draws, case_values, commands, findings
from db.records import NewFlag
from db.vocabulary import FlagReason, Verdict
from services import cli, workflow
from services.aggregation.names import DEFAULT, SIZE
from services.errors import InputRefused
from services.failure.audit import audit_flag
from services.failure.promise import NONE_DRAWN
from services.promising import promise_of, sentence
from services.settings import Settings
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    desk = workflow.open_home(Settings(home=tmp_path / "home"))
    yield desk
    desk.store.close()


def add(desk: Desk, name: str, *, drawn: bool, score: float | None = 0.2, probability: float = 1.0) -> str:
    """A case without flag that was, or was not, drawn."""
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case(name))
        case_values.set_values(session, key, {DEFAULT: score})
        audit_draws.set_draw(session, key, probability, drawn=drawn)
        findings.set_triage(session, key, [audit_flag()] if drawn else [], {})
    return key


def judge(desk: Desk, key: str, verdict: Verdict) -> None:
    with desk.store.begin() as session:
        commands.add_review(session, key, factories.review(verdict=verdict))


def test_without_draws_nothing_is_promised(desk: Desk) -> None:
    found = promise_of(desk.store, 0.05)
    assert (found.threshold, found.needed, found.reason) == (None, 920, NONE_DRAWN)
    assert sentence(found).startswith("No threshold can be promised: no unflagged case was drawn at random")


def test_forty_five_drawn_and_acceptable_cases_promise_a_threshold(desk: Desk) -> None:
    for number in range(45):
        judge(desk, add(desk, f"case {number}", drawn=True), Verdict.ACCEPTABLE)
    found = promise_of(desk.store, 1.0)
    assert (found.threshold, found.cases, found.audited, found.waiting) == (1.0, 45, 45, 0)
    assert "at most 5% of all cases like these are bad and not flagged, with 90% confidence" in sentence(found)
    worst = add(desk, "one more", drawn=True, score=0.405)
    assert promise_of(desk.store, 1.0).threshold == 0.4, "what is not judged yet counts as bad"
    judge(desk, worst, Verdict.REJECT)
    assert promise_of(desk.store, 1.0).threshold == 0.4
    with desk.store.begin() as session:
        findings.set_triage(session, worst, [NewFlag(FlagReason.UNCERTAIN, 2, "doubt")], {})
    assert promise_of(desk.store, 1.0).threshold == 1.0, "by now another flag points at it"


def test_cases_that_had_a_chance_are_those_not_drawn_and_those_with_a_flag(desk: Desk) -> None:
    add(desk, "not drawn", drawn=False, probability=0.05)
    with desk.store.begin() as session:
        flagged = commands.add_case(session, factories.case("flagged"))
        findings.set_triage(session, flagged, [NewFlag(FlagReason.SPACING, 1, "thick")], {})
        commands.add_case(session, factories.case("never triaged"))
        assert audit_draws.count_chances(session) == 2
        assert audit_draws.judged(session, DEFAULT) == ()


def test_a_promise_about_another_score_is_refused(desk: Desk) -> None:
    for name in ("no score", SIZE):
        with pytest.raises(InputRefused, match="must be about an aggregated score in"):
            promise_of(desk.store, 0.05, score=name)


def test_the_command_says_what_is_missing(desk: Desk) -> None:
    found = CliRunner().invoke(cli.app, ["promise", "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["needed"] == 920


def test_all_reasons_of_flags_fit_into_their_column() -> None:
    assert len("|" + "|".join(FlagReason) + "|") <= 200
