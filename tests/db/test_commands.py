"""What is written comes back, what is written twice stays one, and history is only added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import commands, queries
from db.records import NewProfile, Region, SavedView
from db.vocabulary import AuthorKind, CaseStatus, FlagReason, LabelSource, Sex, Verdict
from tests import factories

if TYPE_CHECKING:
    from db.records import CasePage, CaseRow, NewCase, NewLayer
    from db.store import Store

PROFILE = NewProfile("outer wall area", "A", "cm2", (None, 1.5, 2.0), "mask findings", "1")


def add(store: Store, case: NewCase) -> str:
    with store.begin() as session:
        return commands.add_case(session, case)


def page_of(store: Store, key: str) -> CasePage:
    with store.read() as session:
        page = queries.case_page(session, key)
    assert page is not None
    return page


def row_of(store: Store, key: str) -> CaseRow:
    return page_of(store, key).row


def extend(store: Store, key: str, *layers: NewLayer) -> int:
    found = {"scores": (factories.dice(0.5),), "flags": (factories.flag(3),), "profiles": ()}
    with store.begin() as session:
        return commands.add_layers(session, key, layers, **found, region=None, crop=None, thumbnail=None)  # type: ignore[arg-type]


def test_a_case_comes_back_as_it_was_stored(store: Store) -> None:
    model, reader = factories.layer("A"), factories.layer("reader 1", author_kind=AuthorKind.READER, author_version="")
    stored = factories.case(
        patient="PAAAAAA",
        source=LabelSource.SYNTHETIC,
        region=Region((1, 1, 1), (9, 9, 9)),
        crop=factories.image("crop"),
        thumbnail=factories.image("thumbnail"),
        layers=(model, reader),
        scores=(factories.dice(0.8),),
        flags=(factories.flag(),),
        profiles=(PROFILE,),
    )
    page = page_of(store, add(store, stored))
    assert page.series == stored.series
    assert (page.region, page.crop) == (stored.region, stored.crop)
    assert [layer.spec for layer in page.layers] == [model, reader]
    assert (page.scores, page.flags, page.profiles) == (stored.scores, stored.flags, stored.profiles)
    assert page.row.synthetic
    assert page.row.thumbnail == stored.thumbnail.digest  # type: ignore[union-attr]


def test_the_same_case_twice_is_one_case(store: Store) -> None:
    case = factories.case()
    assert add(store, case) == add(store, case)
    with store.read() as session:
        assert len(queries.case_keys(session)) == 1


def test_cases_of_one_patient_are_numbered_in_the_order_they_came(store: Store) -> None:
    assert [add(store, factories.case("PAAAAAA")) for _ in range(3)] == ["PAAAAAA-1", "PAAAAAA-2", "PAAAAAA-3"]
    assert add(store, factories.case("PBBBBBB")) == "PBBBBBB-1"


def test_sex_belongs_to_the_patient_and_age_to_the_study(store: Store) -> None:
    series = [factories.series(age_years=age) for age in (70, 72)]
    keys = [add(store, factories.case("PAAAAAA", sex=Sex.FEMALE, series=one)) for one in series]
    assert [(row_of(store, key).sex, row_of(store, key).age_years) for key in keys] == [("F", 70), ("F", 72)]


def test_a_layer_that_is_there_is_not_added_again(store: Store) -> None:
    key = add(store, factories.case(layers=(factories.layer("A"),)))
    assert extend(store, key, factories.layer("A"), factories.layer("B")) == 1
    assert extend(store, key, factories.layer("A"), factories.layer("B")) == 0
    assert [layer.spec.author for layer in page_of(store, key).layers] == ["A", "B"]


def test_new_findings_stand_beside_the_old_ones_and_are_the_ones_shown(store: Store) -> None:
    key = add(store, factories.case(layers=(factories.layer("A"),), scores=(factories.dice(0.9),)))
    extend(store, key, factories.layer("B"))
    page = page_of(store, key)
    assert [score.value for score in page.scores] == [0.5]
    assert (page.row.agreement, page.row.severity) == (0.5, 3)


def test_a_verdict_completes_the_case_and_a_later_one_does_not_erase_it(store: Store) -> None:
    key = add(store, factories.case())
    with store.begin() as session:
        commands.add_review(
            session, key, factories.review(Verdict.REJECT, note="first", place=(1, 2, 3), slices=(1, 1))
        )
        commands.add_review(session, key, factories.review(Verdict.MINOR_EDIT, reviewer="reader B"))
    page = page_of(store, key)
    assert [(one.spec.verdict, one.spec.reviewer) for one in page.reviews] == [
        ("reject", "reader A"),
        ("minor edit", "reader B"),
    ]
    assert page.reviews[0].spec.place == (1, 2, 3)
    assert (page.row.verdict, page.row.reviewer, page.row.status) == ("minor edit", "reader B", CaseStatus.COMPLETED)


def test_a_review_points_at_the_run_that_it_judged(store: Store) -> None:
    key = add(store, factories.case(layers=(factories.layer("A"),)))
    with store.begin() as session:
        commands.add_review(session, key, factories.review())
    extend(store, key, factories.layer("B"))
    with store.begin() as session:
        commands.add_review(session, key, factories.review())
    first, second = page_of(store, key).reviews
    assert first.run_id is not None
    assert second.run_id is not None
    assert first.run_id < second.run_id


def test_a_review_of_no_case_is_an_error(store: Store) -> None:
    with pytest.raises(KeyError), store.begin() as session:
        commands.add_review(session, "PNOBODY-1", factories.review())


def test_an_undefined_agreement_has_a_reason_and_is_never_zero(store: Store) -> None:
    alone = row_of(store, add(store, factories.case()))
    empty = row_of(store, add(store, factories.case(scores=(factories.dice(None, "both outer walls are empty"),))))
    assert (alone.agreement, alone.agreement_reason) == (None, "fewer than two authors drew the outer wall")
    assert (empty.agreement, empty.agreement_reason) == (None, "both outer walls are empty")


def test_the_worklist_shows_the_gravest_flag_first(store: Store) -> None:
    flags = (factories.flag(1, text="small"), factories.flag(3, FlagReason.FRAGMENTS, "grave"), factories.flag(2))
    row = row_of(store, add(store, factories.case(flags=flags)))
    assert (row.first_flag, row.severity, row.flag_count) == ("grave", 3, 3)


def test_the_blobs_of_a_case_are_its_own(store: Store) -> None:
    one = add(store, factories.case(layers=(factories.layer("A"),), thumbnail=factories.image("thumb one")))
    other = add(store, factories.case(layers=(factories.layer("B"),)))
    with store.read() as session:
        mine, theirs = queries.blobs_of(session, one), queries.blobs_of(session, other)
        assert factories.image("thumb one").digest in mine
        assert not mine & theirs
        assert set(queries.all_blobs(session)) == mine | theirs
        assert queries.blobs_of(session, "PNOBODY-1") == frozenset()


def test_a_view_belongs_to_its_user_and_is_replaced_by_name(store: Store) -> None:
    with store.begin() as session:
        commands.save_view(session, "reader A", SavedView("mine", {"search": "gap"}))
        commands.save_view(session, "reader B", SavedView("mine", {"search": "other"}))
        commands.save_view(session, "reader A", SavedView("mine", {"search": "fragments"}))
    with store.read() as session:
        assert queries.views(session, "reader A") == (SavedView("mine", {"search": "fragments"}),)
    with store.begin() as session:
        commands.delete_view(session, "reader A", "mine")
        assert queries.views(session, "reader A") == ()
        assert len(queries.views(session, "reader B")) == 1
