"""The map from pseudonyms back to patients: kept apart, encrypted, whole after a crash, and every look audited."""

from __future__ import annotations

import json
import multiprocessing
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from db import models
from db.vocabulary import ReidentificationReason
from services import reidentification, workflow
from services.errors import InputRefused, NotFound, StoreUnsound
from services.imaging.deidentify import Original
from services.phantom.dicom_writer import SeriesFacts, write_series
from services.reidentification import ReidentificationMap, open_map
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.desk import Desk

KEY = b"a passphrase that is long enough"
ROOT = Path(__file__).parents[2]
REASON = ReidentificationReason.CLINICAL_FINDING


def original(number: int, pseudonym: str = "P0000000000") -> Original:
    uids = tuple(f"1.2.840.99999.{number}.{k}" for k in range(3))
    return Original(pseudonym, f"Meier-{number}", "clinic", "1.2.840.99999.1", f"1.2.840.99999.{number}", "", uids)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "map"


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Desk]:
    """An installation that keeps a map."""
    settings = Settings(
        home=tmp_path / "home",
        reidentification=str(tmp_path / "map" / "patients"),
        reidentification_key=str(tmp_path / "key" / "of the map"),
    )
    (tmp_path / "map").mkdir()
    desk = workflow.open_home(settings)
    yield desk
    desk.store.close()


def ingest(desk: Desk, folder: Path, patient: str = "Meier-4711") -> str:
    affine = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
    write_series(folder / patient, np.zeros((4, 6, 6), dtype=np.int16), affine, SeriesFacts(patient))
    (case,) = workflow.ingest(desk, folder / patient).cases
    return case.key


def audited(desk: Desk) -> list[tuple[str, str, object]]:
    with desk.store.read() as session:
        events = session.scalars(select(models.AuditEvent).order_by(models.AuditEvent.id))
        return [(event.actor, event.action, event.details) for event in events]


def test_what_is_kept_comes_back_by_its_pseudonym(path: Path) -> None:
    kept = ReidentificationMap(path, KEY)
    for number, pseudonym in enumerate(["PA", "PB", "PA"]):
        kept.add(original(number, pseudonym))
    assert ReidentificationMap(path, KEY).find("PA") == [original(0, "PA"), original(2, "PA")]
    assert ReidentificationMap(path, KEY).find("PC") == []


def test_the_same_series_twice_is_kept_once(path: Path) -> None:
    ReidentificationMap(path, KEY).add(original(1))
    size = path.stat().st_size
    ReidentificationMap(path, KEY).add(original(1))
    assert path.stat().st_size == size


def test_nothing_in_the_file_can_be_read_without_the_key(path: Path) -> None:
    ReidentificationMap(path, KEY).add(original(1, "PSECRET"))
    content = path.read_bytes()
    assert not any(mark in content for mark in (b"Meier", b"clinic", b"99999", b"PSECRET", KEY))
    assert path.stat().st_mode & 0o077 == 0


def test_another_key_opens_nothing_and_changes_nothing(path: Path) -> None:
    ReidentificationMap(path, KEY).add(original(1))
    before = path.read_bytes()
    with pytest.raises(StoreUnsound, match="this key does not open"):
        ReidentificationMap(path, KEY + b"!")
    assert path.read_bytes() == before


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_damaged_line_is_an_error_and_not_another_patient(path: Path, line: int) -> None:
    kept = ReidentificationMap(path, KEY)
    for number in range(3):
        kept.add(original(number))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line][:30] + (b"A" if lines[line][30:31] != b"A" else b"B") + lines[line][31:]
    path.write_bytes(b"".join(lines))
    with pytest.raises(StoreUnsound, match=r"damaged|does not open|another"):
        ReidentificationMap(path, KEY)


