"""What a stored case's model gets wrong is brought up to date with its measures, and only where anything is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select

from db import case_values, commands, error_pieces, models
from db.failure_records import Basis, CaseError, CaseTrait
from db.findings import ERRORS
from db.measurement_records import Shown
from db.vocabulary import AuditAction, AuthorKind, LabelSource, LayerKind, Outcome
from services import erring, workflow
from services.failure.references import NO_MODEL, NO_REFERENCE, TRUTH, reference_of
from services.imaging.progress import silent
from services.measurement.drawn import drawn_of
from tests import factories
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from db.failure_records import ListedPiece
    from services.desk import Desk


def again(desk: Desk, key: str) -> Outcome:
    return erring.bring_up_to_date(desk.store, key, silent)


def values(desk: Desk, key: str) -> dict[str, float]:
    with desk.store.read() as session:
        return case_values.of_case(session, key)


def listed(desk: Desk, key: str) -> tuple[ListedPiece, ...]:
    with desk.store.read() as session:
        return error_pieces.of_case(session, key)


def scores(desk: Desk, key: str) -> dict[str, models.Score]:
    run, case = models.Run, models.Case
    wanted = select(run.id).join(case, case.id == run.case_id).where(case.key == key, run.kind == ERRORS)
    with desk.store.read() as session:
        newest = session.scalars(wanted.order_by(run.id.desc())).first()
        return {row.name: row for row in session.scalars(select(models.Score).where(models.Score.run_id == newest))}


def test_a_measured_case_has_its_errors_by_the_majority_of_its_readers(desk: Desk, key: str) -> None:
    found = scores(desk, key)[CaseError.DICE]
    assert found.parameters["basis"] == Basis.CONSENSUS
    assert found.parameters["reference"] == "majority of 2 readers"
    assert 0.8 < (found.value or 0) < 1.0
    assert values(desk, key)[CaseError.DICE] == found.value


def test_the_layer_of_errors_holds_what_only_one_of_both_has(desk: Desk, key: str) -> None:
    page = workflow.case_page(desk, key)
    (layer,) = (one for one in page.layers if one.spec.kind is LayerKind.ERROR)
    voxels, _ = desk.store.blobs.get(layer.spec.image.digest)
    ml = float(np.prod(page.series.spacing_mm)) / 1000
    wrong = [np.count_nonzero(voxels == value) * ml for value in (1, 2)]
    assert layer.spec.classes == {1: "false positive", 2: "false negative"}
    of_wall = [one.spec for one in listed(desk, key) if one.spec.structure == "outer wall"]
    stray = scores(desk, key)[CaseError.LARGEST_PIECE].parameters["stray_ml"]
    assert sum(wrong) == pytest.approx(sum(piece.volume_ml for piece in of_wall) + stray, abs=1e-3)


def test_the_models_outline_says_what_kind_of_case_it_is(desk: Desk, key: str) -> None:
    assert 0 <= values(desk, key)[CaseTrait.THROMBUS] <= 1
    assert values(desk, key)[CaseTrait.DENSITY] > 50


def test_the_same_outlines_are_not_compared_again(desk: Desk, key: str) -> None:
    assert again(desk, key) is Outcome.UNCHANGED


def test_another_diameter_of_a_reader_is_something_new_and_earlier_layers_are_shown_no_more(
    desk: Desk, key: str
) -> None:
    """One reader's is made 20 mm larger, so their median is 10 mm off."""
    before = values(desk, key)[CaseError.DIAMETER]
    named = (models.Measurement.name == Shown.DIAMETER, models.Measurement.subject == "reader one")
    with desk.store.begin() as session:
        row = session.scalars(select(models.Measurement).where(*named)).one()
        row.value = (row.value or 0) + 20
    assert again(desk, key) is Outcome.EXTENDED
    assert values(desk, key)[CaseError.DIAMETER] == pytest.approx(10 + before)
    assert scores(desk, key)[CaseError.DIAMETER].parameters["of"] == "median of 2 readers"
    page = workflow.case_page(desk, key)
    assert len([one for one in page.layers if one.spec.kind is LayerKind.ERROR]) == 1


def test_it_is_audited_without_a_name(desk: Desk, key: str) -> None:
    event = models.AuditEvent
    with desk.store.read() as session:
        wanted = select(event).where(event.action == AuditAction.MEASURED, event.actor == erring.ERRING)
        (found,) = session.scalars(wanted)
    assert found.details["basis"] == Basis.CONSENSUS


def test_a_case_without_reference_or_model_says_so(desk: Desk, tmp_path: Path) -> None:
    with desk.store.begin() as session:
        bare = commands.add_case(session, factories.case("P1"))
    assert again(desk, bare) is Outcome.UNCHANGED
    assert {score.reason for score in scores(desk, bare).values()} == {NO_MODEL}
    folder = write_small_case(tmp_path / "other", offset=3)
    for drawing in (folder / "readers").iterdir():
        drawing.unlink()
    alone = workflow.ingest(desk, folder).cases[0].key
    again(desk, alone)
    assert scores(desk, alone)[CaseError.DICE].reason == NO_REFERENCE
    assert set(values(desk, alone)) <= set(CaseTrait)


def test_the_best_reference_is_exact_labels_then_readers_then_another_program(desk: Desk, key: str) -> None:
    layers = list(workflow.case_page(desk, key).layers)
    model = next(one for one in drawn_of(layers) if one.kind is AuthorKind.MODEL)
    drawing = next(one for one in layers if one.spec.author_kind is AuthorKind.READER and one.spec.kind == "labels")
    named: dict[Basis, dict[str, Any]] = {
        Basis.TRUTH: {"author": TRUTH, "source": LabelSource.SYNTHETIC},
        Basis.EXPERT: {"author": "reader one"},
        Basis.SOFTWARE: {"author": "other program", "source": LabelSource.SOFTWARE},
    }
    made = {basis: replace(drawing, spec=replace(drawing.spec, **said)) for basis, said in named.items()}
    own = [layer for layer in layers if layer.spec.author_kind is AuthorKind.MODEL]
    assert reference_of(own, model) is None
    for basis in (Basis.SOFTWARE, Basis.EXPERT, Basis.TRUTH):
        own.append(made[basis])
        found = reference_of(own, model)
        assert found is not None
        assert found.basis is basis
