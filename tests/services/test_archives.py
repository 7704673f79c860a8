"""Zip and tar archives: the same cases as from a folder, within limits, and nothing left behind."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services import workflow
from services.errors import InputRefused
from services.imaging import archives
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.desk import Desk

AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in folder.rglob("*"):
            opened.write(path, path.relative_to(folder.parent))
    return archive


def tarred(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz" if archive.name.endswith("gz") else "w") as opened:
        opened.add(folder, folder.name)
    return archive


MAKERS: dict[str, Callable[[Path, Path], Path]] = {"case.zip": zipped, "case.tar": tarred, "case.tgz": tarred}


@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_gives_the_same_case_as_its_folder_and_leaves_nothing(desk: Desk, tmp_path: Path, name: str) -> None:
    folder = write_small_case(tmp_path / "sent" / "case")
    archive = MAKERS[name](folder, tmp_path / name)
    report = workflow.ingest(desk, archive)
    assert [case.layers_added for case in report.cases] == [5]
    assert [case.outcome for case in workflow.ingest(desk, folder).cases] == ["unchanged"]
    assert list((desk.settings.home / "unpacked").iterdir()) == []


def test_archives_in_a_folder_are_taken_in_beside_what_lies_there(desk: Desk, tmp_path: Path) -> None:
    values = np.zeros((4, 6, 6), dtype=np.int16)
    write_series(tmp_path / "sent" / "loose", values, AFFINE, SeriesFacts("a"))
    write_series(tmp_path / "packed", values, AFFINE, SeriesFacts("b"))
    zipped(tmp_path / "packed", tmp_path / "sent" / "b.zip")
    (tmp_path / "sent" / "broken.zip").write_bytes(b"PK no zip")
    report = workflow.ingest(desk, tmp_path / "sent")
    assert len(report.cases) == 2
    assert [(left_out.what, left_out.found) for left_out in report.skipped] == [
        ("archive 2 of 2", "one that is damaged or locked.")
    ]


NAMES = ["../../outside.dcm", "/etc/outside.dcm", "..\\..\\outside.dcm", "a/../../../outside.dcm"]


@pytest.mark.parametrize("name", NAMES)
def test_a_member_never_lands_outside_its_folder(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(name, b"content")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with archives.unpacked(tmp_path / "a.zip", tmp_path / "work") as folder:
        inside = [path for path in folder.rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in inside] == [b"content"]
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_links_and_devices_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as opened:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
        device = tarfile.TarInfo("device")
        device.type = tarfile.CHRTYPE
        opened.addfile(device)
    with archives.unpacked(tmp_path / "a.tar", tmp_path / "work") as folder:
        assert list(folder.rglob("*")) == []


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SMALL", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("zeros.dcm", bytes(10_000_000))
    refused(tmp_path / "a.zip", tmp_path, "more than that")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 100_000


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_name_as_long_as_a_bomb_is_not_read(tmp_path: Path, kind: bytes) -> None:
    record = tarfile.TarInfo("name")
    record.type, record.size = kind, 50_000_000
    (tmp_path / "a.tgz").write_bytes(gzip.compress(record.tobuf() + bytes(50_000_000)))
    refused(tmp_path / "a.tgz", tmp_path, "damaged or locked")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    with tarfile.open(tmp_path / "a.tar", "w") as opened:
        for number in range(4):
            opened.addfile(tarfile.TarInfo(f"{number}.dcm"), io.BytesIO())
    refused(tmp_path / "a.tar", tmp_path, "more than 3 files")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all" * 99])
def test_a_damaged_archive_is_refused_without_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / f"Meier^Anna-{name}"
    path.write_bytes(content)
    refused(path, tmp_path, "damaged or locked")


def refused(archive: Path, tmp_path: Path, found: str) -> None:
    with pytest.raises(InputRefused) as refusal, archives.unpacked(archive, tmp_path / "work"):
        pass
    assert found in refusal.value.found
    assert "Meier" not in str(refusal.value)
    assert list((tmp_path / "work").iterdir()) == []
