"""The command line in this process, a case to give to it, and a home with two cases."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from services import cli, workflow
from services.settings import Settings
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`run("cases", "--json")` gives exit code, stdout and stderr of `secondlook cases --json`."""

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["secondlook", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return command


@pytest.fixture(scope="session")
def two_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that tests copy."""
    folder = tmp_path_factory.mktemp("two")
    for number in range(2):
        write_small_case(folder / "cases" / str(number), offset=number, synthetic=number == 0)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    desk.store.close()
    return folder / "home"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_small_case(tmp_path / "Meier^Anna 1948" / "case01", synthetic=False)
