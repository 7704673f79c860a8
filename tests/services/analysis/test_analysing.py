"""A stored case goes through the pipeline and back: once for a model, weights and method, and beside what was there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from db import models, predictions, upkeep
from db.vocabulary import AuditAction, Outcome
from services import analysing, workflow
from services.errors import InputRefused, NotFound
from services.imaging.progress import silent
from tests import known_model
from tests.known_model import CARD, OTHER_WEIGHTS
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from db.records import CasePage
    from services.desk import Desk
    from services.segmentation.card import ModelCard

LAYERS = 8


@pytest.fixture
def key(keys: list[str]) -> str:
    return keys[0]


def analyse(desk: Desk, key: str, card: ModelCard = CARD) -> Outcome:
    return analysing.analyse(desk.store, key, card, known_model.predict, silent)


def page(desk: Desk, key: str) -> CasePage:
    return workflow.case_page(desk, key)


def test_layers_are_added_beside_the_others_and_stay_as_they_were_found(desk: Desk, key: str) -> None:
    before = page(desk, key).layers
    assert analyse(desk, key) is Outcome.EXTENDED
    after = page(desk, key).layers
    ours = [layer for layer in after if layer.spec.author == "tube finder"]
    assert (len(ours), [layer for layer in after if layer not in ours]) == (LAYERS, list(before))
    mutual = next(layer.spec for layer in ours if layer.spec.name == "mutual information")
    stored, _ = desk.store.blobs.get(mutual.image.digest)
    assert float(stored.max()) * mutual.slope == pytest.approx(np.log(2), abs=3e-4)


def test_what_a_model_says_about_a_synthetic_scan_is_synthetic(desk: Desk, keys: list[str]) -> None:
    for case, source in ((keys[0], "synthetic"), (keys[-1], "software")):
        analyse(desk, case)
        assert {one.spec.source for one in page(desk, case).layers if one.spec.author == "tube finder"} == {source}


def test_the_findings_are_about_the_new_mask_too(desk: Desk, key: str) -> None:
    analyse(desk, key)
    found = page(desk, key)
    volumes = {(score.subject, score.name): score.value for score in found.scores}
    assert volumes["tube finder", "volume_lumen"] == volumes["A", "volume_lumen"]
    curves = {profile.name for profile in found.profiles if profile.subject == "tube finder"}
    assert curves >= {"outer wall area", "epistemic", "predictive entropy", "expected entropy", "mutual information"}


def test_the_same_model_again_changes_nothing(desk: Desk, key: str) -> None:
    analyse(desk, key)
    once = page(desk, key)
    assert analyse(desk, key) is Outcome.UNCHANGED
    assert page(desk, key) == once


@pytest.mark.parametrize(
    ("card", "version"), [(replace(CARD, version="2"), "2"), (OTHER_WEIGHTS, "1 run 2")], ids=["version", "weights"]
)
def test_another_version_or_other_weights_make_another_run(desk: Desk, key: str, card: ModelCard, version: str) -> None:
    analyse(desk, key)
    once = page(desk, key).layers
    assert analyse(desk, key, card) is Outcome.EXTENDED
    assert [layer for layer in page(desk, key).layers if layer in once] == list(once)
    with desk.store.read() as session:
        runs = [run for run in predictions.runs_of(session, key) if run.model == "tube finder"]
    assert [run.version for run in runs] == ["1", version]
    assert runs[0].parameters["weights"] != runs[1].parameters["weights"] or card.version == "2"


def test_the_run_keeps_how_it_was_made_and_the_audit_trail_that_it_was(desk: Desk, key: str) -> None:
    analyse(desk, key)
    with desk.store.read() as session:
        run = predictions.runs_of(session, key)[-1]
        events = session.scalars(select(models.AuditEvent).where(models.AuditEvent.action == AuditAction.ANALYSED))
        details = [event.details for event in events]
        assert upkeep.names_of(session, key) >= {layer.spec.image.digest for layer in page(desk, key).layers}
    assert run.parameters["method"] == "deep ensemble"
    assert run.parameters["seeds"] == "1, 2"
    assert details == [{"model": "tube finder@1", "layers": LAYERS}]


def test_an_analysis_that_an_ingest_overtakes_is_about_what_came_in_too(desk: Desk, key: str, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "again")
    (folder / "models" / "A@1.nii.gz").rename(folder / "models" / "C@1.nii.gz")

    def slow(*said: object, **more: object) -> object:
        workflow.ingest(desk, folder)
        return known_model.predict(*said, **more)  # type: ignore[arg-type]

    analysing.analyse(desk.store, key, CARD, slow, silent)  # type: ignore[arg-type]
    pairs = {score.subject for score in page(desk, key).scores if score.name == "dice_outer_wall"}
    assert any("C" in pair and "tube finder" in pair for pair in pairs)


def test_a_case_that_is_gone_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="in this store"):
        analyse(desk, "P0000000000-1")


def test_a_lost_image_is_refused_with_what_to_do(desk: Desk, key: str) -> None:
    desk.store.blobs.delete(page(desk, key).series.image.digest)
    with pytest.raises(InputRefused, match="secondlook check"):
        analyse(desk, key)
