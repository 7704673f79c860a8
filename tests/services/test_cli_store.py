"""The commands about the store as a person and as a program meet them."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.running import ROOT

if TYPE_CHECKING:
    from tests.services.conftest import Run


@pytest.fixture
def key(run: Run, case: Path) -> str:
    return str(json.loads(run("ingest", case, "--json")[1])["items"][0]["key"])


def test_collecting_says_what_it_removed(run: Run, key: str, home: Path) -> None:
    run("forget", key, "--yes")
    code, out, _ = run("gc", "--json")
    nothing = dict.fromkeys(("images", "size", "drafts", "folders", "embeddings"), 0)
    assert (code, json.loads(out)) == (0, nothing | {"dry_run": False})
    assert "Would remove 0 images (0.0 MB)" in run("gc", "--dry-run")[1]


def test_forgetting_needs_a_yes_where_nobody_can_be_asked(
    run: Run,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        code, _, error = run("forget", key)
    assert code == 2
    assert "--yes" in error
    assert len(json.loads(run("cases", "--json")[1])) == 1


@pytest.mark.parametrize(("answer", "code", "left"), [(b"n\n", 2, 1), (b"y\n", 0, 0)])
def test_forgetting_asks_on_the_terminal(run: Run, key: str, home: Path, answer: bytes, code: int, left: int) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    command = [sys.executable, "-c", "from services.cli import main; main()", "forget", key]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SECONDLOOK_HOME": str(home)}
    outcome = subprocess.run(command, stdin=theirs, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == code, outcome.stderr
    assert len(json.loads(run("cases", "--json")[1])) == left


def test_forgetting_says_what_is_gone_and_what_is_left(run: Run, key: str) -> None:
    code, out, _ = run("forget", key, "--yes", "--json")
    gone = json.loads(out)
    assert (code, gone["cases"], gone["layers"], gone["overwritten"]) == (0, 1, 5, True)
    assert len(gone["trace"]) == 64
    code, _, error = run("forget", key, "--yes")
    assert code == 2
    assert "forgotten on" in error


def test_a_backup_is_made_and_restored_by_two_commands(
    run: Run,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, out, _ = run("backup", tmp_path / "backup", "--json")
    assert (code, json.loads(out)["unsound"]) == (0, [])
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "elsewhere"))
    assert "Restored" in run("restore", tmp_path / "backup")[1]
    assert [row["key"] for row in json.loads(run("cases", "--json")[1])] == [key]
    assert run("check")[0] == 0
    assert run("restore", tmp_path / "backup")[0] == 2


def test_a_folder_that_is_no_backup_is_refused_without_its_name(run: Run, tmp_path: Path) -> None:
    code, _, error = run("restore", tmp_path / "Meier")
    assert code == 2
    assert "finished backup" in error
    assert "Meier" not in error


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("SECONDLOOK_BLOB_URL", "s3://no-such-bucket/x"),
        ("SECONDLOOK_DATABASE_URL", "postgresql://reader:hush@127.0.0.1:9/x"),
    ],
)
def test_a_server_that_is_gone_is_three_lines_without_a_key(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    address: str,
) -> None:
    monkeypatch.setenv(variable, address)
    for name, value in {"ENDPOINT_URL": "http://127.0.0.1:9", "MAX_ATTEMPTS": "1", "SECRET_ACCESS_KEY": "hush"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "hush")
    code, out, error = run("cases")
    assert (code, out, len(error.splitlines())) == (2, "", 3)
    assert "hush" not in error
    assert "127.0.0.1" not in error


def test_a_full_disk_is_three_lines_and_leaves_a_sound_store(run: Run, case: Path, home: Path) -> None:
    """The operating system refuses to write more than 150 kB into one file: the database meets it first or an image."""
    run("cases")
    for most in (3_000, 150_000, 260_000):
        code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {resource.RLIM_INFINITY}))"
        command = [sys.executable, "-c", f"{code}; from services.cli import main; main()", "ingest", str(case)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "SECONDLOOK_HOME": str(home)}
        outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert outcome.returncode in {0, 2}, outcome.stderr
        assert "Traceback" not in outcome.stderr
        assert run("check")[0] == 0
    assert run("ingest", case)[0] == 0
