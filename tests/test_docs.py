"""The documents say what is there, and what they show works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from benchmarks._figures import table
from scripts import failures_page, model_card, one_click, quoting, uncertainty_page
from services import cli, workflow
from services.imaging.foreign.naming import MAPS
from services.imaging.header import KEPT
from services.imaging.series_headers import PROFILE
from services.labels import STRUCTURES
from services.settings import Settings
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = get_command(cli.app).commands  # type: ignore[attr-defined]
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, *languages: str) -> list[str]:
    return [code for _, language, code in BLOCK.findall(page.read_text()) if language in languages]


def shown_commands() -> Iterator[str]:
    """Every line of a shell block, in any document."""
    for page in PAGES:
        for block in blocks(page, "bash", "sh"):
            yield from (line.strip() for line in block.splitlines())


def section(name: str) -> str:
    """The part of docs/commands.md about one command."""
    text = (ROOT / "docs" / "commands.md").read_text()
    found = re.search(rf"^## secondlook {name}$(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no section '## secondlook {name}'"
    return found.group(1)


def options_of(command: Any) -> list[str]:
    """Every option of a command, or of all commands of a group."""
    own = [word for parameter in command.params for word in parameter.opts + parameter.secondary_opts]
    within = getattr(command, "commands", {}).values()
    return own + [option for one in within for option in options_of(one)]


@pages
def test_a_link_leads_somewhere(page: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@pages
def test_a_page_has_one_title_and_lines_that_fit(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert [line for line in lines if len(line) > 140 and "](" not in line and not line.startswith("|")] == []


@pages
def test_no_merge_left_its_marks(page: Path) -> None:
    marks = ("<<<<<<< ", "=======", ">>>>>>> ")
    assert [line for line in page.read_text().splitlines() if line.startswith(marks)] == []


@pages
def test_a_shell_block_is_valid_shell(page: Path) -> None:
    for block in blocks(page, "bash", "sh"):
        outcome = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_described_with_an_example_and_all_its_options(name: str) -> None:
    text = section(name)
    assert re.search(rf"^secondlook {name}\b", text, re.MULTILINE)
    options = options_of(COMMANDS[name])
    assert [option for option in options if option.startswith("--") and option not in text] == []


def test_every_command_shown_exists_with_the_options_shown() -> None:
    for line in shown_commands():
        called = re.match(r"secondlook (\w+)([^|#]*)", line)
        if called:
            command = COMMANDS[called.group(1)]
            within = getattr(command, "commands", {})
            if within:
                command = within[called.group(2).split()[0]]
            assert set(re.findall(r"--[\w-]+", called.group(2))) <= set(options_of(command)), line


def test_every_command_of_a_group_is_described() -> None:
    for name, group in COMMANDS.items():
        for one in getattr(group, "commands", {}):
            assert re.search(rf"^secondlook {name} {one}\b", section(name), re.MULTILINE)
            assert f"| `{one}" in section(name)


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        target
        for page in PAGES
        for target in re.findall(r"\bmake ([a-z]+)\b(?=`| |$)", "\n".join(blocks(page, "bash")))
    }
    assert {"demo", "test"} <= shown <= targets


@pytest.mark.parametrize("field", Settings.model_fields)
def test_a_setting_is_described(field: str) -> None:
    assert f"`SECONDLOOK_{field.upper()}`" in (ROOT / "docs" / "commands.md").read_text()


def test_every_module_is_on_the_map_of_the_house() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text()
    modules = [path for name in ("db", "services", "dashboard") for path in (ROOT / name).glob("*.py")]
    folders = [path for name in ("db", "services", "dashboard") for path in (ROOT / name).iterdir() if path.is_dir()]
    names = [f"`{path.name}`" for path in modules if path.name != "__init__.py"]
    names += [f"`{path.name}/`" for path in folders if path.name != "__pycache__"]
    assert [name for name in names if name not in plan] == []


def test_every_attribute_that_is_kept_stands_in_the_conformance_table() -> None:
    text = (ROOT / "docs" / "deidentification.md").read_text()
    table = {word for row in re.findall(r"^\| (\w[\w, ]+) \|", text, re.MULTILINE) for word in row.split(", ")}
    assert {kept.keyword for kept in KEPT} | {"PatientID", "PatientAge"} <= table
    assert [code for code in PROFILE if code not in table] == []


def test_every_structure_that_a_name_may_map_to_is_listed() -> None:
    text = " ".join((ROOT / "docs" / "how-to" / "your-nnunet-results.md").read_text().split())
    sided = re.compile(r" (left|right|[CTLS]\d+)$")
    assert [name for name in STRUCTURES if not sided.search(name) and not re.search(rf"[ ,;]{name}[,;.]", text)] == []
    assert [kind for kind in MAPS if kind not in text] == []


def test_the_readme_leads_to_the_two_commands_first() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert headings[0] == "Two commands"


def test_the_changelog_says_what_this_version_brings() -> None:
    assert re.search(r"^## .+\n\n\* .+", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_a_decision_says_what_was_chosen_and_what_was_not() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert decisions
    for page in decisions:
        text = page.read_text()
        assert all(f"**{part}" in text for part in ("Chosen.", "Why.", "Rejected.", "What follows."))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers[0] == 1
    assert all(after == before + 1 for before, after in pairwise(numbers))


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert terms == sorted(terms, key=str.lower)


def test_the_python_shown_for_reading_the_store_runs(home: Path, tmp_path: Path) -> None:
    desk = workflow.open_home(Settings(home=home))
    workflow.ingest(desk, write_small_case(tmp_path / "case01"))
    code = "\n".join(blocks(ROOT / "docs" / "how-to" / "read-the-store.md", "python"))
    code += "\nprint(len(cases), round(volume_ml, 1), probability.max() <= 1)\n"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.stdout.split()[0] == "1", outcome.stderr
    assert float(outcome.stdout.split()[1]) > 0


def test_the_model_card_and_readmes_figures_are_what_the_command_writes() -> None:
    assert (ROOT / "docs" / "models.md").read_text() == model_card.page()
    readme = (ROOT / "README.md").read_text()
    assert readme == model_card.readme(readme)


@pytest.mark.parametrize("script", [uncertainty_page, failures_page])
def test_the_tables_on_the_pages_are_those_that_were_measured(script: Any) -> None:
    published = json.loads(script.RESULTS.read_text())
    for path, lines in quoting.pages_of(script.tables, published):
        said = path.read_text()
        assert said == quoting.quoted(said, lines, script.BEGIN, script.END)
        assert script.BEGIN in said


def test_the_figures_of_one_click_are_those_that_were_measured() -> None:
    methods = (ROOT / "docs" / "methods.md").read_text()
    assert methods == one_click.quoted(methods)
    assert all(row["dice"] is not None for row in json.loads(one_click.RESULTS.read_text())["rows"])


@pytest.mark.parametrize(
    "name",
    [
        "viewer",
        "worklist",
        "ingest",
        "inference",
        "prompting",
        "shape_sampling",
        "along_vessel",
        "two_uncertainties",
        "agreement",
        "aggregation",
    ],
)
def test_the_figures_in_the_readme_are_those_that_were_measured(name: str) -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    readme = (ROOT / "README.md").read_text()
    assert results["measured"][:10] in readme
    assert [row for row in table(results) if row not in readme] == []
    once = ("memory", "loading")
    assert all(len(one["runs"]) == 5 or any(word in one["name"] for word in once) for one in results["figures"])
