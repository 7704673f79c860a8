"""Outlines in the background: one box or one click becomes a new prediction; watched, cancelled, tried again."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select

from db import models, predictions
from db.vocabulary import AuditAction, JobState, LabelSource, LayerKind
from services import outlines, outlining, storing, worker, workflow
from services.errors import NotFound
from services.jobs import ANALYSIS, INGEST, OUTLINE
from services.running import Position
from tests import known_follower, known_model
from tests.services.outlines.conftest import BOX, CLICK, WORKING
from tests.small_case import write_small_case
from tests.uploads import queue as queue_upload

if TYPE_CHECKING:
    from pathlib import Path

    from db.job_records import Job
    from db.records import Layer
    from services.desk import Desk

AUTHOR = "tube follower one box"


def work(desk: Desk, kinds: worker.Kinds = WORKING) -> None:
    worker.work(desk, threading.Event(), kinds)


def job_of(desk: Desk, key: str) -> Job:
    job = desk.outlines.of_case(key)
    assert job is not None
    return job


def layers_of(desk: Desk, key: str, author: str = AUTHOR) -> list[Layer]:
    return [layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == author]


def test_one_box_becomes_a_new_prediction_beside_the_others(desk: Desk, key: str) -> None:
    before = workflow.case_page(desk, key).layers
    desk.outlines.queue("Dr Who", key, BOX, seed=3)
    work(desk)
    after = workflow.case_page(desk, key).layers
    ours = layers_of(desk, key)
    assert [layer for layer in after if layer not in ours] == list(before)
    assert [(layer.spec.kind, layer.spec.name) for layer in ours] == [
        (LayerKind.LABELS, "segmentation"),
        (LayerKind.PROBABILITY, "outer wall"),
        (LayerKind.TOTAL, "predictive entropy"),
        (LayerKind.ALEATORIC, "expected entropy"),
        (LayerKind.EPISTEMIC, "mutual information"),
    ]
    mask = storing.decoded(desk.store, ours[0])
    other = next(storing.decoded(desk.store, layer) for layer in before if layer.spec.author == "A")
    assert (mask.array == other.array).all()
    assert {layer.spec.maximum for layer in ours[2:]} == {np.log(2)}


def test_every_layer_and_its_run_say_prompt_seed_model_and_why_it_ended(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX, seed=3)
    work(desk)
    for layer in layers_of(desk, key):
        said = layer.spec.parameters
        assert (said["prompt"], said["box"], layer.spec.seed) == ("one box on axial slice 11", BOX["box"], 3)
        assert said["stopped"] == [
            "upwards to slice 20: the scan ends",
            "downwards to slice 1: the scan ends",
        ]
        assert (layer.spec.method, layer.spec.author_version) == ("follow the bright", "1")
    with desk.store.read() as session:
        run = predictions.runs_of(session, key)[-1]
    assert (run.model, run.version, run.seed) == (AUTHOR, "1", 3)
    assert (run.parameters["model"], run.parameters["seed"]) == ("tube follower@1", 3)


def test_the_job_says_why_it_ended_and_who_asked_stands_in_the_audit_trail(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX)
    assert outlines.stopped_of(job_of(desk, key)) == ()
    work(desk)
    job = job_of(desk, key)
    assert (job.state, len(outlines.stopped_of(job))) == (JobState.DONE, 2)
    with desk.store.read() as session:
        events = session.scalars(select(models.AuditEvent).where(models.AuditEvent.action == AuditAction.ANALYSED))
        said = [(event.actor, event.details) for event in events]
    assert said == [("Dr Who", {"model": f"{AUTHOR}@1", "layers": 5})]


def test_a_second_outline_and_one_from_a_click_stand_beside_the_first(desk: Desk, key: str) -> None:
    for start in (BOX, BOX | {"index": 4}, CLICK):
        desk.outlines.queue("Dr Who", key, start)
        work(desk)
    assert {layer.spec.author_version for layer in layers_of(desk, key)} == {"1", "1 run 2"}
    assert {layer.spec.author_version for layer in layers_of(desk, key, "tube follower one click")} == {"1"}


def test_an_outline_of_a_synthetic_case_is_synthetic(desk: Desk) -> None:
    for row in workflow.cases(desk):
        desk.outlines.queue("Dr Who", row.key, BOX)
    work(desk)
    for row in workflow.cases(desk):
        sources = {layer.spec.source for layer in layers_of(desk, row.key)}
        assert sources == {LabelSource.SYNTHETIC if row.synthetic else LabelSource.SOFTWARE}


def test_the_findings_are_about_it_too(desk: Desk, key: str) -> None:
    desk.outlines.queue("Dr Who", key, BOX)
    work(desk)
    page = workflow.case_page(desk, key)
    dices = {score.subject: score.value for score in page.scores if score.name == "dice_outer_wall"}
    assert dices[f"A vs {AUTHOR}"] == 1.0
    assert "predictive entropy" in {profile.name for profile in page.profiles if profile.subject == AUTHOR}


def test_it_goes_before_intakes_and_analyses_that_wait_longer(desk: Desk, key: str, home: Path, tmp_path: Path) -> None:
    desk.analyses.queue(known_model.add(home), "reader A", [key])
    queue_upload(desk, write_small_case(tmp_path / "upload", offset=9))
    desk.outlines.queue("Dr Who", key, BOX)
    claimed = [desk.jobs.claim("one", tuple(worker.KINDS)) for _ in range(3)]
    assert [job and job.kind for job in claimed] == [OUTLINE, INGEST, ANALYSIS]


def test_how_far_it_is_is_said_in_words() -> None:
    position = Position()
    position.tell("slice 88 of 164, upwards", 80, 164)
    assert (position.doing, position.percent) == ("slice 88 of 164, upwards", 43)


def test_the_mask_so_far_can_be_fetched_while_it_runs_and_is_gone_afterwards(desk: Desk, key: str) -> None:
    seen: list[str] = []

    def watched(*said: Any, partial: outlining.KeepPartial, **more: Any) -> known_follower.Followed:
        def kept(region: Any, mask: Any) -> None:
            partial(region, mask)
            digest, place = outlines.partial_of(job_of(desk, key)) or ("", region)
            assert workflow.stored_image(desk, key, digest).digest == digest
            array, _ = desk.store.blobs.get(digest)
            assert (array == mask).all()
            assert place == region
            with pytest.raises(NotFound):
                workflow.stored_image(desk, key, seen[-1] if seen else "0" * 64)
            seen.append(digest)

        return known_follower.follow(*said, partial=kept, **more)

    desk.outlines.queue("Dr Who", key, BOX)
    work(desk, {OUTLINE: partial(worker.outline, follow=watched)})
    assert len(set(seen)) == 20
    assert outlines.partial_of(job_of(desk, key)) is None
    assert job_of(desk, key).state is JobState.DONE
    assert [digest for digest in seen if digest in desk.store.blobs] in ([], seen[-1:])
    assert workflow.check(desk) == [] or {one.severity for one in workflow.check(desk)} == {"note"}
