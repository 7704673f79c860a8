"""A stored case is measured: whose outlines, with which doubt, and what is not measured a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select

from db import commands, measurements, models
from db.measurement_records import NewMeasurement, Shown
from db.vocabulary import AuditAction, FlagReason, LayerKind, Outcome
from services import measuring, workflow
from services.errors import NotFound
from services.imaging.progress import silent
from services.measurement.interval import Method
from services.measurement.records import CENTRELINE, MOVES_MOST, PROFILE
from services.measurement.thresholds import Diameters, shipped
from services.segmentation.member_walls import FULL, MemberWalls
from services.settings import Settings
from tests import factories
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from db.records import CasePage
    from services.desk import Desk
    from services.measurement.thresholds import Thresholds

MODEL = "tube finder 1"
EVERYBODY = {MODEL, "A 1", "B 2", "reader one", "reader two"}
TUBE_MM = 27.0
"""The tube's radius is 9 pixels of 1.5 mm."""


def at(mm: float) -> Thresholds:
    """The shipped thresholds with another diameter."""
    return shipped().model_copy(update={"diameter_mm": Diameters(men=mm, women=mm)})


def rows(page: CasePage, name: str) -> dict[str, NewMeasurement]:
    return {one.spec.subject: one.spec for one in page.measurements if one.spec.name == name}


def row(page: CasePage, name: str) -> NewMeasurement:
    return rows(page, name)[MODEL]


def interval(page: CasePage, method: Method) -> NewMeasurement:
    return row(page, f"{Shown.DIAMETER}, {method}")


def again(desk: Desk, key: str, limits: Thresholds | None = None, **more: Any) -> tuple[Outcome, CasePage]:
    outcome = measuring.measure(desk.store, key, limits or shipped(), silent, **more)
    return outcome, workflow.case_page(desk, key)


