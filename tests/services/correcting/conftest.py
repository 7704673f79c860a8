"""A store with a synthetic and a real case, and a network that is known."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from services import workflow
from services.correcting.answering import Answers
from services.corrections import Corrections
from tests.known_clicks import BrightThings

if TYPE_CHECKING:
    from pathlib import Path

    from db.records import Layer
    from services.desk import Desk


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


@pytest.fixture
def corrections(desk: Desk) -> Corrections:
    """Answered in this process, by a network that is known."""
    return Corrections(Answers(desk.store, BrightThings))


@pytest.fixture
def base(desk: Desk, key: str) -> Layer:
    """The mask of model A, lumen and thrombus."""
    layers = workflow.case_page(desk, key).layers
    return next(layer for layer in layers if layer.spec.author == "A" and layer.spec.classes)
