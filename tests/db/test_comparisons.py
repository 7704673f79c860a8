"""Which models there are and what was stored about them, on either database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import commands, comparisons, measurements
from db.comparisons import Compared, Drawn, ModelUse, Sized
from db.measurement_records import Headline
from db.records import NewScore
from db.vocabulary import Agreement, AuthorKind, LabelSource
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

A1, A2, B = ("A", "1"), ("A", "2"), ("B", "1")


def figure(model: tuple[str, str], value: float | None, other: tuple[str, str] | None = None) -> NewScore:
    said: dict[str, object] = {"model": model[0], "model_version": model[1]}
    said |= {"other": other[0], "other_version": other[1]} if other else {}
    name = Agreement.WITH_ONE if other else Agreement.WITH_READERS
    reason = "" if value is not None else "no reader drew the outer wall"
    return NewScore(name, "A vs it", value, "1", "whole mask", "mask findings", "4", parameters=said, reason=reason)


def store_case(store: Store, *models: tuple[str, str], scores: tuple[NewScore, ...] = ()) -> str:
    layers = tuple(factories.layer(name, author_version=version) for name, version in models)
    reader = factories.layer("reader one", author_kind=AuthorKind.READER, author_version="", source=LabelSource.EXPERT)
    case = factories.case(layers=(*layers, reader), scores=scores, source=LabelSource.SYNTHETIC)
    with store.begin() as session:
        return commands.add_case(session, case)


def test_models_are_counted_by_version_and_readers_by_their_drawings(store: Store) -> None:
    store_case(store, A1, B)
    store_case(store, A1, A2)
    with store.read() as session:
        assert comparisons.model_uses(session) == (ModelUse(*A1, 2), ModelUse(*A2, 1), ModelUse(*B, 1))
        assert comparisons.drawings_of_readers(session) == (Drawn("reader one", "", LabelSource.EXPERT, 2),)
        assert comparisons.ran_together(session, (A1, A2)) == 1
        assert comparisons.ran_together(session, (A2, B)) == 0


def test_figures_are_those_of_the_versions_asked_for_with_their_methods(store: Store) -> None:
    first = store_case(store, A1, scores=(figure(A1, 0.9), figure(A2, 0.7), figure(B, 0.5)))
    second = store_case(store, A1, scores=(figure(A1, None),))
    with store.read() as session:
        assert comparisons.figures(session, Agreement.WITH_READERS, (A1, B), None) == (
            Compared(first, True, *A1, 0.9, "", "mask findings 4"),
            Compared(first, True, *B, 0.5, "", "mask findings 4"),
            Compared(second, True, *A1, None, "no reader drew the outer wall", "mask findings 4"),
        )


def test_figures_against_one_drawing_are_those_alone(store: Store) -> None:
    with_one, with_two = figure(A1, 0.9, ("reader one", "")), figure(A1, 0.8, ("reader one", "second"))
    key = store_case(store, A1, scores=(with_one, with_two, figure(A1, 0.85)))
    with store.read() as session:
        (one,) = comparisons.figures(session, Agreement.WITH_ONE, (A1,), ("reader one", "second"))
    assert (one.case_key, one.value) == (key, 0.8)


def test_only_the_newest_findings_of_a_case_count(store: Store) -> None:
    key = store_case(store, A1, scores=(figure(A1, 0.2),))
    found = {"scores": (figure(A1, 0.6),), "flags": (), "profiles": (), "region": None, "crop": None, "thumbnail": None}
    with store.begin() as session:
        commands.add_layers(session, key, [factories.layer("B")], **found)
    with store.read() as session:
        (one,) = comparisons.figures(session, Agreement.WITH_READERS, (A1,), None)
    assert one.value == 0.6


def test_diameters_are_those_of_the_newest_measuring_by_the_models_asked_for(store: Store) -> None:
    key = store_case(store, A1, B)
    nothing = Headline(None, None, None, None, "", "")
    for mm in (50.0, 56.0):
        rows = [
            factories.measured(mm, subject="A 1"),
            factories.measured(None, subject="B 1", reason="the mask is empty"),
            factories.measured(40.0, subject="reader one"),
            factories.measured(41.0, "largest diameter, axial", subject="A 1"),
        ]
        with store.begin() as session:
            measurements.set_measurements(session, key, rows, nothing, {})
    with store.read() as session:
        assert comparisons.diameters(session, (A1, B)) == (
            Sized(key, True, None, *A1, 56.0, ""),
            Sized(key, True, None, *B, None, "the mask is empty"),
        )
        assert [one.model for one in comparisons.diameters(session, (B,))] == ["B"]
