"""Judged cases: which count, what a score leaves unseen and what moves, counted by the database as by hand."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from db import case_values, commands, judgements
from db.failure_records import CaseError
from db.judgements import Known, Moved, Rule, Unseen
from db.vocabulary import Verdict
from services.failure.acceptance import LARGEST_ERROR_MM, LEAST_DICE, UNACCEPTABLE, acceptance_of
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

RULE = Rule(UNACCEPTABLE, LEAST_DICE, LARGEST_ERROR_MM)
ERRORS = [one.value for one in CaseError]


def add(store: Store, verdict: Verdict | None = None, **values: float | None) -> str:
    """A case with a verdict, and values by name; `dice` and `error` are those against a reference."""
    named = {
        {"dice": CaseError.DICE.value, "error": CaseError.DIAMETER.value}.get(name, name): value
        for name, value in values.items()
    }
    with store.begin() as session:
        key = commands.add_case(session, factories.case(f"P{len(values)}{verdict or ''}"[:32]))
        case_values.set_values(session, key, named)
        if verdict:
            commands.add_review(session, key, factories.review(verdict))
    return key


def test_a_verdict_counts_before_a_reference_and_no_use_is_no_verdict(store: Store) -> None:
    add(store, Verdict.REJECT, dice=0.95, a=1.0)
    add(store, None, dice=0.70, a=2.0)
    add(store, Verdict.NOT_ASSESSABLE, dice=0.70, a=3.0)
    add(store, None, a=4.0)
    with store.read() as session:
        assert judgements.known(session) == Known(1, 1)
        found = judgements.newest(session, ["a"], 10)
    assert [(one.verdict, one.dice, one.values) for one in found] == [
        (None, 0.7, (2.0,)),
        (Verdict.REJECT, 0.95, (1.0,)),
    ]


def test_the_database_says_the_same_of_a_case_as_the_rule(store: Store) -> None:
    """Every case has a score of its own, so that each is counted alone."""
    said = list(product([None, *Verdict], [None, 0.79, 0.80], [None, -5.0, 4.9]))
    expected = {}
    for number, (verdict, dice, error) in enumerate(said):
        add(store, verdict, dice=dice, error=error, **{f"score {number:02d}": 1.0})
        bad = acceptance_of(verdict, dice=dice, diameter_error_mm=error).unacceptable
        if bad is not None:
            expected[f"score {number:02d}"] = Unseen(f"score {number:02d}", 1, int(bad), int(bad))
    with store.read() as session:
        found = judgements.unseen(session, RULE, 0, low_is_doubtful=[], leave_out=ERRORS, most=100)
    assert {one.name: one for one in found} == expected


def test_what_each_score_leaves_unseen_at_a_budget(store: Store) -> None:
    """Of five cases two are reviewed; the bad ones are fourth and fifth by `up`, first and second by `down`."""
    for number in range(5):
        verdict = Verdict.MAJOR_EDIT if number < 2 else Verdict.ACCEPTABLE
        add(store, verdict, up=float(number), down=float(number))
    add(store, Verdict.REJECT, up=9.0)
    with store.read() as session:
        found = judgements.unseen(session, RULE, 0.4, low_is_doubtful=["down"], leave_out=ERRORS, most=10)
        newest = judgements.unseen(session, RULE, 0.4, low_is_doubtful=["down"], leave_out=["down"], most=2)
    assert found == (Unseen("down", 5, 2, 0), Unseen("up", 6, 3, 2))
    assert newest == (Unseen("up", 2, 1, 1),)


def test_what_rises_and_what_falls_from_one_score_to_another(store: Store) -> None:
    keys = [add(store, None, a=float(one), b=float(other)) for one, other in ((3, 1), (2, 2), (1, 3), (0, 0))]
    add(store, None, a=99.0)
    with store.read() as session:
        up, down, count = judgements.moved(session, "a", "b", 10, low_is_doubtful=[])
        turned, _, _ = judgements.moved(session, "a", "b", 1, low_is_doubtful=["b"])
    assert (up, down, count) == ((Moved(keys[2], False, 3, 1),), (Moved(keys[0], False, 1, 3),), 4)
    assert turned == (Moved(keys[3], False, 4, 1),)
