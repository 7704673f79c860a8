"""A store with small cases, and pages run against it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from services import workflow
from services.settings import Settings
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READER = "reader A"


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SECONDLOOK_HOME with two small cases. Never written to: tests that write copy it."""
    folder = tmp_path_factory.mktemp("small")
    for number in range(2):
        write_small_case(folder / "cases" / f"case{number}", offset=number)
    desk = workflow.open_home(Settings(home=folder / "home"))
    workflow.ingest(desk, folder / "cases")
    desk.store.close()
    return folder / "home"


@pytest.fixture
def home(stored: Path, tmp_path: Path) -> Path:
    """A copy of the store for one test."""
    return shutil.copytree(stored, tmp_path / "home")


@pytest.fixture
def desk(home: Path) -> workflow.Desk:
    return workflow.open_home(Settings(home=home))


@pytest.fixture
def run_view(home: Path) -> Callable[..., AppTest]:
    """`run_view("case", case="P7K3QX-1")` runs one page as a signed-in reader would see it."""

    def run(module: str, **query: str) -> AppTest:
        app = AppTest.from_function(_view, args=(module, str(home), READER), default_timeout=20)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return run


def _view(module: str, home: str, user: str) -> None:
    from importlib import import_module
    from pathlib import Path

    from dashboard import notices
    from dashboard.context import Context, desk
    from services.access import Access
    from services.settings import Settings

    context = Context(desk(Settings(home=Path(home))), user, Access(b"0" * 32))
    with notices.known_errors():
        import_module(f"dashboard.views.{module}").render(context)
