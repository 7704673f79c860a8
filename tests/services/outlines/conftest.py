"""A store with a synthetic and a real case, and work on outlines by a model that is known."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest

from services import worker, workflow
from services.jobs import OUTLINE
from tests import known_follower

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

BOX = {"axis": 0, "index": 10, "box": [14, 18, 34, 38]}
CLICK = {"axis": 0, "index": 10, "click": [24, 28]}
WORKING = {OUTLINE: partial(worker.outline, follow=known_follower.follow)}
FAILING = {OUTLINE: partial(worker.outline, follow=known_follower.broken)}


@pytest.fixture
def home(two_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy for one test."""
    folder = shutil.copytree(two_cases, tmp_path / "home")
    monkeypatch.setenv("SECONDLOOK_HOME", str(folder))
    return folder


@pytest.fixture
def key(desk: Desk) -> str:
    """The case that is no synthetic one."""
    return next(row.key for row in workflow.cases(desk) if not row.synthetic)
