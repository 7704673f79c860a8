"""Pieces of errors, of each case the newest comparison's, and random draws, each once for ever; on either database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import audit_draws, commands, error_pieces, forgetting, measurements, models
from db.failure_records import ErrorKind
from db.findings import ERRORS
from tests import factories

if TYPE_CHECKING:
    from db.failure_records import ListedPiece, NewErrorPiece
    from db.store import Store

SAID = {"model": "aorta"}


def add(store: Store, patient: str, *pieces: NewErrorPiece) -> str:
    with store.begin() as session:
        key = commands.add_case(session, factories.case(patient))
        error_pieces.set_errors(session, key, [], pieces, SAID)
    return key


def volumes(found: tuple[ListedPiece, ...]) -> list[float]:
    return [one.spec.volume_ml for one in found]


def test_a_piece_comes_back_as_it_was_stored(store: Store) -> None:
    piece = factories.error_piece(facts={"touching": "vena cava", "readers": 0.25})
    key = add(store, "P1", piece)
    with store.read() as session:
        (found,) = error_pieces.of_case(session, key)
        assert measurements.said_of(session, key, ERRORS) == SAID
    assert (found.case_key, found.spec) == (key, piece)


def test_a_later_comparison_replaces_what_is_listed_and_the_earlier_stays(store: Store) -> None:
    key = add(store, "P1", factories.error_piece(volume_ml=3.0), factories.error_piece(volume_ml=1.0))
    with store.begin() as session:
        error_pieces.set_errors(session, key, [factories.dice(0.9)], [factories.error_piece(volume_ml=2.0)], SAID)
    with store.read() as session:
        assert volumes(error_pieces.of_case(session, key)) == [2.0]
        assert error_pieces.count(session) == 1
        assert session.query(models.ErrorPiece).count() == 3


@pytest.mark.parametrize(("order", "expected"), [("volume", [3.0, 2.0, 1.0]), ("effect", [1.0, 3.0, 2.0])])
def test_pieces_of_all_cases_are_sorted_and_those_without_the_figure_come_last(
    store: Store, order: str, expected: list[float]
) -> None:
    add(store, "P1", factories.error_piece(volume_ml=3.0, effect_mm=1.0))
    add(store, "P2", factories.error_piece(volume_ml=1.0, effect_mm=-4.0))
    add(store, "P3", factories.error_piece(volume_ml=2.0, effect_mm=None))
    with store.read() as session:
        assert volumes(error_pieces.largest(session, 9, order=order)) == expected
        assert volumes(error_pieces.largest(session, 1, order=order)) == expected[:1]


def test_pieces_are_filtered_by_kind_and_structure(store: Store) -> None:
    add(
        store,
        "P1",
        factories.error_piece(volume_ml=1.0, kind=ErrorKind.FALSE_NEGATIVE, structure="thrombus"),
        factories.error_piece(volume_ml=2.0, kind=ErrorKind.FALSE_NEGATIVE),
        factories.error_piece(volume_ml=3.0, structure="thrombus"),
    )
    with store.read() as session:
        assert error_pieces.structures(session) == ("outer wall", "thrombus")
        asked = {"kind": ErrorKind.FALSE_NEGATIVE, "structure": "thrombus"}
        assert volumes(error_pieces.largest(session, 9, **asked)) == [1.0]  # type: ignore[arg-type]
        assert error_pieces.count(session, kind=ErrorKind.FALSE_NEGATIVE) == 2


def test_a_case_is_drawn_or_not_once_for_ever(store: Store) -> None:
    one, two = add(store, "P1"), add(store, "P2")
    with store.begin() as session:
        assert audit_draws.set_draw(session, one, 0.1, drawn=True)
        assert audit_draws.set_draw(session, two, 0.1, drawn=False)
        assert not audit_draws.set_draw(session, two, 0.9, drawn=True)
    with store.read() as session:
        assert [(draw.case_key, draw.probability) for draw in audit_draws.draws(session, drawn=True)] == [(one, 0.1)]
        second = audit_draws.of_case(session, two)
        assert second is not None
        assert (second.drawn, second.drawn_at.tzinfo is not None) == (False, True)
        assert [audit_draws.count(session, drawn=drawn) for drawn in (True, False)] == [1, 1]


def test_a_forgotten_patient_takes_pieces_and_draws_along(store: Store) -> None:
    key = add(store, "P1", factories.error_piece())
    with store.begin() as session:
        audit_draws.set_draw(session, key, 0.1, drawn=True)
    with store.begin() as session:
        forgetting.forget(session, "P1")
    with store.read() as session:
        assert error_pieces.state(session) == (0, 0)
        assert audit_draws.draws(session) == ()