def test_a_line_of_another_map_does_not_fit(path: Path, tmp_path: Path) -> None:
    ReidentificationMap(path, KEY)
    ReidentificationMap(tmp_path / "other", KEY).add(original(1))
    with path.open("ab") as file:
        file.write((tmp_path / "other").read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(StoreUnsound, match="a damaged line"):
        ReidentificationMap(path, KEY)


@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_line_cut_by_a_crash_is_taken_away_and_the_others_stay(path: Path, left: int) -> None:
    kept = ReidentificationMap(path, KEY)
    kept.add(original(1))
    whole = path.read_bytes()
    kept.add(original(2))
    path.write_bytes(whole + path.read_bytes()[len(whole) :][:left])
    again = ReidentificationMap(path, KEY)
    again.add(original(3))
    assert ReidentificationMap(path, KEY).find("P0000000000") == [original(1), original(3)]


def add_many(path: Path, first: int) -> None:
    kept = ReidentificationMap(path, KEY)
    for number in range(first, first + 25):
        kept.add(original(number))


def test_writers_in_several_processes_lose_nothing(path: Path) -> None:
    fork = multiprocessing.get_context("spawn")
    writers = [fork.Process(target=add_many, args=(path, first)) for first in (0, 25, 25)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    found = ReidentificationMap(path, KEY).find("P0000000000")
    assert sorted(found, key=lambda one: int(one.patient_id[6:])) == [original(number) for number in range(50)]


def test_forgetting_takes_one_patient_out_and_nobody_else(path: Path) -> None:
    kept = ReidentificationMap(path, KEY)
    for number, pseudonym in enumerate(["PA", "PB", "PA"]):
        kept.add(original(number, pseudonym))
    assert (kept.forget("PA"), kept.forget("PA")) == (2, 0)
    assert ReidentificationMap(path, KEY).find("PA") == []
    assert ReidentificationMap(path, KEY).find("PB") == [original(1, "PB")]


def test_a_writer_that_was_open_while_another_forgot_goes_on_in_the_new_file(path: Path) -> None:
    one, other = ReidentificationMap(path, KEY), ReidentificationMap(path, KEY)
    one.add(original(1, "PA"))
    other.forget("PA")
    one.add(original(2, "PB"))
    again = ReidentificationMap(path, KEY)
    assert (again.find("PA"), again.find("PB"), one.find("PA")) == ([], [original(2, "PB")], [])


def test_without_the_setting_no_map_is_kept(desk: Desk, tmp_path: Path) -> None:
    ingest(desk, tmp_path)
    assert open_map(desk.settings) is None
    assert reidentification.forget(desk.settings, "PA") == 0
    with pytest.raises(InputRefused, match="must have a map"):
        workflow.reidentify(desk, "P0000000000", REASON, "somebody")


@pytest.mark.parametrize(
    ("kept", "key"),
    [("home/map", "key/k"), ("map/m", "home/key"), ("map/m", "map/k"), ("map/m", None), ("map/m", "map/../home/k")],
)
def test_map_key_and_store_must_lie_apart(tmp_path: Path, kept: str, key: str | None) -> None:
    key_path = str(tmp_path / key) if key else ""
    settings = Settings(home=tmp_path / "home", reidentification=str(tmp_path / kept), reidentification_key=key_path)
    with pytest.raises(InputRefused, match="two folders"):
        open_map(settings)


def test_a_key_that_others_may_read_or_that_is_short_is_refused(apart: Desk) -> None:
    key = Path(apart.settings.reidentification_key)
    key.parent.mkdir()
    for content, mode in ((KEY, 0o640), (b"short", 0o600)):
        key.write_bytes(content)
        key.chmod(mode)
        with pytest.raises(InputRefused, match="for its owner alone"):
            open_map(apart.settings)


def test_a_key_that_is_gone_is_never_replaced_by_a_new_one(apart: Desk, tmp_path: Path) -> None:
    ingest(apart, tmp_path)
    Path(apart.settings.reidentification_key).unlink()
    with pytest.raises(StoreUnsound, match="no such file"):
        ingest(apart, tmp_path, "Meier-4712")
    assert not Path(apart.settings.reidentification_key).exists()


def test_a_case_leads_back_to_its_patient_and_the_asking_is_in_the_audit_trail(apart: Desk, tmp_path: Path) -> None:
    key = ingest(apart, tmp_path)
    for name in (key, key.partition("-")[0].lower()):
        (found,) = workflow.reidentify(apart, name, REASON, "Dr Who")
        assert (found.patient_id, len(found.instance_uids)) == ("Meier-4711", 4)
    asked = {"pseudonym": key.partition("-")[0], "reason": "clinical finding", "series": 1}
    assert audited(apart)[-2:] == [("Dr Who", "reidentified", asked)] * 2


def test_asking_in_vain_is_audited_and_a_name_that_is_no_pseudonym_is_not_repeated(apart: Desk) -> None:
    with pytest.raises(NotFound):
        workflow.reidentify(apart, "P0000000000", REASON, "Dr Who")
    with pytest.raises(InputRefused) as refused:
        workflow.reidentify(apart, "Meier-4711", REASON, "Dr Who")
    assert "Meier" not in str(refused.value)
    assert [details for _, _, details in audited(apart)] == [
        {"pseudonym": "P0000000000", "reason": "clinical finding", "series": 0}
    ]


def test_the_store_and_its_home_hold_nothing_of_the_map(apart: Desk, tmp_path: Path) -> None:
    ingest(apart, tmp_path)
    apart.store.close()
    kept = b"".join(file.read_bytes() for file in apart.settings.home.rglob("*") if file.is_file())
    assert b"Meier" not in kept
    assert not [file for file in apart.settings.home.rglob("*") if "map" in file.name]


def environment(desk: Desk) -> dict[str, str]:
    names = ("home", "reidentification", "reidentification_key")
    said = {f"SECONDLOOK_{name.upper()}": str(getattr(desk.settings, name)) for name in names}
    return os.environ | said | {"PYTHONPATH": str(ROOT), "TERM": "dumb"}


def call(desk: Desk, *words: str, terminal: int | None = None) -> subprocess.CompletedProcess[str]:
    code = "from services.cli import main; main()"
    out = subprocess.PIPE if terminal is None else terminal
    return subprocess.run(
        [sys.executable, "-c", code, "reidentify", *words],
        env=environment(desk), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True, check=False,
        timeout=60,
    )  # fmt: skip


def test_the_command_shows_a_patient_on_a_terminal_only(apart: Desk, tmp_path: Path) -> None:
    key = ingest(apart, tmp_path)
    piped = call(apart, key, "--reason", "clinical finding")
    assert (piped.returncode, piped.stdout) == (2, "")
    assert "on a terminal only" in piped.stderr
    ours, theirs = pty.openpty()
    shown = call(apart, key, "--reason", "clinical finding", terminal=theirs)
    os.close(theirs)
    assert shown.returncode == 0, shown.stderr
    assert f"{key.partition('-')[0]} is patient Meier-4711" in os.read(ours, 4096).decode()
    os.close(ours)


def test_the_command_gives_a_program_json_and_wants_a_reason(apart: Desk, tmp_path: Path) -> None:
    key = ingest(apart, tmp_path)
    found = json.loads(call(apart, key, "--json", "--reason", "return of results").stdout)
    assert [one["patient_id"] for one in found] == ["Meier-4711"]
    assert len(found[0]["instance_uids"]) == 4
    refused = call(apart, key, "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "clinical finding" in refused.stderr
