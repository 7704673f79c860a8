"""Nothing that outlines and corrections keep, log or answer names the folder of a case or quotes an error's words."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from services import workflow
from services.assistant_process import answered
from services.correcting.answering import Answers
from services.settings import Settings
from tests.known_clicks import BrightThings
from tests.services.outlines.conftest import BOX, FAILING, WORKING
from tests.services.outlines.test_outlines import job_of, work
from tests.small_case import SHAPE
from tests.traces import kept_in, traces

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NAME = "Meier^Anna"


def broken(_: Any) -> dict[str, Any]:
    raise RuntimeError(NAME)


def test_no_name_is_kept_or_said(tmp_path: Path, case: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk = workflow.open_home(Settings(home=tmp_path / "kept"))
    (item,) = workflow.ingest(desk, case).cases
    for kinds in (FAILING, WORKING):
        desk.outlines.queue("Dr Who", item.key, BOX)
        work(desk, kinds)
    assert desk.jobs.state(job_of(desk, item.key)) == "done"
    layer = next(one for one in workflow.case_page(desk, item.key).layers if one.spec.classes)
    clicks = {"layer": layer.id, "index": 9, "mask": [SHAPE[1] * SHAPE[2]], "clicks": [[24, 28, True]], "count": 1}
    kept = {"slices": {"9": clicks["mask"]}, "clicks": [[9, 1, 1, False, 9]], "seconds": 1, "actor": "Dr Who"}
    ask = Answers(desk.store, BrightThings).ask
    requests = (clicks | {"do": "click"}, clicks | kept | {"do": "save"}, clicks | {"do": "click", "mask": NAME})
    lines = [json.dumps(request | {"case": item.key}).encode() for request in requests]
    said = [json.dumps(answered(ask, line)) for line in lines] + [json.dumps(answered(broken, lines[0]))]
    assert [("error" in one) for one in said] == [False, False, True, True]
    desk.store.close()
    assert traces(f"{said} {caplog.text}".encode(), [NAME]) == []
    assert [where for where, content in kept_in(tmp_path / "kept") if traces(content, [NAME])] == []
