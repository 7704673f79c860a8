"""What was measured: every measuring is a run, the newest is shown, and what readers took by hand stays beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import commands, findings, measurements, models, queries
from db.measurement_records import Headline
from db.records import NewProfile, WorklistQuery
from db.rows import NOT_MEASURED
from db.vocabulary import FlagReason
from tests import factories

if TYPE_CHECKING:
    from db.records import CasePage, NewFlag
    from db.store import Store

WIDE = Headline(56.5, 53.0, 59.5, 0.24)
NONE = Headline(None, None, None, None, "the mask is empty", "there is no diameter")


def page_of(store: Store, key: str) -> CasePage:
    with store.read() as session:
        page = queries.case_page(session, key)
    assert page is not None
    return page


def add(store: Store, patient: str = "P7K3QX", day: date | None = None) -> str:
    with store.begin() as session:
        series = replace(factories.series(), study_date=day)
        return commands.add_case(session, factories.case(patient, series=series))


def measure(store: Store, key: str, headline: Headline = WIDE, value: float | None = 56.5) -> None:
    whole = factories.measured(
        value,
        lower=53.0,
        upper=59.5,
        points=((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
        samples=(55.0, 56.0),
        parameters={"level": 0.95},
        seed=2**40,
        reason="" if value else "the mask is empty",
    )
    with store.begin() as session:
        measurements.set_measurements(session, key, [whole], headline, {"version": "1"})


def test_a_measurement_comes_back_as_it_was_stored(store: Store) -> None:
    key = add(store)
    measure(store, key)
    (found,) = page_of(store, key).measurements
    assert found.spec.points == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert (found.spec.value, found.spec.lower, found.spec.upper) == (56.5, 53.0, 59.5)
    assert (found.spec.samples, found.spec.seed, found.spec.reader) == ((55.0, 56.0), 2**40, "")
    assert found.spec.parameters == {"level": 0.95}
    assert page_of(store, key).row.headline == WIDE


def test_measuring_again_adds_a_run_and_the_newest_is_shown(store: Store) -> None:
    key = add(store)
    measure(store, key)
    measure(store, key, NONE, None)
    (found,) = page_of(store, key).measurements
    assert (found.spec.value, found.spec.reason) == (None, "the mask is empty")
    assert page_of(store, key).row.headline == NONE
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Measurement)) == 2


def test_what_a_reader_took_stays_beside_every_measuring(store: Store) -> None:
    key = add(store)
    by_hand = factories.measured(55.0, subject="Dr. A", reader="Dr. A", parameters={"plane": [[0, 0, 0], [0, 0, 1]]})
    with store.begin() as session:
        measurements.add_by_hand(session, key, by_hand)
    measure(store, key)
    automatic, own = page_of(store, key).measurements
    assert (automatic.spec.reader, own.spec) == ("", by_hand)
    assert own.run_id is None


def test_a_case_that_nobody_measured_says_so(store: Store) -> None:
    key = add(store)
    assert page_of(store, key).row.headline == Headline(None, None, None, None, NOT_MEASURED, NOT_MEASURED)


@pytest.mark.parametrize("sort", ["diameter", "flip"])
def test_the_worklist_sorts_by_diameter_and_by_how_likely_another_decision_is(store: Store, sort: str) -> None:
    keys = [add(store, patient) for patient in ("P1", "P2", "P3")]
    measure(store, keys[1])
    measure(store, keys[2], Headline(40.0, 38.0, 42.0, 0.01), 40.0)
    found: list[str] = []
    after = ""
    for _ in keys:
        with store.read() as session:
            page = queries.worklist(session, WorklistQuery(sort=sort, limit=1, after=after))
        found += [row.key for row in page.rows]
        after = page.next
    assert found == [keys[1], keys[2], keys[0]]


def test_the_scans_of_a_patient_come_in_the_order_of_their_dates(store: Store) -> None:
    later, first, undated = (add(store, "P1", day) for day in (date(2020, 5, 1), date(2019, 1, 2), None))
    add(store, "P2", date(2018, 1, 1))
    measure(store, first)
    with store.read() as session:
        scans = measurements.scans_of_patient(session, later)
    assert [(scan.key, scan.study_date) for scan in scans] == [
        (first, date(2019, 1, 2)),
        (later, date(2020, 5, 1)),
        (undated, None),
    ]
    assert [len(scan.measurements) for scan in scans] == [1, 0, 0]


def doubt(severity: int = 3, text: str = "54.0 mm: in doubt.") -> NewFlag:
    return factories.flag(severity, FlagReason.DECISION, text)


def test_what_measuring_flags_stands_beside_what_the_masks_say(store: Store) -> None:
    with store.begin() as session:
        key = commands.add_case(session, factories.case(flags=(factories.flag(2),)))
        along = NewProfile("diameter", "A", "mm", (None, 54.0), "m", "1")
        measurements.set_measurements(session, key, [], WIDE, {}, flags=[doubt()], profiles=[along])
    page = page_of(store, key)
    assert [flag.reason for flag in page.flags] == [FlagReason.DECISION, FlagReason.GAP]
    assert (page.row.flag_count, page.row.severity, page.row.first_flag) == (2, 3, "54.0 mm: in doubt.")
    assert along in page.profiles
    with store.read() as session:
        reasons = [
            len(queries.worklist(session, WorklistQuery(flag_reason=reason)).rows)
            for reason in (FlagReason.DECISION, FlagReason.GAP, FlagReason.GROWTH)
        ]
    assert reasons == [1, 1, 0]


def test_new_findings_about_the_masks_leave_what_measuring_flagged(store: Store) -> None:
    with store.begin() as session:
        key = commands.add_case(session, factories.case(flags=(factories.flag(2),)))
        measurements.set_measurements(session, key, [], WIDE, {}, flags=[doubt()])
        commands.add_layers(
            session, key, [factories.layer("B")],
            scores=(), flags=(), profiles=(), region=None, crop=None, thumbnail=None,
        )  # fmt: skip
    assert [flag.reason for flag in page_of(store, key).flags] == [FlagReason.DECISION]


def test_measuring_again_and_new_growth_take_the_place_of_their_earlier_flags(store: Store) -> None:
    key = add(store)
    with store.begin() as session:
        measurements.set_measurements(session, key, [], WIDE, {}, flags=[doubt()])
        measurements.set_growth(session, key, [factories.flag(2, FlagReason.GROWTH, "Grows.")], {"version": "1"})
        measurements.set_measurements(session, key, [], WIDE, {})
    row = page_of(store, key).row
    assert (row.flag_count, row.first_flag) == (1, "Grows.")
    with store.begin() as session:
        measurements.set_growth(session, key, [], {"version": "2"})
        assert measurements.said_of(session, key, findings.GROWTH) == {"version": "2"}
    assert page_of(store, key).row.flag_count == 0


def test_the_surface_is_read_alone(store: Store) -> None:
    key = add(store)
    mesh = factories.measured(None, "surface", points=((1.0, 2.0, 3.0),), parameters={"faces": []}, reason="a mesh")
    with store.begin() as session:
        assert measurements.surface_of_case(session, key) is None
        assert measurements.said_of(session, key) is None
        measurements.set_measurements(session, key, [mesh, factories.measured(56.5)], WIDE, {"layers": ["a"]})
    assert [one.spec.name for one in page_of(store, key).measurements] == ["largest diameter, orthogonal"]
    with store.read() as session:
        found = measurements.surface_of_case(session, key)
        assert measurements.said_of(session, key) == {"layers": ["a"]}
    assert found is not None
    assert found.spec == mesh


def test_measuring_a_case_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(KeyError), store.begin() as session:
        measurements.set_measurements(session, "P0-1", [], NONE, {})
