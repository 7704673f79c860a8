"""The doubt of a stored case is brought up to date with its measures, and only where anything is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from db import commands, doubts, models
from db.vocabulary import AuditAction, LayerKind, Outcome
from services import analysing, doubting, measuring, workflow
from services.imaging.progress import silent
from services.measurement.thresholds import shipped
from services.segmentation import installed
from services.settings import Settings
from services.uncertainty import distance, on_case, region
from services.uncertainty.figure_names import DISTANCE, ERROR, MODEL, READERS, REASON, Figure, name_of
from services.uncertainty.names import Measure
from tests import factories, known_model
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from db.records import Json, NewScore
    from services.desk import Desk

LN_2 = float(np.log(2))


def again(desk: Desk, key: str) -> Outcome:
    return doubting.bring_up_to_date(desk.store, key, silent)


def stored(desk: Desk, key: str) -> tuple[Json, dict[str, NewScore]]:
    with desk.store.read() as session:
        found = doubts.of_case(session, key)
    assert found is not None
    return found[0], {row.name: row for row in found[1]}


def test_a_measured_case_has_its_doubt(desk: Desk, key: str) -> None:
    """The two members disagree about every grey voxel: ln 2 nats there, and nothing elsewhere."""
    said, rows = stored(desk, key)
    assert (said[MODEL], list(said[READERS])) == ("tube finder", ["reader one", "reader two"])  # type: ignore[call-overload]
    mean, high = (rows[name_of(Measure.MUTUAL, figure)] for figure in (Figure.MEAN, Figure.HIGH))
    page = workflow.case_page(desk, key)
    (layer,) = (layer for layer in page.layers if layer.spec.name == Measure.MUTUAL)
    values, _ = desk.store.blobs.get(layer.spec.image.digest)
    (mask,) = (one for one in page.layers if one.spec.author == "tube finder" and one.spec.kind is LayerKind.LABELS)
    wall = np.pad(desk.store.blobs.get(mask.spec.image.digest)[0] > 0, 8)
    voxels = int(region.region_of_evaluation(wall, wall, page.series.spacing_mm)[8:-8].sum())
    assert mean.value == pytest.approx(values.sum(dtype=float) * layer.spec.slope / voxels, rel=1e-6)
    assert high.value == pytest.approx(LN_2, abs=1e-3)
    assert rows[name_of(Measure.EXPECTED, Figure.MEAN)].value == 0


def test_against_the_readers_majority_it_is_said_what_the_maps_are_worth(desk: Desk, key: str) -> None:
    rows = stored(desk, key)[1]
    assert 0 < (rows[ERROR].value or 0) < 0.2
    assert rows[ERROR].parameters["readers"] == 2
    assert (rows[name_of(Measure.MUTUAL, Figure.NCC)].value or 0) > 0
    assert rows[name_of(Measure.EXPECTED, Figure.NCC)].reason == "the map is the same everywhere"


def test_what_the_model_learnt_from_is_known_of_shipped_models_alone(
    desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stored(desk, key)[1][DISTANCE].reason == doubting.NOT_OURS
    monkeypatch.setattr(installed, "shipped", lambda folder: known_model.CARD if folder == installed.AORTA else None)
    monkeypatch.setattr(distance, "VERSION", "another")
    assert again(desk, key) is Outcome.EXTENDED
    found = stored(desk, key)[1][DISTANCE]
    assert (found.value or 0) > 0
    assert (found.method, found.parameters["scans"]) == (distance.METHOD, distance.shipped().scans)


def test_the_second_time_nothing_is_new(desk: Desk, key: str) -> None:
    before = stored(desk, key)
    assert again(desk, key) is Outcome.UNCHANGED
    assert measuring.measure(desk.store, key, shipped(), silent) is Outcome.UNCHANGED
    assert stored(desk, key) == before


def test_a_further_reader_makes_the_figures_new_and_measuring_says_so(desk: Desk, key: str, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "readers" / "reader three.nii.gz").write_bytes((folder / "readers" / "reader one.nii.gz").read_bytes())
    workflow.ingest(desk, folder)
    assert measuring.measure(desk.store, key, shipped(), silent) is Outcome.EXTENDED
    assert stored(desk, key)[1][ERROR].parameters["readers"] == 3


def test_another_model_is_the_one_in_doubt_from_then_on(desk: Desk, key: str) -> None:
    analysing.analyse(desk.store, key, known_model.OTHER_WEIGHTS, known_model.predict, silent)
    assert again(desk, key) is Outcome.EXTENDED
    assert stored(desk, key)[0]["model_version"] == "1 run 2"


def test_why_a_map_is_missing_is_what_the_models_run_says(desk: Desk, key: str) -> None:
    rows = stored(desk, key)[1]
    with desk.store.read() as session:
        run = session.scalars(select(models.Run).where(models.Run.kind == "prediction")).all()[-1]
    said = run.parameters["missing"][Measure.ALEATORIC]
    assert said
    assert rows[name_of(Measure.ALEATORIC, Figure.MEAN)].reason == said


def test_an_imported_ensemble_says_what_is_missing_beside_the_map_that_it_has(desk: Desk, key: str) -> None:
    """Its layers came in with a case: no run of ours has its reasons."""
    layers = [replace(layer, run_id=None) for layer in workflow.case_page(desk, key).layers]
    sources = on_case.sources_of([layer for layer in layers if layer.spec.author == "tube finder"])
    assert sources is not None
    said = doubting.missing_of([], sources)
    assert said[Measure.ALEATORIC].startswith("aleatoric needs")
    assert said[Measure.TOTAL].startswith("total needs")
    assert doubting.missing_of([], None) == {}


def test_a_case_without_a_model_says_so_and_is_not_looked_at_again(desk: Desk) -> None:
    with desk.store.begin() as session:
        bare = commands.add_case(session, factories.case("P0", layers=()))
    assert again(desk, bare) is Outcome.EXTENDED
    said, rows = stored(desk, bare)
    assert (said[MODEL], said[REASON], rows) == ("", doubting.NO_MODEL, {})
    assert again(desk, bare) is Outcome.UNCHANGED


def test_it_is_in_the_audit_trail(desk: Desk, key: str) -> None:
    event = models.AuditEvent
    of_doubt = (event.action == AuditAction.MEASURED, event.actor == doubting.DOUBTING)
    with desk.store.read() as session:
        (found,) = session.scalars(select(event).where(*of_doubt))
    assert found.details["figures of doubt"] == len(stored(desk, key)[1])


def test_a_backup_brings_the_figures_back_and_who_is_forgotten_leaves_none(
    desk: Desk, key: str, tmp_path: Path
) -> None:
    before = stored(desk, key)
    workflow.backup(desk, tmp_path / "copy")
    other = workflow.open_home(Settings(home=tmp_path / "other"))
    workflow.restore(other, tmp_path / "copy")
    assert stored(other, key) == before
    workflow.forget(other, key)
    with other.store.read() as session:
        assert session.scalars(select(models.Score)).all() == []
    other.store.close()