def test_every_authors_outline_is_measured(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    diameters = rows(page, Shown.DIAMETER)
    assert set(diameters) == set(rows(page, CENTRELINE)) == EVERYBODY
    whole = [diameters[who].value for who in EVERYBODY - {"B 2"}]
    assert whole == pytest.approx([TUBE_MM] * 4, abs=1.0)
    assert diameters["B 2"].value == pytest.approx(15.0, abs=1.0)
    assert {profile.subject for profile in page.profiles if profile.name == PROFILE} == EVERYBODY


def test_the_worklist_shows_the_newest_model_with_its_own_doubt(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    diameter, flip, shapes = row(page, Shown.DIAMETER), row(page, Shown.FLIP), interval(page, Method.SHAPES)
    shown = page.row.headline
    assert (shown.diameter_mm, shown.lower_mm, shown.upper_mm) == (diameter.value, shapes.lower, shapes.upper)
    assert diameter.parameters["interval"] == Method.SHAPES
    assert (shown.flip, flip.parameters["threshold_mm"], flip.parameters["side"]) == (flip.value, 50.0, "below")
    assert flip.parameters["threshold_set"] == "ESVS 2024"
    assert len(shapes.samples) == flip.parameters["samples"]
    others = [one for who, one in rows(page, Shown.DIAMETER).items() if who != MODEL]
    assert all(one.lower is None for one in others)


def test_an_interval_that_is_undefined_says_why(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    members = interval(page, Method.MEMBERS)
    assert (members.lower, members.upper) == (None, None)
    assert "members" in members.reason
    assert interval(page, Method.READERS).samples == pytest.approx((TUBE_MM, TUBE_MM), abs=1.0)


def test_what_moves_the_diameter_is_a_layer_of_the_model_with_its_place(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    (layer,) = (layer for layer in page.layers if layer.spec.kind is LayerKind.INFLUENCE)
    assert (layer.spec.author, layer.spec.name, layer.spec.unit) == ("tube finder", MOVES_MOST, "mm")
    assert layer.run_id in {other.run_id for other in page.layers if other is not layer}
    moves = row(page, MOVES_MOST)
    assert layer.spec.maximum == pytest.approx(moves.value)
    inverse = np.linalg.inv(np.array(page.series.affine))
    _, j, i = inverse[:3, :3] @ moves.points[0] + inverse[:3, 3]
    assert np.hypot(j - 24, i - 28) * 1.5 == pytest.approx(TUBE_MM / 2, abs=1.5)


def test_the_surface_is_stored_beside(desk: Desk, key: str) -> None:
    with desk.store.read() as session:
        found = measurements.surface_of_case(session, key)
    assert found is not None
    assert found.spec.subject == MODEL
    assert len(found.spec.points) > 100


def test_the_second_time_nothing_is_new(desk: Desk, key: str) -> None:
    before = workflow.case_page(desk, key)
    assert again(desk, key) == (Outcome.UNCHANGED, before)


def test_other_thresholds_change_the_decision_and_nothing_is_measured_anew(desk: Desk, key: str) -> None:
    before = workflow.case_page(desk, key)
    outcome, page = again(desk, key, at(26.0))
    assert outcome is Outcome.EXTENDED
    assert row(page, Shown.FLIP).parameters["side"] == "above"
    others = [one.spec for one in page.measurements if one.spec.name != Shown.FLIP]
    assert others == [one.spec for one in before.measurements if one.spec.name != Shown.FLIP]
    assert page.layers == before.layers
    with desk.store.read() as session:
        assert measurements.surface_of_case(session, key) is not None


def test_a_decision_in_doubt_is_a_flag_with_its_place(desk: Desk, key: str) -> None:
    shown = workflow.case_page(desk, key).row.headline
    assert shown.lower_mm is not None
    assert shown.upper_mm is not None
    _, page = again(desk, key, at((shown.lower_mm + shown.upper_mm) / 2))
    (flag,) = (flag for flag in page.flags if flag.reason is FlagReason.DECISION)
    assert f"{shown.diameter_mm:.1f} mm ({shown.lower_mm:.1f} to {shown.upper_mm:.1f}): " in flag.text
    assert "% that the true diameter lies" in flag.text
    assert flag.place is not None
    assert flag.slices is not None
    assert flag.slices[0] <= flag.place[0] <= flag.slices[1]
    assert flag.place[1:] == pytest.approx((24, 28), abs=2)
    assert page.row.flag_count == len(page.flags)
    _, page = again(desk, key)
    assert [flag for flag in page.flags if flag.reason is FlagReason.DECISION] == []


def test_a_further_reader_is_measured_and_what_was_measured_is_taken_over(desk: Desk, key: str, tmp_path: Path) -> None:
    before = rows(workflow.case_page(desk, key), Shown.DIAMETER)
    folder = write_small_case(tmp_path / "case")
    (folder / "readers" / "reader three.nii.gz").write_bytes((folder / "readers" / "reader one.nii.gz").read_bytes())
    workflow.ingest(desk, folder)
    outcome, page = again(desk, key)
    assert outcome is Outcome.EXTENDED
    assert set(rows(page, Shown.DIAMETER)) == EVERYBODY | {"reader three"}
    assert rows(page, Shown.DIAMETER)["A 1"] == before["A 1"]
    assert len(interval(page, Method.READERS).samples) == 3


def test_members_that_were_at_hand_once_are_not_forgotten(desk: Desk, key: str) -> None:
    """The walls of two members: tubes whose radii are 8 and 9 pixels."""
    page = workflow.case_page(desk, key)
    _, rows_, columns = np.indices(page.series.shape)
    distance = np.hypot(rows_ - 24, columns - 28)
    steps = np.stack([(distance < radius) * FULL for radius in (8, 9)]).astype(np.uint8)
    walls = MemberWalls(steps, np.array(page.series.affine))
    assert again(desk, key, members=measuring.Members("another model", walls))[0] is Outcome.UNCHANGED
    outcome, page = again(desk, key, members=measuring.Members("tube finder", walls))
    assert outcome is Outcome.EXTENDED
    found = interval(page, Method.MEMBERS)
    assert found.samples == pytest.approx((24.0, 27.0), abs=1.2)
    assert again(desk, key)[0] is Outcome.UNCHANGED
    _, page = again(desk, key, at(40.0))
    assert interval(page, Method.MEMBERS) == found


def test_a_case_without_any_outline_says_so(desk: Desk) -> None:
    with desk.store.begin() as session:
        bare = commands.add_case(session, factories.case("P0", layers=()))
    outcome, page = again(desk, bare)
    assert (outcome, page.measurements) == (Outcome.EXTENDED, ())
    assert page.row.headline.reason == page.row.headline.flip_reason == measuring.NOBODY
    assert again(desk, bare)[0] is Outcome.UNCHANGED


def test_measuring_is_in_the_audit_trail(desk: Desk, key: str) -> None:
    event = models.AuditEvent
    with desk.store.read() as session:
        events = session.scalars(select(event).where(event.action == AuditAction.MEASURED)).all()
    (found,) = (one for one in events if one.actor == measuring.MEASURING)
    assert found.details["outlines"] == 5
    assert found.details["measurements"] > 5


def test_a_case_that_is_gone_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        again(desk, "P0000000000-1")


def test_a_backup_brings_everything_back_and_a_check_finds_nothing_wrong(desk: Desk, key: str, tmp_path: Path) -> None:
    again(desk, key, at(27.0))
    before = workflow.case_page(desk, key)
    workflow.backup(desk, tmp_path / "copy")
    other = workflow.open_home(Settings(home=tmp_path / "other"))
    workflow.restore(other, tmp_path / "copy")
    after = workflow.case_page(other, key)
    assert (after.measurements, after.flags, after.profiles, after.row) == (
        before.measurements,
        before.flags,
        before.profiles,
        before.row,
    )
    assert [problem for problem in workflow.check(other) if problem.severity != "note"] == []
    workflow.forget(other, key)
    with other.store.read() as session:
        assert session.scalars(select(models.Measurement)).all() == []
    other.store.close()
