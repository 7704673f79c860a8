"""Clicks, clicks carried to the slices beside them, and what is kept: against a store, with a network that is known."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import select

from db import models
from db.vocabulary import AuditAction, AuthorKind, LabelSource
from services import storing, workflow
from services.correcting.answering import Answers
from services.correcting.relabelling import wall_on
from services.correcting.run_lengths import decoded, encoded
from services.corrections import Corrections
from services.errors import InputRefused, NotFound
from tests.known_clicks import BrightThings
from tests.small_case import CENTRE, SHAPE, write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from db.records import Layer
    from services.desk import Desk

PLANE = (SHAPE[1], SHAPE[2])
MIDDLE = 10
THROMBUS = (CENTRE[0] + 7, CENTRE[1])
"""Beside the lumen, where only a mask of lumen and thrombus reaches."""


@pytest.fixture
def lumen_only(desk: Desk, key: str) -> Layer:
    """The mask of model B, which leaves out the thrombus."""
    return next(layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == "B")


def wall(desk: Desk, layer: Layer, index: int = MIDDLE) -> NDArray[np.bool_]:
    return wall_on(storing.decoded(desk.store, layer), index, PLANE)


def request(desk: Desk, layer: Layer, *clicks: list[Any], index: int = MIDDLE, **said: Any) -> dict[str, Any]:
    mask = encoded(wall(desk, layer, index))
    usual = {"layer": str(layer.id), "index": index, "mask": mask, "clicks": list(clicks), "count": len(clicks)}
    return usual | said


def saving(layer: Layer, slices: dict[int, NDArray[np.bool_]], **said: Any) -> dict[str, Any]:
    kept = {str(k): encoded(mask) for k, mask in slices.items()}
    clicks = [[MIDDLE, *THROMBUS, True, 100]]
    return {"layer": str(layer.id), "slices": kept, "clicks": clicks, "seconds": 4.25} | said


def test_a_click_adds_what_was_missing_and_says_what_changed(
    corrections: Corrections, desk: Desk, key: str, lumen_only: Layer
) -> None:
    before = wall(desk, lumen_only)
    answer = corrections.click(key, request(desk, lumen_only, [*THROMBUS, True]))
    after = decoded(answer["mask"], PLANE)
    assert after[THROMBUS]
    assert not before[THROMBUS]
    assert (answer["changed"], answer["phase"]) == (int((before ^ after).sum()), "global")
    assert len(answer["untouched"]) == 64
    assert answer["milliseconds"] >= 0


def test_the_sixth_click_is_local_and_a_click_on_what_is_right_changes_nothing(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    answer = corrections.click(key, request(desk, base, [*CENTRE, True], count=6))
    assert (answer["changed"], answer["phase"]) == (0, "local")
    assert answer["mask"] == encoded(wall(desk, base))
    assert "already" in answer["note"]


def test_clicks_are_carried_to_the_slices_beside_them(
    corrections: Corrections, desk: Desk, key: str, lumen_only: Layer
) -> None:
    corrected = wall(desk, next(one for one in workflow.case_page(desk, key).layers if one.spec.author == "A"))
    asked = request(desk, lumen_only, [*THROMBUS, True], mask=encoded(corrected), first=MIDDLE - 2, last=MIDDLE + 1)
    answer = corrections.carry(key, asked)
    assert sorted(map(int, answer["slices"])) == [MIDDLE - 2, MIDDLE - 1, MIDDLE + 1]
    for one in answer["slices"].values():
        assert decoded(one["mask"], PLANE)[THROMBUS]
        assert one["changed"] > 0


def test_a_slice_that_the_session_has_changed_already_is_carried_to_as_it_stands(
    corrections: Corrections, desk: Desk, key: str, lumen_only: Layer
) -> None:
    corrected = wall(desk, next(one for one in workflow.case_page(desk, key).layers if one.spec.author == "A"))
    asked = request(desk, lumen_only, [*THROMBUS, True], mask=encoded(corrected), first=MIDDLE, last=MIDDLE + 1)
    assert corrections.carry(key, asked | {"slices": {str(MIDDLE + 1): encoded(corrected)}})["slices"] == {}


def test_a_correction_is_kept_as_a_label_map_of_its_reader_and_the_base_layer_stays(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    shrunk = wall(desk, base)
    shrunk[: CENTRE[0] - 3] = False
    before = workflow.case_page(desk, key).layers
    answer = corrections.save(key, "Dr Who", saving(base, {MIDDLE: shrunk}))
    assert (answer["version"], answer["author"]) == ("correction 1", "Dr Who")
    after = workflow.case_page(desk, key).layers
    assert [layer for layer in after if layer in before] == list(before)
    (kept,) = [layer for layer in after if layer not in before]
    assert answer["layer"] == str(kept.id)
    spec, decoded_layer = kept.spec, storing.decoded(desk.store, kept)
    assert (spec.author_kind, spec.source, spec.classes) == (AuthorKind.READER, LabelSource.EXPERT, base.spec.classes)
    assert (wall_on(decoded_layer, MIDDLE, PLANE) == shrunk).all()
    assert (wall_on(decoded_layer, MIDDLE + 1, PLANE) == wall(desk, base, MIDDLE + 1)).all()


def test_it_says_what_it_began_with_how_it_was_made_and_proves_the_rest(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    shrunk, whole = wall(desk, base), wall(desk, base)
    shrunk[: CENTRE[0] - 3] = False
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: shrunk}))
    kept = next(layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == "Dr Who")
    said = kept.spec.parameters
    removed = int((whole & ~shrunk).sum())
    assert (said["base"], said["base_sha256"], said["seconds"]) == ("A 1", base.spec.image.digest, 4.2)
    assert (said["click_count"], said["added_voxels"], said["removed_voxels"]) == (1, 0, removed)
    assert said["clicks"] == [[MIDDLE, *THROMBUS, True, 100]]
    assert said["model"] == {"model": "bright things@1", "engine": "NumPy"}
    labels = storing.decoded(desk.store, base).array
    k, j, i = base.spec.region.origin
    touched = np.zeros(labels.shape, dtype=bool)
    touched[MIDDLE - k] = (whole ^ shrunk)[j : j + labels.shape[1], i : i + labels.shape[2]]
    assert said["untouched_sha256"] == hashlib.sha256(labels[~touched].tobytes()).hexdigest()


def test_a_correction_that_was_kept_is_told_of_once(desk: Desk, key: str, base: Layer) -> None:
    told: list[tuple[str, str]] = []
    corrections = Corrections(Answers(desk.store, BrightThings), lambda *said: told.append(said))
    with pytest.raises(InputRefused):
        corrections.save(key, "Dr Who", {"layer": "none"})
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: wall(desk, base)}))
    assert told == [("Dr Who", key)]


def test_the_findings_are_about_it_and_the_audit_trail_says_who_made_it(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: wall(desk, base)}))
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: np.zeros(PLANE, dtype=bool)}))
    page = workflow.case_page(desk, key)
    assert {"A vs Dr Who correction 1", "A vs Dr Who correction 2"} <= {score.subject for score in page.scores}
    with desk.store.read() as session:
        events = session.scalars(select(models.AuditEvent).where(models.AuditEvent.action == AuditAction.CORRECTED))
        said = [(event.actor, event.details["version"]) for event in events]
    assert said == [("Dr Who", "correction 1"), ("Dr Who", "correction 2")]


def test_a_correction_of_a_correction_begins_with_it(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: np.zeros(PLANE, dtype=bool)}))
    mine = next(layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == "Dr Who")
    corrections.save(key, "Dr No", saving(mine, {MIDDLE + 1: np.zeros(PLANE, dtype=bool)}))
    kept = next(layer for layer in workflow.case_page(desk, key).layers if layer.spec.author == "Dr No")
    assert (kept.spec.author_version, kept.spec.parameters["base"]) == ("correction 1", "Dr Who correction 1")
    assert not wall(desk, kept, MIDDLE).any()
    assert not wall(desk, kept, MIDDLE + 1).any()


def test_a_correction_of_a_synthetic_case_is_synthetic(corrections: Corrections, desk: Desk) -> None:
    key = next(row.key for row in workflow.cases(desk) if row.synthetic)
    layer = next(one for one in workflow.case_page(desk, key).layers if one.spec.author == "B")
    corrections.save(key, "Dr Who", saving(layer, {MIDDLE: np.zeros(PLANE, dtype=bool)}))
    kept = next(one for one in workflow.case_page(desk, key).layers if one.spec.author == "Dr Who")
    assert kept.spec.source is LabelSource.SYNTHETIC


def test_what_came_in_meanwhile_is_there_too(
    corrections: Corrections, desk: Desk, key: str, base: Layer, tmp_path: Path
) -> None:
    corrections.prepare(key, {"layer": base.id, "index": MIDDLE})
    folder = write_small_case(tmp_path / "again", offset=1, synthetic=False)
    (folder / "models" / "A@1.nii.gz").rename(folder / "models" / "C@1.nii.gz")
    workflow.ingest(desk, folder)
    corrections.save(key, "Dr Who", saving(base, {MIDDLE: np.zeros(PLANE, dtype=bool)}))
    pairs = {score.subject for score in workflow.case_page(desk, key).scores}
    assert "C vs Dr Who" in pairs


def test_a_layer_of_another_case_or_of_no_aorta_is_refused(
    corrections: Corrections, desk: Desk, key: str, base: Layer
) -> None:
    other = next(row.key for row in workflow.cases(desk) if row.key != key)
    soft = next(layer for layer in workflow.case_page(desk, key).layers if not layer.spec.classes)
    with pytest.raises(NotFound, match="of its case"):
        corrections.click(other, request(desk, base, [*CENTRE, True]))
    with pytest.raises(InputRefused, match="outlines the aorta"):
        corrections.click(key, request(desk, base, [*CENTRE, True]) | {"layer": soft.id})
    with pytest.raises(NotFound, match="in this store"):
        corrections.click("P0000000000-1", request(desk, base, [*CENTRE, True]))


@pytest.mark.parametrize(
    "said",
    [
        {"layer": "one"}, {"layer": True}, {"index": SHAPE[0]}, {"index": -1}, {"index": 3.5}, {"mask": [7]},
        {"clicks": []}, {"clicks": [[1, 2]]}, {"clicks": [[-1, 2, True]]}, {"clicks": [[1, SHAPE[2], True]]},
        {"clicks": [[1, 2, "yes"]]}, {"clicks": [[1, 2, True]] * 1001}, {"clicks": [[float("nan"), 2, True]]},
        {"count": None}, {"count": 2**60}, {"mask": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_click_that_no_page_would_send_is_refused(
    corrections: Corrections, desk: Desk, key: str, base: Layer, said: dict[str, Any]
) -> None:
    with pytest.raises(InputRefused):
        corrections.click(key, request(desk, base, [*CENTRE, True]) | said)


@pytest.mark.parametrize(
    "said",
    [{"first": MIDDLE + 1}, {"last": MIDDLE - 1}, {"last": SHAPE[0]}, {"first": None}, {"slices": {"x": [1]}}],
    ids=str,
)
def test_a_range_that_does_not_fit_is_refused(
    corrections: Corrections, desk: Desk, key: str, base: Layer, said: dict[str, Any]
) -> None:
    asked = request(desk, base, [*CENTRE, True], first=MIDDLE, last=MIDDLE)
    with pytest.raises(InputRefused):
        corrections.carry(key, asked | said)


@pytest.mark.parametrize(
    "said",
    [
        {"slices": {}}, {"slices": {"99": [1]}}, {"slices": [[1]]}, {"clicks": []}, {"clicks": [[1, 2, 3, True]]},
        {"seconds": -1}, {"seconds": None}, {"seconds": float("inf")}, {"clicks": [[0, 1, 2, True, -1]]},
    ],
    ids=str,
)  # fmt: skip
def test_a_correction_that_does_not_fit_is_refused_and_nothing_is_kept(
    corrections: Corrections, desk: Desk, key: str, base: Layer, said: dict[str, Any]
) -> None:
    before = workflow.case_page(desk, key)
    with pytest.raises(InputRefused):
        corrections.save(key, "Dr Who", saving(base, {MIDDLE: wall(desk, base)}) | said)
    assert workflow.case_page(desk, key) == before


def test_a_lost_image_is_refused_with_what_to_do(corrections: Corrections, desk: Desk, key: str, base: Layer) -> None:
    asked = request(desk, base, [*CENTRE, True])
    desk.store.blobs.delete(workflow.case_page(desk, key).series.image.digest)
    with pytest.raises(InputRefused, match="secondlook check"):
        corrections.click(key, asked)


def test_something_else_is_refused(corrections: Corrections, key: str) -> None:
    with pytest.raises(InputRefused, match="our pages send"):
        corrections.assistant.ask({"do": "paint", "case": key})
