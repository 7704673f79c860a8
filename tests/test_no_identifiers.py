"""No identifier of a patient is kept, said, logged, shown or asked for: marks go in everywhere, and none comes out.

The real command takes everything in at log level DEBUG, the real server shows every page to a real browser, and then
every byte that was kept or said is searched, in every encoding in which a mark could stand there.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from db.records import NewReview
from db.vocabulary import ReviewReason, Verdict
from services import workflow
from services.settings import Settings
from tests.marks import MARKS, PERSON, STEM, mark, write_all
from tests.running import RunningServer
from tests.small_case import write_small_case
from tests.traces import SHORTEST, kept_in, traces, writings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response, WebSocket

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]
MAIN = "from services.cli import main; main()"
SHADOWS = """() => {
  const html = (root) => [...root.querySelectorAll("*")].filter((e) => e.shadowRoot)
    .map((e) => e.shadowRoot.innerHTML + html(e.shadowRoot)).join("");
  return html(document);
}"""
"""The HTML of every shadow root: the components draw there, and a page's own content leaves them out."""
READY = ".secondlook-viewer[data-ready=all]"
LEAST_CASES, LEAST_DOCUMENTS, LEAST_REFUSALS = 6, 4, 12
"""What of the marked input is taken and refused, at least: a test that took nothing in would find nothing."""


@dataclass
class Life:
    """All that an installation kept, said and showed."""

    folder: Path
    said: list[bytes] = field(default_factory=list)
    """stdout and stderr of every command."""
    sent: list[bytes] = field(default_factory=list)
    """Bodies of all answers, and frames of the websocket in both directions."""
    shown: list[bytes] = field(default_factory=list)
    """HTML and text of every page."""
    asked: list[bytes] = field(default_factory=list)
    """Every address that the browser asked for."""
    logged: str = ""
    """What the server wrote."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SECONDLOOK_HOME": str(self.home),
            "SECONDLOOK_LOG_LEVEL": "DEBUG",
            "SECONDLOOK_REIDENTIFICATION": str(self.folder / "map" / "patients"),
            "SECONDLOOK_REIDENTIFICATION_KEY": str(self.folder / "key" / "key"),
            "TMPDIR": str(self.folder / "temporary"),
            "HOME": str(self.folder / "account"),
            "PYTHONPATH": str(ROOT),
        }

    def call(self, *words: object) -> int:
        """One command, as a person calls it."""
        outcome = subprocess.run(
            [sys.executable, "-c", MAIN, *map(str, words)],
            env=os.environ | self.environment, cwd=self.folder, capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        self.said += [outcome.stdout, outcome.stderr]
        return outcome.returncode

    def surfaces(self) -> dict[str, list[tuple[str, bytes]]]:
        """Everything to be searched, by where it was found."""
        found = {name: [(name, one) for one in getattr(self, name)] for name in ("said", "sent", "shown", "asked")}
        found["logged"] = [("the server's log", self.logged.encode())]
        for name in ("home", "temporary", "account", "map"):
            found[name] = list(kept_in(self.folder / name))
        return found


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Life:
    """Marked input taken in, once as a whole and once folder by folder, and every page of it opened."""
    life = born(tmp_path_factory.mktemp("life"))
    root = write_all(life.folder / "input")
    for path in sorted(root.iterdir()):
        life.call("ingest", path)
    for words in failing(root):
        assert life.call(*words) in {1, 2}
    assert life.call("ingest", root, "--json") == 0
    for words in (("cases",), ("cases", "--json"), ("check", "--json")):
        assert life.call(*words) == 0
    browse(life, browser)
    return life


def born(folder: Path) -> Life:
    for name in ("temporary", "account", "map", "key"):
        (folder / name).mkdir()
    return Life(folder)


def failing(root: Path) -> Iterator[tuple[object, ...]]:
    """Calls that are refused, with marks in what they name."""
    broken = next(root.rglob("*broken.dcm"))
    yield "ingest", broken
    yield "ingest", root / mark("nothing here")
    yield "ingest", next(root.rglob("*notes.txt"))
    yield "ingest", next(root.rglob("*toml")), "--json"
    yield "ingest", next(root.rglob("*damaged.zip"))
    yield "ingest", root, "--manifest", next(root.rglob("*notes.txt"))
    yield "ingest", root, "--label-source", mark("source")
    yield "ingest", root, PERSON
    yield "reidentify", f"{STEM}-{PERSON}", "--json", "--reason", "clinical finding"
    yield "demo", "--from", root / mark("nothing here"), "--no-serve"


def browse(life: Life, browser: Browser) -> None:
    """Sign in, open the worklist, every case and the page about it, and the JSON routes; keep all that passes by."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in life.environment.items():
            patch.setenv(name, value)
        desk = workflow.open_home(Settings())
        keys = [row.key for row in workflow.cases(desk)]
        desk.store.close()
        with RunningServer(life.home) as server:
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            page = context.new_page()
            page.set_default_timeout(30_000)
            listen(life, page)
            page.goto(server.sign_in_link)
            page.wait_for_selector(".secondlook-table[data-ready=true]")
            look(life, page)
            for address in (
                "about",
                "cases",
                "views",
                "cases?search=" + keys[0],
                *(f"token?case={key}" for key in keys),
            ):
                page.goto(f"{server.url}/{address}")
                look(life, page)
            for key in keys:
                page.goto(f"{server.url}/case?case={key}")
                page.wait_for_selector(READY)
                for tab in page.get_by_role("tab").all():
                    tab.click()
                    look(life, page)
            context.close()
        life.logged = server.log


