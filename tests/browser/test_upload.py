"""Uploads in a real browser: drop, watch, open the case; cancel, go on where it stopped."""

from __future__ import annotations

import base64
import gzip
import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from services import workflow
from tests.browser.intake_page import arriving, choose, followed
from tests.small_case import write_small_case
from tests.uploads import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.running import RunningServer

pytestmark = pytest.mark.browser
READY = ".secondlook-viewer[data-ready=all]"
DROP = """([name, content]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
  const area = document.querySelector(".secondlook-intake .area") ?? deep();
  function deep() {
    const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
    return hosts.map((one) => one.shadowRoot.querySelector(".area")).find(Boolean);
  }
  area.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def slowly(intake: Page) -> Callable[[int], None]:
    """`slowly(1000)` sends that many bytes a second, 0 none, -1 as many as go."""
    session = intake.context.new_cdp_session(intake)
    session.send("Network.enable")

    def limit(bytes_a_second: int) -> None:
        said = {"offline": bytes_a_second == 0, "latency": 0, "downloadThroughput": -1}
        session.send("Network.emulateNetworkConditions", said | {"uploadThroughput": bytes_a_second})

    return limit


def test_a_folder_is_uploaded_taken_in_and_opens_as_a_case(intake: Page, desk: workflow.Desk, tmp_path: Path) -> None:
    choose(intake, write_small_case(tmp_path / "case", offset=1))
    line = followed(intake).locator(".line.accepted")
    assert "20 slices of 48 x 56" in line.inner_text()
    assert line.locator(".badge").inner_text() == "SYNTHETIC"
    key = line.locator(".case").inner_text()
    assert key in [case.key for case in workflow.cases(desk)]
    assert arriving(desk) == []
    line.locator(".case").click()
    intake.wait_for_selector(READY)
    assert f"case={key}" in intake.url


def test_a_dropped_zip_is_taken_in(intake: Page, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case", offset=2)
    archive = shutil.make_archive(str(tmp_path / "scans"), "zip", folder)
    with open(archive, "rb") as file:
        intake.evaluate(DROP, ["scans.zip", base64.b64encode(file.read()).decode()])
    expect(followed(intake).locator(".line .outcome")).to_have_text("new case, 5 layers")


def test_masks_without_an_author_are_taken_when_somebody_says_whose_they_are(intake: Page, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case", offset=4)
    (folder / "readers" / "reader one.nii.gz").rename(folder / "somebody.nii.gz")
    intake.get_by_label("Masks without a named author were drawn by").select_option("expert")
    choose(intake, folder)
    expect(followed(intake).locator(".line .outcome")).to_have_text("new case, 5 layers")


def test_a_folder_without_images_fails_and_says_what_to_do(intake: Page, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear colleague")
    choose(intake, tmp_path / "letters")
    row = followed(intake, "failed")
    expect(row.locator(".ended dd").last).to_have_text("Check the path.")


def test_a_cancelled_upload_leaves_nothing(
    intake: Page, desk: workflow.Desk, slowly: Callable[[int], None], tmp_path: Path
) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "ct.nii.gz").write_bytes(os.urandom(3_000_000))
    slowly(200_000)
    choose(intake, tmp_path / "big")
    wait_until(lambda: bool(arriving(desk)))
    intake.get_by_role("button", name="Cancel the upload").click()
    intake.get_by_text("Drop a folder").wait_for()
    wait_until(lambda: arriving(desk) == [])
    wait_until(lambda: list(desk.jobs.incoming.root.iterdir()) == [])


def test_an_upload_goes_on_while_its_reader_looks_at_another_page(
    intake: Page, slowly: Callable[[int], None], tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "case", offset=8)
    (folder / "noise.raw").write_bytes(os.urandom(2_000_000))
    slowly(300_000)
    choose(intake, folder)
    intake.get_by_text("Uploading 8 files").wait_for()
    intake.get_by_role("link", name="About").click()
    intake.get_by_text("What leaves this machine").wait_for()
    intake.get_by_role("link", name="Intake").click()
    intake.get_by_text("Uploading 8 files").wait_for()
    slowly(-1)
    expect(followed(intake).locator(".line .outcome")).to_have_text("new case, 5 layers")


def test_an_upload_whose_connection_breaks_goes_on_where_it_stopped(
    intake: Page, slowly: Callable[[int], None], tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "case", offset=5)
    (folder / "noise.raw").write_bytes(os.urandom(2_000_000))
    slowly(400_000)
    choose(intake, folder)
    intake.get_by_text("7 of 8 files").wait_for()
    slowly(0)
    intake.get_by_text("The upload stopped").wait_for()
    slowly(-1)
    sent: list[str] = []
    intake.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    intake.get_by_role("button", name="Go on").click()
    expect(followed(intake).locator(".line .outcome")).to_have_text("new case, 5 layers")
    assert len(sent) <= 1


def test_a_browser_that_goes_away_in_the_middle_of_a_file_leaves_no_part_of_it(
    intake: Page, intake_server: RunningServer, desk: workflow.Desk
) -> None:
    token = desk.jobs.incoming.begin(1, 10**6)
    (cookie,) = [one["value"] for one in intake.context.cookies() if one["name"] == "secondlook_session"]
    url, port = intake_server.url, intake_server.port
    head = f"PUT /uploads/{token}/file HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {url}\r\n"
    head += f"Cookie: secondlook_session={cookie}\r\nX-Relative-Path: ct.nii\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + b"x" * 1000)
        wait_until(lambda: bool(arriving(desk)))
    wait_until(lambda: arriving(desk) == [])
    desk.jobs.incoming.remove(token)


def test_nothing_names_a_file_or_folder(
    intake: Page, intake_server: RunningServer, desk: workflow.Desk, tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "Meier^Anna 47110815", offset=7)
    (folder / "Meier^Anna.dcm").write_bytes(b"no image")
    shutil.copy(folder / "ct.nii.gz", folder / "models" / "C.nii.gz")
    seen: list[str] = []
    intake.on("request", lambda request: seen.append(request.url))
    choose(intake, folder)
    followed(intake)
    seen += [intake.content(), intake.locator(".secondlook-intake").inner_html(), intake.url, intake_server.log]
    files = [path for path in intake_server.home.rglob("*") if path.is_file()]
    kept = b"".join(gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes() for p in files)
    for mark in ("Meier", "Anna", "47110815"):
        assert mark not in " ".join((*seen, *map(str, files)))
        assert mark.encode() not in kept
