"""A store with one small case that a known model has outlined, measured once; tests copy it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from services import analysing, measuring, workflow
from services.imaging.progress import silent
from services.measurement.thresholds import shipped
from services.settings import Settings
from tests import known_model
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small case, and beside it the home of the store."""
    folder = tmp_path_factory.mktemp("measured")
    write_small_case(folder / "case")
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "case")
    (case,) = workflow.cases(desk)
    analysing.analyse(desk.store, case.key, known_model.CARD, known_model.predict, silent)
    measuring.measure(desk.store, case.key, shipped(), silent)
    desk.store.close()
    return folder


@pytest.fixture
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy for one test."""
    home = shutil.copytree(folder / "home", tmp_path / "home")
    monkeypatch.setenv("SECONDLOOK_HOME", str(home))
    return home


@pytest.fixture
def key(desk: Desk) -> str:
    return workflow.cases(desk)[0].key
