"""Uploads on their way in: within limits, inside their folder, whole or not at all, gone afterwards."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InputRefused, NotFound
from services.incoming import KEPT_SECONDS, Incoming, Limits, Size, _neutral

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0" * 32


@pytest.fixture
def incoming(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "incoming")


def send(incoming: Incoming, token: str, name: str, content: bytes = b"content", size: int | None = None) -> None:
    with incoming.receiving(token, name, len(content) if size is None else size) as file:
        file.write(content)


def names(incoming: Incoming, token: str) -> list[str]:
    content = incoming.content(token)
    return sorted(str(path.relative_to(content)) for path in content.rglob("*") if path.is_file())


def test_an_upload_is_readable_by_its_owner_only(incoming: Incoming) -> None:
    token = incoming.begin(1, 7)
    send(incoming, token, "ct.nii.gz")
    assert re.fullmatch(r"[0-9a-f]{32}", token)
    folders = [incoming.root, incoming.root / token, incoming.content(token)]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 3
    assert (incoming.content(token) / "ct.nii.gz").stat().st_mode & 0o777 == 0o600


def test_names_that_intake_reads_are_kept_and_the_others_are_not(incoming: Incoming) -> None:
    token = incoming.begin(5, 100)
    for name in ("c/ct/Meier^Anna.dcm", "c/ct/1.2.840.4711", "c/readers/reader one.nii.gz", "c/case.toml", "Meier.zip"):
        send(incoming, token, name)
    kept = names(incoming, token)
    assert {"c/readers/reader one.nii.gz", "c/case.toml"} < set(kept)
    assert not re.search("Meier|4711", " ".join(kept))
    assert sorted(name[-4:] for name in kept if name.startswith("c/ct/") or "/" not in name)[:2] == [".dcm", ".zip"]


@pytest.mark.parametrize(
    "name",
    [
        *("../x.nii", "a/../../x.nii", "/etc/passwd", "", ".", "a//b", "a/./b", "..\\x", "C:\\..\\x", "a\x00b"),
        "n" * 300,
        "/".join("a" * 40),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(incoming: Incoming, tmp_path: Path, name: str) -> None:
    token = incoming.begin(1, 7)
    with pytest.raises(InputRefused):
        send(incoming, token, name)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@given(st.text(max_size=60))
def test_no_name_whatever_leads_out_of_its_upload(name: str) -> None:
    try:
        place = _neutral(TOKEN, name)
    except (InputRefused, UnicodeEncodeError):
        return
    assert not place.is_absolute()
    assert not {"..", ".", ""} & set(place.parts)


def test_a_file_that_breaks_off_leaves_nothing(incoming: Incoming) -> None:
    token = incoming.begin(2, 20)
    with pytest.raises(InputRefused, match="whole"):
        send(incoming, token, "ct.nii.gz", b"half", size=8)
    with suppress(ConnectionError), incoming.receiving(token, "ct.nii.gz", 8) as file:
        file.write(b"half")
        raise ConnectionError
    assert [path for path in (incoming.root / token).rglob("*") if path.is_file()] == []


def test_what_arrived_whole_is_not_asked_for_again(incoming: Incoming) -> None:
    token = incoming.begin(3, 21)
    send(incoming, token, "ct/Meier.dcm")
    assert incoming.missing(token, [("ct/Meier.dcm", 7), ("ct/Meier.dcm", 8), ("ct/other.dcm", 7)]) == [1, 2]


def test_a_file_sent_twice_counts_once(incoming: Incoming) -> None:
    token = incoming.begin(1, 7)
    send(incoming, token, "ct.nii.gz", b"four")
    send(incoming, token, "ct.nii.gz", b"content")
    assert incoming.size(token) == Size(1, 7)
    assert Incoming(incoming.root).size(token) == Size(1, 7)


@pytest.mark.parametrize(("files", "size"), [(3, 10), (2, 11)])
def test_more_than_the_limits_is_refused_before_and_while_it_comes(tmp_path: Path, files: int, size: int) -> None:
    incoming = Incoming(tmp_path / "incoming", Limits(files=2, size=10))
    with pytest.raises(InputRefused, match="One upload may hold"):
        incoming.begin(files, size)
    token = incoming.begin(1, 1)
    for number in range(files - 1):
        send(incoming, token, f"{number}.nii", b"x")
    with pytest.raises(InputRefused, match="One upload may hold"):
        send(incoming, token, "one too many.nii", b"x" * (size - files + 1))


def test_more_than_half_of_the_free_disk_is_refused(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path / "incoming", Limits(size=2**60))
    with pytest.raises(InputRefused, match="half of the free disk"):
        incoming.begin(1, 2**59)


def test_a_closed_upload_opens_under_its_new_name_only(incoming: Incoming) -> None:
    token = incoming.begin(1, 7)
    send(incoming, token, "ct.nii.gz")
    kept = incoming.close(token)
    assert names(incoming, kept) == ["ct.nii.gz"]
    for use in (incoming.content, incoming.close, incoming.size):
        with pytest.raises(NotFound):
            use(token)


def test_an_empty_upload_is_not_taken_in(incoming: Incoming) -> None:
    with pytest.raises(InputRefused, match="must hold files"):
        incoming.close(incoming.begin(0, 0))


@pytest.mark.parametrize("token", ["", "..", "../..", "0" * 31, "0" * 32, "/etc", "0" * 31 + "/"])
def test_a_token_that_names_no_upload_opens_and_removes_nothing(incoming: Incoming, token: str) -> None:
    incoming.begin(1, 7)
    before = sorted(incoming.root.rglob("*"))
    incoming.remove(token)
    with pytest.raises(NotFound):
        incoming.content(token)
    assert sorted(incoming.root.rglob("*")) == before


def test_what_nobody_has_touched_for_a_day_is_swept_away(incoming: Incoming) -> None:
    old, needed, fresh = (incoming.begin(1, 7) for _ in range(3))
    for token in (old, needed):
        os.utime(incoming.root / token, (0, time.time() - KEPT_SECONDS - 1))
    incoming.sweep(frozenset({needed}))
    assert [incoming.is_there(token) for token in (old, needed, fresh)] == [False, True, True]
