"""Two ingests of the same images at the same moment: one stores them, the other finds them stored."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from services import workflow
from tests.processes import at_once
from tests.small_case import SHAPE, write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

INGEST = """
import json
from pathlib import Path
from services import intake, storing, workflow
from services.settings import Settings
desk = workflow.open_home(Settings())
wait()
items = [item for folder in sys.argv[1:] for item in workflow.ingest(desk, Path(folder)).items]
print(json.dumps([(str(item.outcome), item.layers_added, item.found) for item in items]))
"""


def test_the_same_cases_twice_at_once_are_stored_once(either_desk: Desk, tmp_path: Path) -> None:
    folders = [str(write_small_case(tmp_path / f"case{number}", offset=number)) for number in range(4)]
    told = [json.loads(out) for out in at_once(INGEST, [folders, folders], tmp_path)]
    by_case = [sorted(outcome for outcome, _, _ in case) for case in zip(*told, strict=True)]
    assert by_case == [["new", "unchanged"]] * 4
    assert len(workflow.cases(either_desk)) == 4
    assert workflow.check(either_desk) == []


def test_layers_that_two_processes_add_at_once_are_all_there(either_desk: Desk, tmp_path: Path) -> None:
    whole = write_small_case(tmp_path / "whole")
    parts = [tmp_path / "models", tmp_path / "readers"]
    for part, without in zip(parts, ("readers", "models"), strict=True):
        shutil.copytree(whole, part)
        shutil.rmtree(part / without)
    at_once(INGEST, [[str(part)] for part in parts], tmp_path)
    (row,) = workflow.cases(either_desk)
    page = workflow.case_page(either_desk, row.key)
    assert sorted(layer.spec.author for layer in page.layers) == ["A", "A", "B", "reader one", "reader two"]
    workflow.ingest(either_desk, whole)
    assert workflow.case_page(either_desk, row.key).flags == page.flags
    problems = workflow.check(either_desk)
    assert {problem.severity for problem in problems} <= {"note"}, "the first picture of the case belongs to nobody now"


SAVE = """
import json
from services import workflow
from services.settings import Settings
from services.correcting.answering import Answers
from tests.known_clicks import BrightThings
answers = Answers(workflow.open_home(Settings()).store, BrightThings)
wait()
print(answers.ask(json.loads(sys.argv[1]))["version"])
"""


def test_two_corrections_that_one_reader_saves_at_once_are_both_kept(either_desk: Desk, tmp_path: Path) -> None:
    (case,) = workflow.ingest(either_desk, write_small_case(tmp_path / "case")).cases
    layer = next(one for one in workflow.case_page(either_desk, case.key).layers if one.spec.classes)
    nothing = {"slices": {"10": [SHAPE[1] * SHAPE[2]]}, "clicks": [[10, 1, 1, False, 9]], "seconds": 1}
    request = {"do": "save", "case": case.key, "actor": "Dr Who", "layer": layer.id} | nothing
    told = at_once(SAVE, [[json.dumps(request)]] * 2, tmp_path)
    assert sorted(told) == ["correction 1\n", "correction 2\n"]
    assert {problem.severity for problem in workflow.check(either_desk)} <= {"note"}
