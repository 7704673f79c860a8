"""The house keeps its shape: one way down, small files, short functions, everything annotated."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("db", "services", "dashboard")
LONGEST_FILE = 300
LONGEST_BODY = 50
NINE_IN_TEN_BODIES = 25
FREE_OF_PACKAGES = ("vocabulary", "records", "job_records", "measurement_records", "failure_records")
MIGRATIONS = ROOT / "db" / "migrations" / "versions"
"""Written by Alembic, one list of operations, never changed again: no budget applies."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*suffixes: str) -> list[Path]:
    folders = [ROOT / name for name in (*PACKAGES, "tests", "benchmarks", "scripts")]
    found = (path for folder in folders for suffix in suffixes for path in folder.rglob(f"*{suffix}"))
    return sorted(path for path in found if MIGRATIONS not in path.parents)


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_import_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("path", sources(".py", ".js", ".css"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("package", PACKAGES)
def test_nine_in_ten_function_bodies_are_short_and_none_is_long(package: str) -> None:
    sizes = {
        f"{path.relative_to(ROOT)}:{function.name}": body_lines(function)
        for path in sources(".py")
        if path.is_relative_to(ROOT / package)
        for function in functions(path)
    }
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= NINE_IN_TEN_BODIES
    assert {name: size for name, size in sizes.items() if size > LONGEST_BODY} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_says_what_it_returns(package: str) -> None:
    paths = (ROOT / package).rglob("*.py")
    assert [f"{path}:{function.name}" for path in paths for function in functions(path) if not function.returns] == []


@pytest.mark.parametrize("module", FREE_OF_PACKAGES)
def test_words_and_records_need_the_standard_library_only(module: str) -> None:
    tree = ast.parse((ROOT / "db" / f"{module}.py").read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    ours = ("db.vocabulary", "db.records", "db.measurement_records")
    assert [name for name in imported if name not in ours and name.split(".")[0] not in sys.stdlib_module_names] == []


def test_only_the_use_cases_and_the_tools_open_the_database() -> None:
    allowed = {"workflow.py", "desk.py", "ingesting.py", "storing.py", "soundness.py", "jobs.py", "running.py"}
    allowed |= {"examination.py", "upkeep.py", "backup.py", "archive.py", "shelf.py"}  # what is about the store itself
    allowed |= {
        "comparing.py",
        "decision_flips.py",
        "analysing.py",
        "analyses.py",
        "runs.py",
    }  # the use-cases of one page, and of analyses
    allowed |= {"outlines.py", "outlining.py", "partials.py", "kept_embeddings.py"}  # of outlines
    allowed |= {"own_diameters.py"}  # of diameters by hand
    allowed |= {"answering.py", "keeping.py"}  # and of their corrections
    allowed |= {"measuring.py", "measurings.py", "rapid_growth.py"}  # of measuring
    allowed |= {"growing.py"}  # of one patient's scans
    allowed |= {"agreeing.py", "agreements.py"}  # of the readers of a case, and of all cases
    allowed |= {"doubting.py", "doubts.py", "doubt_figures.py", "scoring.py", "scorings.py"}  # of doubt
    allowed |= {"triaging.py", "promising.py"}  # of what asks for a second look, and of what that promises
    allowed |= {"erring.py", "failures.py"}  # of errors against references, and of the page Failures
    allowed |= {"risks.py", "drifting.py", "simulating.py"}  # of the page Risk and budget, of drift, of the demo
    opening = re.compile(
        r"^\s*from db(\.(?!vocabulary|records|job_records|measurement_records|failure_records|moments)\w+)? import",
        re.MULTILINE,
    )
    users = {path.name for path in (ROOT / "services").rglob("*.py") if opening.search(path.read_text())}
    assert users <= allowed


def test_no_network_is_reported_to_a_server() -> None:
    """`openvino.convert_model` tells a server on the internet about every network that it converts."""
    here = Path(__file__)
    callers = [path for path in sources(".py") if path != here and ".convert_model(" in path.read_text()]
    assert callers == []


def test_no_module_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "helpers", "common", "manager", "misc"}
    assert [path for path in sources(".py", ".js") if path.stem in drawers] == []
