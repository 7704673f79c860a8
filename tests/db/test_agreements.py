"""What is stored about the readers of cases, and the means over them, on either database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import agreements, commands, queries, readers
from db.agreements import AuthorMean, ConsensusMean, Counted, Disputed, PairMean
from db.records import NewProfile, NewScore
from db.store import downgrade, upgrade
from db.vocabulary import AuthorKind, LabelSource, LayerKind, ReadersFigure
from tests import factories

if TYPE_CHECKING:
    from db.records import NewLayer
    from db.store import Store

PAIR: dict[str, object] = {"first": "Ann", "second": "Ben", "second_kind": "reader"}
WITH_MODEL: dict[str, object] = {"first": "Ann", "second": "aorta 1", "second_kind": "model"}


def score(name: ReadersFigure, value: float | None, said: dict[str, object]) -> NewScore:
    reason = "" if value is not None else "one of the two drew nothing"
    return NewScore(name, "", value, "1", "box", "agreement of readers", "1", parameters=said, reason=reason)


def drawing(name: str, source: LabelSource = LabelSource.EXPERT) -> NewLayer:
    return factories.layer(name, author_kind=AuthorKind.READER, author_version="", source=source)


def soft(text: str) -> NewLayer:
    said = {"kind": LayerKind.SOFT_LABEL, "name": "outer wall", "image": factories.image(text), "unit": "probability"}
    return factories.layer("readers", author_kind=AuthorKind.READER, source=LabelSource.CONSENSUS, **said)


def compared(store: Store, *scores: NewScore, patient: str = "P7K3QX", synthetic: bool = False) -> str:
    """A case whose readers were compared with these figures."""
    source = LabelSource.SYNTHETIC if synthetic else None
    with store.begin() as session:
        key = commands.add_case(session, factories.case(patient, source=source))
        agreements.set_agreement(session, key, [soft(key)], scores, [], {"version": "1"})
    return key


def test_readers_are_numbered_by_their_first_drawing_and_keep_their_number(store: Store) -> None:
    with store.begin() as session:
        key = commands.add_case(session, factories.case("P1", layers=(drawing("Ben"), drawing("Ann"))))
        commands.add_case(session, factories.case("P2", layers=(drawing("Ann"), drawing("Aaron"), drawing("Ben"))))
        commands.add_review(session, key, factories.review(reviewer="Only Judge"))
    with store.read() as session:
        assert readers.numbers(session) == {"Ben": 1, "Ann": 2, "Aaron": 3}
        page = queries.case_page(session, key)
        assert page is not None
        assert page.readers == {"Ben": 1, "Ann": 2}


@pytest.mark.parametrize("source", sorted(readers.NOBODY))
def test_who_is_no_person_has_no_number(store: Store, source: LabelSource) -> None:
    with store.begin() as session:
        commands.add_case(session, factories.case(layers=(drawing("STAPLE", source), drawing("Ann"))))
    with store.read() as session:
        assert readers.numbers(session) == {"Ann": 1}


def test_readers_of_an_older_store_are_numbered_by_their_first_drawing(store: Store) -> None:
    with store.begin() as session:
        commands.add_review(session, commands.add_case(session, factories.case("P1")), factories.review(reviewer="Zoe"))
        layers = (drawing("Ben"), drawing("STAPLE", LabelSource.CONSENSUS), drawing("Ann"), drawing("Zoe"))
        commands.add_case(session, factories.case("P2", layers=layers))
    downgrade(store.engine, "0005")
    upgrade(store.engine)
    with store.read() as session:
        assert readers.numbers(session) == {"Ben": 1, "Ann": 2, "Zoe": 3}


def test_layers_of_a_newer_comparison_take_the_place_of_the_older_ones(store: Store) -> None:
    key = compared(store)
    with store.begin() as session:
        agreements.set_agreement(session, key, [soft("newer")], [], [], {"version": "2"})
    with store.read() as session:
        page = queries.case_page(session, key)
        assert page is not None
        assert [layer.spec.image for layer in page.layers] == [factories.image("newer")]
        assert factories.image(key).digest in queries.blobs_of(session, key)


def test_curves_of_a_comparison_are_shown_beside_those_of_the_findings(store: Store) -> None:
    curve = NewProfile("disagreement", "readers", "cm2", (0.0, 1.5), "agreement of readers", "1")
    with store.begin() as session:
        key = commands.add_case(session, factories.case(flags=(factories.flag(),)))
        agreements.set_agreement(session, key, [], [], [curve], {})
    with store.read() as session:
        page = queries.case_page(session, key)
        assert page is not None
        assert (page.profiles, len(page.flags)) == ((curve,), 1)


def test_a_case_that_is_gone_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError), store.begin() as session:
        agreements.set_agreement(session, "P0-1", [], [], [], {})


def test_pairs_are_averaged_over_the_cases_that_define_them(store: Store) -> None:
    compared(store, score(ReadersFigure.DICE, 0.9, PAIR), score(ReadersFigure.DICE, 0.5, WITH_MODEL))
    compared(store, score(ReadersFigure.DICE, 0.7, PAIR), score(ReadersFigure.DICE, None, WITH_MODEL))
    with store.read() as session:
        found = {one.second: one for one in agreements.pair_means(session, ReadersFigure.DICE)}
        assert agreements.pair_means(session, ReadersFigure.HD95) == ()
    assert found["Ben"] == ("Ann", "Ben", AuthorKind.READER, pytest.approx(0.8), 2)
    assert found["aorta 1"] == PairMean("Ann", "aorta 1", AuthorKind.MODEL, 0.5, 1)


@pytest.mark.parametrize(("name", "worst"), [(ReadersFigure.DICE, 0.2), (ReadersFigure.DISTANCE, 0.6)])
def test_the_worst_case_of_a_pair_has_the_least_overlap_or_the_largest_distance(
    store: Store, name: ReadersFigure, worst: float
) -> None:
    keys = {
        value: compared(store, score(name, value, PAIR | {"slice": 7, "place": [7, 1, 2]}), synthetic=value < 0.3)
        for value in (0.4, 0.2, 0.6)
    }
    with store.read() as session:
        (found,) = agreements.worst_of_pairs(session, name).values()
    assert (found.case_key, found.value, found.synthetic) == (keys[worst], worst, worst < 0.3)
    assert (found.slice, found.place) == (7, (7, 1, 2))


def test_only_the_newest_comparison_of_a_case_counts(store: Store) -> None:
    key = compared(store, score(ReadersFigure.DICE, 0.1, PAIR))
    with store.begin() as session:
        agreements.set_agreement(session, key, [], [score(ReadersFigure.DICE, 0.9, PAIR)], [], {})
    with store.read() as session:
        (one,) = agreements.pair_means(session, ReadersFigure.DICE)
    assert (one.mean, one.cases) == (0.9, 1)


def test_scans_of_one_patient_are_averaged_before_patients_are(store: Store) -> None:
    """Patient one: (1 + 3) / 2 = 2; patient two: 5. Mean 3.5, mean of squares (4 + 25) / 2 = 14.5."""
    said: dict[str, object] = {"author": "Ann", "author_kind": "reader"}
    for patient, value in (("P1", 1.0), ("P1", 3.0), ("P2", 5.0), ("P2", None)):
        compared(store, score(ReadersFigure.BIAS, value, said), patient=patient)
    with store.read() as session:
        assert agreements.author_means(session, ReadersFigure.BIAS) == (
            AuthorMean("Ann", AuthorKind.READER, 3.5, 14.5, 2),
        )


def test_disputed_cases_are_sorted_by_volume_by_their_worst_slice_or_by_name(store: Store) -> None:
    large = compared(store, score(ReadersFigure.DISPUTED, 9.0, {"apart_cm2": 1.0}), patient="P2")
    wide = compared(store, score(ReadersFigure.DISPUTED, 4.0, {"apart_cm2": 3.0}), patient="P3")
    none = compared(store, score(ReadersFigure.DISPUTED, 0.0, {}), patient="P1")
    orders = {
        Disputed.VOLUME: (large, wide, none),
        Disputed.SLICE: (wide, large, none),
        Disputed.CASE: (none, large, wide),
    }
    with store.read() as session:
        for by, keys in orders.items():
            assert tuple(one.case_key for one in agreements.most_disputed(session, by, None)) == keys
            assert len(agreements.most_disputed(session, by, 2)) == 2


def test_cases_are_counted_with_those_that_were_compared_and_those_that_are_generated(store: Store) -> None:
    compared(store, score(ReadersFigure.DISPUTED, 1.0, {}), synthetic=True)
    compared(store, score(ReadersFigure.DISPUTED, 1.0, {}))
    looked_at = compared(store)
    with store.begin() as session:
        waiting = commands.add_case(session, factories.case("P9"))
    with store.read() as session:
        assert agreements.counted(session) == Counted(4, 2, 1)
        never = agreements.keys_never_compared(session)
    assert waiting in never
    assert looked_at not in never


def test_a_consensus_is_averaged_with_each_that_it_is_compared_with(store: Store) -> None:
    said: dict[str, object] = {"consensus": "majority", "other": "Ann", "other_kind": "reader"}
    key = compared(store, score(ReadersFigure.CONSENSUS_DICE, 0.8, said), score(ReadersFigure.ALPHA, 0.7, {}))
    with store.read() as session:
        found = agreements.consensus_means(session, ReadersFigure.CONSENSUS_DICE)
        assert agreements.of_cases(session, ReadersFigure.ALPHA, [key, "P0-1"]) == {key: 0.7}
        assert agreements.of_cases(session, ReadersFigure.ALPHA, []) == {}
    assert found == (ConsensusMean("majority", "Ann", "reader", 0.8, 1),)