def listen(life: Life, page: Page) -> None:
    """Keep every address, every answer and every frame."""
    page.on("request", lambda request: life.asked.append(request.url.encode()))
    page.on("requestfinished", lambda request: life.sent.append(body(request.response())))
    page.on("websocket", lambda socket: overhear(life, socket))


def overhear(life: Life, socket: WebSocket) -> None:
    for event in ("framesent", "framereceived"):
        socket.on(event, lambda frame: life.sent.append(frame.encode() if isinstance(frame, str) else frame))


def body(response: Response | None) -> bytes:
    """An answer's headers and body; a redirect has no body."""
    if response is None:
        return b""
    try:
        return str(response.headers).encode() + response.body()
    except Exception as error:  # noqa: BLE001 -- Playwright's own, for a redirect or a page that is left
        return str(response.headers).encode() + str(error).encode()


def look(life: Life, page: Page) -> None:
    page.wait_for_load_state("load")
    drawn = page.evaluate(SHADOWS)
    life.shown += [page.content().encode(), page.inner_text("body").encode(), page.url.encode(), drawn.encode()]


@pytest.mark.parametrize("surface", ["home", "temporary", "account", "map", "said", "logged", "asked", "sent", "shown"])
def test_no_mark_comes_out(life: Life, surface: str) -> None:
    searched = life.surfaces()[surface]
    assert [(where, found) for where, content in searched for found in traces(content, MARKS)] == []


def test_the_marked_input_was_taken_in_and_refused_and_looked_at(life: Life) -> None:
    said = b"".join(life.said).decode()
    documents = [where for where, _ in life.surfaces()["home"] if where.endswith(".json.gz, unpacked")]
    assert len(documents) >= LEAST_DOCUMENTS
    assert said.count("Refused ") >= LEAST_REFUSALS
    assert "DEBUG" in said
    assert "DEBUG" in life.logged
    assert len(life.shown) >= 3 * LEAST_CASES
    assert b"secondlook-viewer" in b"".join(life.shown)


def test_nothing_is_left_in_the_temporary_folder_nor_among_the_unpacked(life: Life) -> None:
    left = [path for path in (life.folder / "temporary").rglob("*") if path.is_file()]
    assert left == []
    assert list((life.home / "unpacked").rglob("*")) == []


def test_the_search_finds_a_mark_that_somebody_writes_into_the_store(tmp_path: Path, browser: Browser) -> None:
    """A reviewer's note is kept and shown as it is written: all that listens must find it."""
    life = born(tmp_path)
    desk = workflow.open_home(Settings(home=life.home))
    (case,) = workflow.ingest(desk, write_small_case(tmp_path / "case")).cases
    note = NewReview(Verdict.REJECT, ReviewReason.OTHER, f"{mark('note')} {PERSON}", "reader")
    workflow.review(desk, case.key, note)
    desk.store.blobs.put_document(f'{{"name": "{PERSON}"}}'.encode())
    browse(life, browser)
    found = {name for name, parts in life.surfaces().items() for _, content in parts if traces(content, MARKS)}
    assert {"home", "sent", "shown"} <= found
    places = {where for where, content in life.surfaces()["home"] if traces(content, MARKS)}
    assert "a cell" in places
    assert any(where.endswith(".json.gz, unpacked") for where in places)


@pytest.mark.parametrize("text", [f"{STEM}place", PERSON, "1.2.840.99999.7"])
def test_the_search_knows_a_mark_in_every_writing(text: str) -> None:
    plain = f"before {text} after"
    hidden = [plain.encode(), plain.encode("utf-16"), plain.encode().hex().encode(), base64.b64encode(plain.encode())]
    hidden += [base64.b64encode(b"x" + plain.encode()), base64.b64encode(b"xy" + plain.encode())]
    hidden += [ascii(plain).encode(), plain.upper().encode(), repr(plain.encode()).encode()]
    assert [content for content in hidden if not traces(content, MARKS)] == []
    assert traces(b"nothing of the kind", MARKS) == []
    assert all(len(writing) >= SHORTEST for writing in writings(text))
