"""The process that answers clicks: begun, idle, dead, hanging, and gone with its server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services import storing
from services.assistant import COMMAND, Assistant
from services.correcting.relabelling import wall_on
from services.correcting.run_lengths import decoded
from services.corrections import Corrections
from services.errors import AssistantLost, InputRefused, NotFound
from services.foreman import Foreman
from tests.running import ROOT
from tests.services.correcting.test_answering import MIDDLE, PLANE, THROMBUS, request
from tests.uploads import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from db.records import Layer
    from services.desk import Desk

    Begin = Callable[..., Assistant]

SERVER = """
import sys
from services import workflow
from services.assistant import Assistant
from services.settings import Settings
desk = workflow.open_home(Settings())
print(desk.corrections.why_not(), flush=True)
assistant = Assistant(desk.settings.environment(), [sys.executable, "-m", "tests.known_assistant", "600"])
assistant.ask({"do": "prepare", "case": sys.argv[1], "layer": int(sys.argv[2]), "index": 0})
print(assistant._process.pid, sorted({"torch", "openvino"} & sys.modules.keys()), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def begin(desk: Desk) -> Iterator[Begin]:
    begun: list[Assistant] = []

    def one(idle_seconds: float = 600, **said: Any) -> Assistant:
        command = (sys.executable, "-m", "tests.known_assistant", str(idle_seconds))
        environment = desk.settings.environment() | {"PYTHONPATH": str(ROOT)}
        begun.append(Assistant(environment, said.pop("command", command), **said))
        return begun[-1]

    yield one
    for assistant in begun:
        assistant.close()


@pytest.fixture
def asked(desk: Desk, key: str, base: Layer) -> dict[str, Any]:
    """What the assistant is asked: a click that removes thrombus."""
    return request(desk, base, [*THROMBUS, False]) | {"do": "click", "case": key}


def is_over(assistant: Assistant) -> bool:
    return not assistant.is_running


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_it_begins_with_the_first_request_and_answers_as_this_process_would(
    begin: Begin, corrections: Corrections, key: str, asked: dict[str, Any]
) -> None:
    assistant = begin()
    assert is_over(assistant)
    answers = [Corrections(assistant).click(key, asked), corrections.click(key, asked)]
    assert assistant.is_running
    first, second = ({name: value for name, value in one.items() if name != "milliseconds"} for one in answers)
    assert first == second
    assert first["changed"] > 0


def test_refusals_arrive_in_three_parts_and_errors_and_prints_spoil_no_other_answer(
    begin: Begin, key: str, base: Layer, asked: dict[str, Any]
) -> None:
    assistant = begin()
    with pytest.raises(InputRefused) as refused:
        Corrections(assistant).prepare(key, {"layer": base.id, "index": 10**6})
    assert (refused.value.found, refused.value.todo) == ("one beyond it.", "Reload the page.")
    with pytest.raises(NotFound, match="in this store"):
        Corrections(assistant).prepare("P0000000000-1", {"layer": base.id, "index": MIDDLE})
    with pytest.raises(AssistantLost) as lost:
        assistant.ask(asked | {"fault": "breaks"})
    assert "RuntimeError" in str(lost.value)
    assert "Meier" not in str(lost.value)
    assert assistant.ask(asked | {"fault": "prints"})["changed"] > 0


def test_one_that_dies_is_started_again(begin: Begin, asked: dict[str, Any]) -> None:
    assistant = begin()
    with pytest.raises(AssistantLost, match="ended it"):
        assistant.ask(asked | {"fault": "dies"})
    assert assistant.ask(asked)["changed"] > 0


def test_one_that_was_killed_meanwhile_is_replaced_without_a_word(begin: Begin, asked: dict[str, Any]) -> None:
    assistant = begin()
    before = assistant.ask(asked)["mask"]
    assert assistant._process is not None
    os.kill(assistant._process.pid, signal.SIGKILL)
    assert assistant.ask(asked)["mask"] == before


def test_one_that_hangs_is_ended_and_said_so(begin: Begin, asked: dict[str, Any]) -> None:
    assistant = begin(seconds=0.2)
    assert assistant.ask(asked)["changed"] > 0
    with pytest.raises(AssistantLost, match=r"0\.2 seconds"):
        assistant.ask(asked | {"fault": "hangs"})
    assert is_over(assistant)


def test_it_ends_when_nobody_asks_and_begins_again(begin: Begin, asked: dict[str, Any]) -> None:
    assistant = begin(idle_seconds=0.05)
    assistant.ask(asked)
    wait_until(lambda: not assistant.is_running)
    assert assistant.ask(asked)["changed"] > 0


def test_it_ends_with_a_server_that_is_killed_which_itself_loads_no_network(
    desk: Desk, key: str, base: Layer, tmp_path: Path
) -> None:
    environment = os.environ | {"SECONDLOOK_HOME": str(desk.settings.home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SERVER, key, str(base.id)]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stdout.readline() == "\n"
        pid, _, loaded = server.stdout.readline().partition(" ")
        assert (lives(int(pid)), loaded.strip()) == (True, "[]")
        server.kill()
    wait_until(lambda: not lives(int(pid)))


def test_the_installed_one_answers_with_the_shipped_network_and_ends_with_the_foreman(
    desk: Desk, key: str, base: Layer, asked: dict[str, Any]
) -> None:
    foreman = Foreman(desk)
    foreman.start()
    before, after = wall_on(storing.decoded(desk.store, base), MIDDLE, PLANE), desk.corrections.click(key, asked)
    assert not decoded(after["mask"], PLANE)[THROMBUS]
    assert after["changed"] == (decoded(after["mask"], PLANE) ^ before).sum() > 0
    assert desk.assistant.command == COMMAND
    foreman.stop()
    assert is_over(desk.assistant)
    with pytest.raises(AssistantLost, match="the server stops"):
        desk.corrections.prepare(key, {"layer": base.id, "index": MIDDLE})
