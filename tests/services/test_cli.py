"""The command line as a person and as a program meet it."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from services import cli
from tests.running import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.conftest import Run

ALL: dict[str, Any] = get_command(cli.app).commands  # type: ignore[attr-defined]
COMMANDS = sorted(ALL)
WORDS = [f"{name} {one}".strip() for name in COMMANDS for one in getattr(ALL[name], "commands", [""])]
"""As they are typed: a group is called with one of its commands."""


@pytest.mark.parametrize("name", WORDS)
def test_every_command_has_help_with_an_example_and_json(name: str, run: Run) -> None:
    code, out, _ = run(*name.split(), "--help")
    assert code == 0
    assert f"Example: secondlook {name}" in out
    assert "--json" in out


def test_the_commands_are_there() -> None:
    work = {"aggregate", "analyse", "cases", "jobs", "measure", "outline", "promise", "reidentify"}
    upkeep = {"backup", "check", "forget", "gc", "restore"}
    assert set(COMMANDS) == {"demo", "evaluate", "ingest", "models", "serve", "train"} | work | upkeep


def test_an_empty_store_lists_no_case(run: Run) -> None:
    code, out, _ = run("cases", "--json")
    assert (code, json.loads(out)) == (0, [])


def test_an_empty_store_says_what_to_do(run: Run) -> None:
    assert "secondlook ingest" in run("cases")[1]


def test_ingest_says_what_it_stored_and_the_second_time_that_nothing_changed(run: Run, case: Path) -> None:
    outcomes = [json.loads(run("ingest", case, "--json")[1])["items"][0]["outcome"] for _ in range(2)]
    assert outcomes == ["new", "unchanged"]


def test_cases_json_is_an_array_with_one_object_a_case(run: Run, case: Path) -> None:
    key = json.loads(run("ingest", case, "--json")[1])["items"][0]["key"]
    listed = json.loads(run("cases", "--json")[1])
    assert [(row["key"], row["slices"], row["synthetic"]) for row in listed] == [(key, 20, False)]


def test_cases_without_json_is_a_table(run: Run, case: Path) -> None:
    key = json.loads(run("ingest", case, "--json")[1])["items"][0]["key"]
    code, out, _ = run("cases")
    assert code == 0
    assert key in out


def test_nothing_printed_names_the_users_folder(run: Run, case: Path) -> None:
    printed = [run("ingest", case), run("ingest", case, "--json"), run("cases"), run("check"), run("cases", "--json")]
    assert "Meier" not in str(printed)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("ingest", "/scans/Meier", "Anna"), "a word or option"),
        (("ingest", "x", "--label-source", "Anna"), "--label-source"),
        (("ingest",), "path"),
        (("ingest", "x", "--Anna"), "a word or option"),
        (("Anna",), "a word or option"),
    ],
)
def test_a_wrong_call_is_refused_in_three_lines_without_what_was_typed(
    run: Run, words: tuple[str, ...], found: str
) -> None:
    code, out, error = run(*words)
    assert (code, out, len(error.splitlines())) == (2, "", 3)
    assert found in error
    assert "Anna" not in error


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    code, out, error = run()
    assert code == 2
    assert "ingest" in out + error


def test_a_folder_that_is_not_there_is_refused_in_three_lines(run: Run, tmp_path: Path) -> None:
    code, out, error = run("ingest", tmp_path / "Meier^Anna", "--json")
    assert (code, out) == (2, "")
    assert len(error.splitlines()) == 3
    assert "Found: " in error
    assert "Meier" not in error


def test_a_folder_with_nothing_to_read_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, error = run("ingest", tmp_path / "empty")
    assert code == 2
    assert "Traceback" not in error


def test_a_file_that_cannot_be_read_is_refused_without_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "Meier^Anna").symlink_to(tmp_path / "scan" / "Meier^Anna")
    code, _, error = run("ingest", tmp_path / "scan" / "Meier^Anna")
    assert code == 2
    assert "Meier" not in error


def test_a_sound_store_is_called_sound(run: Run, case: Path) -> None:
    run("ingest", case)
    code, out, _ = run("check", "--json")
    assert (code, json.loads(out)["sound"]) == (0, True)


def test_a_damaged_image_makes_the_store_unsound(run: Run, case: Path, home: Path) -> None:
    run("ingest", case)
    image = next((home / "blobs").rglob("*.nii.gz"))
    image.chmod(0o600)
    image.write_bytes(image.read_bytes()[:-20])
    code, out, _ = run("check", "--json")
    assert code == 1
    assert [problem["severity"] for problem in json.loads(out)["problems"]] == ["error"]


def test_a_missing_image_makes_the_store_unsound(run: Run, case: Path, home: Path) -> None:
    run("ingest", case)
    next((home / "blobs").rglob("*.nii.gz")).unlink()
    code, out, _ = run("check")
    assert code == 1
    assert "missing" in out


@pytest.mark.parametrize("command", ["cases", "serve", "check"])
def test_a_home_that_is_a_file_is_refused(run: Run, home: Path, command: str) -> None:
    home.write_text("not a folder")
    elsewhere = ("--port", free_port()) if command == "serve" else ()  # a server may run beside the tests
    code, _, error = run(command, *elsewhere)
    assert code == 2
    assert "SECONDLOOK_HOME" in error


def test_a_database_that_is_none_is_refused(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "secondlook.sqlite").write_text("once a database" * 100)
    code, _, error = run("cases")
    assert code == 2
    assert "The database must be readable." in error


def test_a_store_of_a_newer_version_is_refused(run: Run, home: Path) -> None:
    run("cases")
    with sqlite3.connect(home / "secondlook.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    code, _, error = run("cases")
    assert code == 2
    assert "newer version" in error


@pytest.mark.parametrize("name", ["DATABASE", "BLOB"])
def test_an_address_that_cannot_be_opened_is_refused_and_not_repeated(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SECONDLOOK_{name}_URL", "warp://reader:secret@host/x")
    code, _, error = run("cases")
    assert code == 2
    assert f"SECONDLOOK_{name}_URL" in error
    assert "secret" not in error


@pytest.mark.parametrize(("name", "value"), [("PORT", "eighty"), ("LOG_LEVEL", "loud")])
def test_a_setting_that_means_nothing_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SECONDLOOK_{name}", value)
    code, _, error = run("serve")
    assert code == 2
    assert f"SECONDLOOK_{name}" in error


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_refused_before_anything_is_done(run: Run, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, error = run(command, "--port", taken.getsockname()[1])
    assert code == 2
    assert "--port" in error


def test_a_port_that_does_not_exist_is_refused(run: Run) -> None:
    assert run("serve", "--port", 99999)[0] == 2


def test_an_unknown_command_is_no_traceback(run: Run) -> None:
    code, _, error = run("segment")
    assert code == 2
    assert "Traceback" not in error


def test_demo_takes_in_the_users_folder(run: Run, case: Path) -> None:
    code, out, _ = run("demo", "--from", case, "--no-serve", "--json")
    assert (code, len(json.loads(out)["items"])) == (0, 1)


def test_demo_writes_its_scans_once_and_all_are_synthetic(run: Run, home: Path) -> None:
    first = json.loads(run("demo", "--cases", 2, "--no-serve", "--json")[1])["items"]
    written = {path: path.stat().st_mtime_ns for path in (home / "demo").rglob("*.*")}
    second = json.loads(run("demo", "--cases", 2, "--no-serve", "--json")[1])["items"]
    assert len(first) == 2
    assert {case["outcome"] for case in first} == {"new"}
    assert {case["outcome"] for case in second} == {"unchanged"}
    assert written == {path: path.stat().st_mtime_ns for path in (home / "demo").rglob("*.*")}
    assert {case["synthetic"] for case in json.loads(run("cases", "--json")[1])} == {True}
    (home / "demo" / ".case03.unfinished" / "ct").mkdir(parents=True)
    run("forget", first[0]["key"], "--yes")  # both scans are of one patient
    third = json.loads(run("demo", "--cases", 2, "--no-serve", "--json")[1])["items"]
    assert [case["outcome"] for case in third] == ["new", "new"]


@pytest.mark.parametrize("number", [0, 1000])
def test_demo_makes_neither_no_case_nor_too_many(run: Run, number: int) -> None:
    assert run("demo", "--cases", number, "--no-serve")[0] == 2


def test_importing_the_command_line_loads_no_image_library() -> None:
    code = "import sys, services.cli; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"highdicom", "torch", "streamlit"} & set(modules) == set()
