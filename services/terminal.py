"""What the command line prints: results on stdout, as words or as JSON; progress bars and refusals on stderr."""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from services.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from db.job_records import Job, Parts
    from db.records import CaseRow, IntakeItem
    from services import workflow
    from services.errors import SecondLookError
    from services.imaging.deidentify import Original
    from services.ingesting import IngestReport
    from services.soundness import Problem

UNDEFINED = "\N{EN DASH}"
LONGEST_FLAG = 60
PERCENT = 100
INDENT = 10
"""Columns before what a report says of one thing."""


@contextmanager
def progress() -> Iterator[workflow.Progress]:
    """Bars on stderr, one for each thing that is being done; they vanish when all is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


def print_json(value: object) -> None:
    """One JSON document on one line of stdout."""
    sys.stdout.write(json.dumps(value, default=_plain) + "\n")
    sys.stdout.flush()


def print_refusal(error: SecondLookError) -> None:
    """The three parts of an error, each on a line of its own."""
    sys.stderr.write(f"{error.must}\nFound: {error.found}\n{error.todo}\n")


def print_misuse(misuse: Any) -> None:  # noqa: ANN401 -- Typer's error; its class has no public name
    """What was wrong with the call, without the words that were typed; the whole help where nothing was."""
    if len(sys.argv) == 1:
        misuse.show()
        return
    option = getattr(misuse, "param", None)
    name = f"{'/'.join(option.opts)}" if option is not None else ""
    found = f"a value missing, or one that {name} does not take." if name else "a word or option that it does not take."
    command = f"{misuse.ctx.info_name} " if misuse.ctx is not None and misuse.ctx.parent is not None else ""
    todo = f"See: secondlook {command}--help. A path with blanks must stand in quotes."
    print_refusal(InputRefused("A command must be called as its help says.", found, todo))


def show_report(report: IngestReport, *, as_json: bool) -> None:
    """What became of everything that was found: one line each, its notes below, a refusal in three parts."""
    if as_json:
        print_json(asdict(report))
        return
    outcomes = Counter(case.outcome.value for case in report.cases if case.outcome)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items()) or "nothing stored"
    refused = f"; {len(report.skipped)} refused" if report.skipped else ""
    _say(f"{counted(len(report.cases), 'case')}: {counts}{refused}.")
    for item in report.items:
        _say(f"{item.taken.value.capitalize():{INDENT}}{item.what}.{_went_to(item)}")
        below = (
            (item.must, f"Found: {item.found}", item.todo)
            if item.must
            else (f"{note}." for note in item.mended + item.remarks)
        )
        for line in below:
            _say(f"{'':{INDENT}}{line}")


def show_cases(cases: Sequence[CaseRow], *, as_json: bool) -> None:
    """The worklist, oldest case first."""
    if as_json:
        print_json([asdict(case) for case in cases])
        return
    if not cases:
        _say("No cases yet. Take some in: secondlook ingest PATH")
        return
    headings = ("case", "status", "slices", "flags", "first flag", "agreement (Dice)", "verdict")
    show_rows(headings, [_case_line(case) for case in cases], counted(len(cases), "case"))


def show_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    """A table; what its first column says is never broken."""
    table = Table(Column(headings[0], no_wrap=True), *headings[1:], title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def show_jobs(jobs: Sequence[tuple[Job, str, Parts | None]], *, as_json: bool) -> None:
    """Jobs with their state in words and why they ended early, newest first."""
    if as_json:
        print_json([_job_json(*one) for one in jobs])
        return
    headings = ("kind", "case", "state", "done", "doing or found")
    table = Table(Column("job", no_wrap=True), *headings, title=counted(len(jobs), "job"), title_justify="left")
    for job, state, error in jobs:
        percent = f"{PERCENT * job.done // job.total} %" if job.total else UNDEFINED
        line = (str(job.id), job.kind, job.case_key or UNDEFINED, state, percent, error[1] if error else job.doing)
        table.add_row(*map(escape, line))
    Console().print(table)


def show_originals(originals: Sequence[Original], *, as_json: bool) -> None:
    """Who a pseudonym stands for; the UIDs of every image only as JSON."""
    if as_json:
        print_json([asdict(original) for original in originals])
        return
    for original in originals:
        issuer = f" of {original.issuer}" if original.issuer else ""
        _say(f"{original.pseudonym} is patient {original.patient_id or 'without a number'}{issuer}:")
        _say(f"  study {original.study_uid}, series {original.series_uid}, {len(original.instance_uids)} images.")


def show_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Whether the installation and its store are sound."""
    if as_json:
        print_json({"sound": is_sound(problems), "problems": [asdict(problem) for problem in problems]})
        return
    _say("Sound." if is_sound(problems) else "Not sound.")
    for problem in problems:
        _say(f"{problem.severity.capitalize()}. {problem.must} Found: {problem.found} {problem.todo}")


def show(result: object, sentences: Sequence[str], *, as_json: bool) -> None:
    """What a command did: a record, or what is JSON already, as JSON; or sentences."""
    if as_json:
        print_json(asdict(result) if is_dataclass(result) and not isinstance(result, type) else result)
        return
    for sentence in sentences:
        _say(sentence)


def counted(number: int, noun: str) -> str:
    """'1 image', '2 images'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def sized(size: int) -> str:
    """Bytes in the unit that reads best."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def is_sound(problems: Sequence[Problem]) -> bool:
    """Notes alone leave a store sound."""
    return all(problem.severity != "error" for problem in problems)


def _job_json(job: Job, state: str, error: Parts | None) -> dict[str, object]:
    """Without its worker's name, and without where its files lie."""
    said = {"job": job.id, "kind": job.kind, "case": job.case_key, "state": state, "actor": job.actor}
    times = {"created_at": job.created_at, "finished_at": job.finished_at}
    return said | times | {"done": job.done, "total": job.total, "doing": job.doing, "error": error}


def _case_line(case: CaseRow) -> tuple[str, ...]:
    agreement = UNDEFINED if case.agreement is None else f"{case.agreement:.3f}"
    verdict = case.verdict.value if case.verdict else UNDEFINED
    key = f"{case.key} SYNTHETIC" if case.synthetic else case.key
    flag = textwrap.shorten(case.first_flag, LONGEST_FLAG, placeholder="\N{HORIZONTAL ELLIPSIS}")
    return key, case.status.value, str(case.slices), str(case.flag_count), flag, agreement, verdict


def _went_to(item: IntakeItem) -> str:
    if item.outcome is None:
        return ""
    layers = f", {counted(item.layers_added, 'layer')} added" if item.layers_added else ""
    return f" Case {item.key}, {item.outcome.value}{layers}."


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} has no JSON form here.")
