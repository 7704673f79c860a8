"""The page Agreement's figures over many cases, from stored ones alone; who is called what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from db import agreements as stored
from db import commands
from db.records import NewScore
from db.vocabulary import AuthorKind, LabelSource, ReadersFigure, Role
from services import agreements
from services.agreements import READERS, TOO_FEW, Disputed, Measure, letter_of
from services.experts import maps
from tests import factories

if TYPE_CHECKING:
    from services.desk import Desk

NAMES = ("Dr. Ash", "Dr. Birch", "Dr. Cedar")


def score(name: ReadersFigure, value: float | None, **said: object) -> NewScore:
    reason = "" if value is not None else "one of the two drew nothing"
    return NewScore(name, "", value, "1", "box", "agreement of readers", "1", parameters=said, reason=reason)


def pair(first: str, second: str, value: float | None, *, model: bool = False, slice_k: int = 4) -> NewScore:
    kind = "model" if model else "reader"
    said = {"first": first, "second": second, "second_kind": kind, "slice": slice_k, "place": [slice_k, 5, 6]}
    return score(ReadersFigure.DICE, value, **said)


def bias(author: str, value: float) -> NewScore:
    return score(ReadersFigure.BIAS, value, author=author, author_kind="reader")


def consensus(method: str, other: str, kind: str, value: float) -> NewScore:
    return score(ReadersFigure.CONSENSUS_DICE, value, consensus=method, other=other, other_kind=kind)


def store(desk: Desk, *scores: NewScore, patient: str = "P7K3QX") -> str:
    layers = tuple(
        factories.layer(name, author_kind=AuthorKind.READER, author_version="", source=LabelSource.EXPERT)
        for name in NAMES
    )
    with desk.store.begin() as session:
        key = commands.add_case(session, factories.case(patient, layers=layers))
        stored.set_agreement(session, key, [], scores, [], {})
    return key


def test_an_empty_store_has_nobody(desk: Desk) -> None:
    found = agreements.overview(desk, "", Role.READER)
    assert (found.counted, found.authors) == ((0, 0, 0), ())
    assert agreements.matrix(desk, Measure.DICE, found.authors) == ()
    assert agreements.biases(desk, found.authors) == ()
    assert agreements.disputed(desk, Disputed.VOLUME) == ()
    assert agreements.consensus(desk, found.models) == ()


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        (Role.VIEWER, ["A", "B (you)", "net 1"]),
        (Role.READER, ["A", "B (you)", "net 1"]),
        (Role.RESEARCHER, ["A: Dr. Ash", "B: Dr. Birch", "net 1"]),
        (Role.ADMIN, ["A: Dr. Ash", "B: Dr. Birch", "net 1"]),
    ],
)
def test_readers_are_letters_unless_the_role_may_see_names(desk: Desk, role: Role, titles: list[str]) -> None:
    """The third drew too, and was never compared: there is nothing to show of him."""
    store(desk, pair(NAMES[0], NAMES[1], 0.9), pair(NAMES[0], "net 1", 0.8, model=True))
    found = agreements.overview(desk, NAMES[1], role)
    assert [one.title for one in found.authors] == titles


@given(st.integers(1, 2000))
def test_letters_count_as_columns_do_and_none_stands_for_two(number: int) -> None:
    value = 0
    for letter in letter_of(number):
        value = value * 26 + ord(letter) - ord("A") + 1
    assert value == number


def test_letters_go_on_after_z() -> None:
    assert [letter_of(number) for number in (1, 26, 27, 52, 703)] == ["A", "Z", "AA", "AZ", "AAA"]


def test_every_pair_has_its_mean_and_the_case_where_it_is_worst(desk: Desk) -> None:
    store(desk, pair(NAMES[0], NAMES[1], 0.9), pair(NAMES[1], "net 1", None, model=True))
    worst = store(desk, pair(NAMES[0], NAMES[1], 0.7, slice_k=8))
    found = agreements.overview(desk, "", Role.READER)
    cells = {
        (cell.first.title, cell.second.title): cell for cell in agreements.matrix(desk, Measure.DICE, found.authors)
    }
    both = cells["A", "B"]
    assert both.mean == pytest.approx(0.8)
    assert both.cases == 2
    assert both.worst is not None
    assert (both.worst.case_key, both.worst.place) == (worst, (8, 5, 6))
    assert (cells["B", "net 1"].mean, cells["B", "net 1"].reason) == (None, agreements.UNDEFINED)
    assert (cells["A", "net 1"].mean, cells["A", "net 1"].reason) == (None, agreements.NO_CASE)
    assert set(cells) == {("A", "B"), ("A", "net 1"), ("B", "net 1")}


def test_a_bias_is_a_mean_over_patients_with_students_interval(desk: Desk) -> None:
    values = {"P1": (0.5, 1.5), "P2": (2.0,), "P3": (3.0,)}
    for patient, of_scans in values.items():
        for value in of_scans:
            store(desk, pair(NAMES[0], NAMES[1], 0.9), bias(NAMES[0], value), bias(NAMES[1], 1.0), patient=patient)
    found = agreements.overview(desk, "", Role.READER)
    first, second = agreements.biases(desk, found.authors)
    wanted = stats.t.interval(0.95, 2, loc=2.0, scale=stats.sem([1.0, 2.0, 3.0]))
    assert first.value == pytest.approx(2.0)
    assert first.patients == 3
    assert (first.lower, first.upper) == pytest.approx(wanted)
    assert (second.lower, second.upper) == pytest.approx((1.0, 1.0))


def test_two_patients_give_a_mean_and_no_interval(desk: Desk) -> None:
    for patient in ("P1", "P2"):
        store(desk, pair(NAMES[0], NAMES[1], 0.9), bias(NAMES[0], 1.0), patient=patient)
    (only,) = agreements.biases(desk, agreements.overview(desk, "", Role.READER).authors)
    assert (only.value, only.lower, only.reason) == (1.0, None, TOO_FEW)


def test_disputed_cases_carry_their_alpha(desk: Desk) -> None:
    key = store(desk, score(ReadersFigure.DISPUTED, 3.0, apart_cm2=1.0), score(ReadersFigure.ALPHA, 0.8))
    store(desk, score(ReadersFigure.DISPUTED, 1.0))
    found = agreements.disputed(desk, Disputed.VOLUME)
    assert [(one.place.value, one.alpha) for one in found] == [(3.0, 0.8), (1.0, None)]
    assert agreements.disputed(desk, Disputed.VOLUME, 1)[0].place.case_key == key


def test_consensus_methods_stand_in_their_order_with_readers_weighted_by_cases(desk: Desk) -> None:
    """Reader A in two cases (0.9, 0.8), reader B in one (0.6): (0.85 * 2 + 0.6) / 3."""
    volume = {"other": "", "other_kind": ""}
    methods = [
        score(ReadersFigure.CONSENSUS_VOLUME, 100.0, consensus=name, **volume) for name in ("STAPLE", "majority")
    ]
    both = consensus("majority", "STAPLE", "consensus", 0.95)
    store(desk, *methods, both, consensus("majority", NAMES[0], "reader", 0.9), pair(NAMES[0], "n 1", 0.5, model=True))
    more = (consensus("majority", NAMES[1], "reader", 0.6), consensus("majority", "n 1", "model", 0.7))
    store(desk, consensus("majority", NAMES[0], "reader", 0.8), *more)
    rows = agreements.consensus(desk, agreements.overview(desk, "", Role.READER).models)
    assert [row.method for row in rows] == ["majority", "STAPLE"]
    assert rows[0].dice == {READERS: pytest.approx(2.3 / 3), "n 1": 0.7, "STAPLE": 0.95}
    assert rows[1].dice == {"majority": 0.95}


def test_the_page_knows_the_methods_that_are_computed() -> None:
    assert agreements.METHODS == maps.METHODS
