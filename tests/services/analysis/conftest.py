"""A store with three small cases, the last of them no synthetic one, and a model that is known."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from services import workflow
from services.settings import Settings
from tests import known_model
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from services.segmentation.card import ModelCard

CASES = 3


@pytest.fixture(scope="session")
def three_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that tests copy."""
    folder = tmp_path_factory.mktemp("three")
    for number in range(CASES):
        write_small_case(folder / "cases" / str(number), offset=number, synthetic=number < CASES - 1)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    desk.store.close()
    return folder / "home"


@pytest.fixture
def home(three_cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy for one test."""
    folder = shutil.copytree(three_cases, tmp_path / "home")
    monkeypatch.setenv("SECONDLOOK_HOME", str(folder))
    return folder


@pytest.fixture
def keys(desk: Desk) -> list[str]:
    return [case.key for case in workflow.cases(desk)]


@pytest.fixture
def card(home: Path) -> ModelCard:
    """The known model, added to the store."""
    return known_model.add(home)
