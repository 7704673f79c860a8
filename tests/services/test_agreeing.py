"""A stored case's readers are compared: what is stored, when anew, and who counts as a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import func, select

from db import measurements, models
from db.findings import AGREEMENT
from db.records import Region
from db.vocabulary import AuditAction, AuthorKind, LabelSource, LayerKind, Outcome
from services import agreeing, measuring, runs, storing, workflow
from services.errors import NotFound
from services.imaging.progress import silent
from services.measurement.thresholds import shipped
from services.prepared import PreparedLayer
from tests.small_case import SHAPE, write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from db.records import CasePage
    from services.desk import Desk

MADE = {LayerKind.SOFT_LABEL: 3, LayerKind.CONSENSUS: 3, LayerKind.DISAGREEMENT: 2}


@pytest.fixture
def key(desk: Desk, tmp_path: Path) -> str:
    """Two readers and two models on one small case."""
    workflow.ingest(desk, write_small_case(tmp_path / "case"))
    return workflow.cases(desk)[0].key


def made(page: CasePage) -> dict[LayerKind, int]:
    kinds = [layer.spec.kind for layer in page.layers]
    return {kind: kinds.count(kind) for kind in MADE}


def comparisons(desk: Desk) -> int:
    with desk.store.read() as session:
        return session.scalar(select(func.count()).where(models.Run.kind == AGREEMENT)) or 0


def add_drawing(desk: Desk, key: str, author: str, **said: object) -> None:
    """A box of lumen and thrombus on the middle slices."""
    page = runs.case_of(desk.store, key)
    array = np.full((4, 8, 8), 2, np.uint8)
    array[:, 2:6, 2:6] = 1
    usual: dict[str, object] = {
        "kind": LayerKind.LABELS,
        "name": "segmentation",
        "author_kind": AuthorKind.READER,
        "author_version": "",
    }
    usual |= {"source": LabelSource.EXPERT, "unit": "label", "minimum": 0.0, "maximum": 2.0}
    usual |= {"region": Region((8, 20, 24), (4, 8, 8)), "classes": {1: "lumen", 2: "thrombus"}}
    layer = PreparedLayer(author=author, array=array, affine=np.eye(4), **usual | said)  # type: ignore[arg-type]
    storing.extend(desk.store, key, runs.image_of(desk.store, page), page.layers, [layer])


def test_layers_scores_and_curves_of_a_comparison_are_stored_and_audited(desk: Desk, key: str) -> None:
    assert agreeing.agree(desk.store, key, silent) is Outcome.EXTENDED
    page = workflow.case_page(desk, key)
    assert made(page) == MADE
    assert {profile.subject for profile in page.profiles if profile.name == "disagreement"} >= {"readers", "A 1", "B 2"}
    with desk.store.read() as session:
        said = measurements.said_of(session, key, AGREEMENT)
        event = models.AuditEvent
        (found,) = session.scalars(select(event).where(event.action == AuditAction.READERS_COMPARED))
    assert said is not None
    assert (said["method"], list(said["readers"])) == ("agreement of readers", ["reader one", "reader two"])  # type: ignore[call-overload]
    assert (found.actor, found.details["readers"], found.details["models"]) == (agreeing.COMPARING, 2, 2)


def test_the_same_outlines_are_not_compared_twice(desk: Desk, key: str) -> None:
    agreeing.agree(desk.store, key, silent)
    before = workflow.case_page(desk, key)
    assert agreeing.agree(desk.store, key, silent) is Outcome.UNCHANGED
    assert (workflow.case_page(desk, key), comparisons(desk)) == (before, 1)


def test_a_third_reader_makes_a_new_comparison_whose_layers_take_the_place_of_the_old(desk: Desk, key: str) -> None:
    agreeing.agree(desk.store, key, silent)
    add_drawing(desk, key, "reader three")
    assert agreeing.agree(desk.store, key, silent) is Outcome.EXTENDED
    page = workflow.case_page(desk, key)
    assert (made(page), comparisons(desk)) == (MADE, 2)
    soft = [layer.spec for layer in page.layers if layer.spec.kind is LayerKind.SOFT_LABEL]
    assert {spec.parameters["readers"] for spec in soft} == {3}
    assert page.readers == {"reader one": 1, "reader two": 2, "reader three": 3}


def test_what_is_compared_is_no_drawing_and_leaves_findings_and_measures_alone(desk: Desk, key: str) -> None:
    before = workflow.case_page(desk, key)
    agreeing.agree(desk.store, key, silent)
    add_drawing(desk, key, "reader one", author_version="second")
    after = workflow.case_page(desk, key)
    authors = {score.subject for score in after.scores if score.name == "volume_outer_wall"}
    assert authors == {"A", "B", "reader one", "reader one second", "reader two"}
    assert after.region == before.region
    measuring.measure(desk.store, key, shipped(), silent)
    subjects = {one.spec.subject for one in workflow.case_page(desk, key).measurements}
    assert not any("consensus" in subject or "readers" in subject for subject in subjects)


def test_measuring_a_case_compares_its_readers(desk: Desk, key: str) -> None:
    measuring.measure(desk.store, key, shipped(), silent)
    assert made(workflow.case_page(desk, key)) == MADE
    assert measuring.measure(desk.store, key, shipped(), silent) is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("author", "said"),
    [
        ("STAPLE", {"source": LabelSource.CONSENSUS}),
        ("atlas", {"source": LabelSource.SOFTWARE}),
        ("Dr. Own", {"author_version": "correction 1", "parameters": {"base_sha256": "of another image"}}),
    ],
)
def test_a_consensus_a_program_and_a_correction_of_others_are_no_further_reader(
    desk: Desk, key: str, author: str, said: dict[str, object]
) -> None:
    agreeing.agree(desk.store, key, silent)
    add_drawing(desk, key, author, **said)
    assert agreeing.agree(desk.store, key, silent) is Outcome.UNCHANGED


def test_a_corrected_drawing_of_ones_own_takes_the_place_of_the_first(desk: Desk, key: str) -> None:
    agreeing.agree(desk.store, key, silent)
    first = next(one.spec for one in workflow.case_page(desk, key).layers if one.spec.author == "reader one")
    said = {"author_version": "correction 1", "parameters": {"base_sha256": first.image.digest}}
    add_drawing(desk, key, "reader one", **said)
    assert agreeing.agree(desk.store, key, silent) is Outcome.EXTENDED
    page = workflow.case_page(desk, key)
    (wall,) = (
        one.spec for one in page.layers if one.spec.kind is LayerKind.SOFT_LABEL and one.spec.name == "outer wall"
    )
    assert (wall.parameters["readers"], wall.region.shape[0]) == (2, SHAPE[0])


def test_with_one_reader_there_is_nothing_to_compare_which_is_noted_once(desk: Desk, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    (folder / "readers" / "reader two.nii.gz").unlink()
    workflow.ingest(desk, folder)
    key = workflow.cases(desk)[0].key
    for _ in range(2):
        assert agreeing.agree(desk.store, key, silent) is Outcome.UNCHANGED
    assert (made(workflow.case_page(desk, key)), comparisons(desk)) == (dict.fromkeys(MADE, 0), 1)


def test_a_case_that_is_gone_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        agreeing.agree(desk.store, "P0000000000-1", silent)
