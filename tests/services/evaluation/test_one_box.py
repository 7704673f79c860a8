"""What is measured about one box: the starts, the jitter, one run, and what becomes of the figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.cli_evaluate_one_box import turns_of
from services.errors import InputRefused
from services.evaluation import one_box, one_box_lines, one_box_results, one_box_windows
from services.evaluation.one_box import FOLLOWED, PLAIN, InFolder, Remembering, Run, Scene, box_of_run, measure, runs_of
from services.segmentation.promptable.embeddings import View
from services.segmentation.promptable.prompts import Box, Prompt
from tests.services.segmentation.promptable import tubes

if TYPE_CHECKING:
    from pathlib import Path

VESSEL = tubes.straight()
SCENE = Scene("real CTA", tubes.scan(VESSEL), tubes.AFFINE, VESSEL, (10, 30))


def test_the_plain_ways_start_from_the_unmoved_box_of_some_starts() -> None:
    runs = list(runs_of(SCENE, 5, (FOLLOWED, PLAIN[0])))
    assert len(runs) == 2 * 5 + 1
    assert len({run.key for run in runs}) == len(runs)


def test_a_box_is_moved_by_at_most_a_tenth_and_the_same_each_time() -> None:
    still = np.array(box_of_run(SCENE, Run("", FOLLOWED, 10, 0)))
    moved = np.array([box_of_run(SCENE, Run("", FOLLOWED, 10, number)) for number in range(1, 5)])
    assert np.abs(moved - still).max() <= 1.7
    assert len(np.unique(moved, axis=0)) == 4
    assert box_of_run(SCENE, Run("", FOLLOWED, 10, 2)) == Box(*moved[1])


@pytest.mark.parametrize("arm", [FOLLOWED, PLAIN[0]])
def test_a_run_on_a_vessel_that_is_easy_reaches_all_of_it(arm: str) -> None:
    outcome = measure(SCENE, Run(SCENE.name, arm, 10, 0), Remembering(tubes.SureOfItself()), None)
    assert outcome.dice > 0.95
    assert outcome.low == 0
    assert outcome.asked >= tubes.COUNT
    assert bool(outcome.stops) == (arm == FOLLOWED)


def test_a_question_is_asked_once() -> None:
    model = Remembering(tubes.SureOfItself())
    embedding = model.embed(np.full((3, 64, 64), 0.9, np.float32))
    first, again = (model.answer(embedding, Prompt(box=Box(5, 5, 20, 20))) for _ in range(2))
    assert np.array_equal(first.logits, again.logits)
    assert (model.asked, model.new) == (2, 1)


def test_embeddings_wait_in_a_folder_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    kept, view = InFolder(tmp_path, "a"), View("m", "w", 0, 3, "whole")
    assert kept.get(view) is None
    kept.put(view, np.ones((2, 3, 3), np.float16))
    found = kept.get(view)
    assert found is not None
    assert found.shape == (2, 3, 3)
    assert InFolder(tmp_path, "b").get(view) is None
    next(tmp_path.glob("*.npy")).write_bytes(b"damaged")
    assert kept.get(view) is None


def test_lines_are_kept_and_a_line_that_was_cut_off_is_measured_again(tmp_path: Path) -> None:
    outcome = one_box.Outcome(Run("real CTA", FOLLOWED, 10, 0), 0.9, 0.1, 200, 3.0, 200, ("the scan ends",))
    path = tmp_path / "kept.jsonl"
    one_box_lines.append(path, outcome)
    path.write_text(path.read_text() + '{"run": {"sc')
    assert one_box_lines.kept(path) == {outcome.run.key: outcome}


def test_the_table_has_a_line_for_each_way(tmp_path: Path) -> None:
    kept, model = tmp_path / "kept.jsonl", tubes.SureOfItself()
    scene = SCENE._replace(starts=(10,))
    one_box_results.measure_scene(scene, model, tmp_path, kept, (1, 2), lambda *_: None)
    assert len(one_box_lines.kept(kept)) == 4, "every second of eight runs"
    one_box_results.measure_scene(scene, model, tmp_path, kept, (2, 2), lambda *_: None)
    windows = one_box_windows.table(scene, model)
    document = one_box_results.document(one_box_lines.kept(kept).values(), windows, model, "secondlook evaluate")
    published = json.loads(json.dumps(document, allow_nan=False))
    assert [row["way"] for row in published["rows"]] == [FOLLOWED, *PLAIN]
    assert published["rows"][0]["starts"] == 5
    assert one_box_results.table(published)[2].startswith("| real CTA | followed | 5 | 1.00 | 1.00 | 0% |")
    assert [row["windows"] for row in windows][-2:] == ["three as channels", "mean logit of three"]
    assert one_box_results.windows_table(published)[2].startswith("| soft tissue | 3 | ")


@pytest.mark.parametrize("turn", ["3/2", "0/2", "a/b", "1"])
def test_a_turn_says_which_of_how_many(turn: str) -> None:
    with pytest.raises(InputRefused):
        turns_of(turn)


def test_one_process_takes_every_turn() -> None:
    assert turns_of("") == (1, 1)
    assert turns_of("2/2") == (2, 2)
