"""What every test may use: programs, real data, a home folder of its own.

A test that needs a program or the real data asks through `require_program`, `chromium` or `real_data`, which skip it
with a reason. With SECONDLOOK_STRICT=1 a skipped test fails, so that a missing program never hides a test.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from db.store import Store, open_store
from services import workflow
from services.settings import Settings
from tests.servers import KINDS, Databases, S3Server

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser

    from services.desk import Desk

settings.register_profile("long", max_examples=2000, print_blob=True)
settings.register_profile("steady", deadline=None, derandomize=True)
if os.environ.get("SECONDLOOK_STRICT") == "1":
    settings.load_profile("steady")  # the same examples in every run of CI, however busy its machine is
ROOT = Path(__file__).parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def strict() -> bool:
    """Whether a skipped test fails the run."""
    return os.environ.get("SECONDLOOK_STRICT") == "1"


def require_program(*names: str) -> str:
    """Path of the first of these programs that is installed; skips the test where none is."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"needs the program {' or '.join(names)}")
    return found


def chromium() -> str:
    """Path of a Chromium: the machine's own, or the one that `playwright install chromium` brought."""
    if any(map(shutil.which, CHROMIUM_NAMES)):
        return require_program(*CHROMIUM_NAMES)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not Path(path).exists():
        pytest.skip("needs a Chromium: `make test` installs one")
    return path


def real_data(*parts: str) -> Path:
    """A file or folder of SECONDLOOK_REAL_DATA (by default ../shared/data); skips the test where it is absent."""
    folder = Path(os.environ.get("SECONDLOOK_REAL_DATA") or ROOT.parent / "shared" / "data").joinpath(*parts)
    if not folder.exists():
        pytest.skip(f"needs {'/'.join(parts) or 'a folder'} in SECONDLOOK_REAL_DATA")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under SECONDLOOK_STRICT=1 a skip is a failure, except for the tests that need a GPU."""
    report = yield
    if strict() and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("gpu") is None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"SECONDLOOK_STRICT=1 allows no skipped test. {reason}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_test_touches_the_users_own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
            if name not in {"SECONDLOOK_STRICT", "SECONDLOOK_REAL_DATA"}:
                patch.delenv(name)
        patch.setenv("SECONDLOOK_ANALYSE", "false")  # an upload is a test of uploads, not of networks
        patch.setenv("SECONDLOOK_MEASURE", "false")  # nor of measuring, which takes seconds for every case
        patch.setenv("SECONDLOOK_HOME", str(tmp_path_factory.mktemp("home-of-no-test") / "home"))
        yield


@pytest.fixture(autouse=True)
def _the_program_stays_the_same() -> Iterator[None]:
    """Streamlit's AppTest leaves its own script as `__main__`, and a process spawned later would run that again."""
    program = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = program


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty SECONDLOOK_HOME of this test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SECONDLOOK_HOME", str(folder))
    return folder


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    """An empty installation of this test's own."""
    desk = workflow.open_home(Settings(home=home))
    yield desk
    desk.store.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, one for all tests: two of Playwright's in one process do not go together."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """New databases of either kind."""
    return Databases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, a process of its own."""
    with S3Server(tmp_path_factory.mktemp("s3") / "log") as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty place on S3; the environment holds the keys to it."""
    for name, value in s3.keys.items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3.new_bucket()}/prefix"


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """The URL of a database without any table: the test runs once on SQLite and once on PostgreSQL."""
    url = databases.new(request.param, with_tables=False)
    yield url
    databases.drop(url)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """The URL of a database at the newest migration, without any row; once on SQLite and once on PostgreSQL."""
    url = databases.new(request.param)
    yield url
    databases.drop(url)


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store of a test's own, on either database."""
    store = open_store(database, str(tmp_path / "blobs"))
    yield store
    store.close()


@pytest.fixture
def either_desk(home: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An empty installation on either database."""
    monkeypatch.setenv("SECONDLOOK_DATABASE_URL", database)
    desk = workflow.open_home(Settings(home=home, database_url=database))
    yield desk
    desk.store.close()
