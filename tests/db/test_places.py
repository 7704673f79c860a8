"""A place that is full, locked or gone says so, and repeats nothing that could hold a key."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.blobs import BlobStore
from db.places import PlaceUnreachable
from tests.db.test_blobs import AFFINE, IMAGE
from tests.servers import S3Server

if TYPE_CHECKING:
    from pathlib import Path


def test_a_full_disk_leaves_neither_image_nor_draft(tmp_path: Path) -> None:
    """The operating system itself refuses to write more than 2000 bytes into one file."""
    big = np.random.default_rng(1).integers(0, 3000, (4, 40, 40)).astype(np.int16)
    blobs = BlobStore(str(tmp_path / "blobs"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            blobs.put(big, AFFINE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


UNREACHABLE = {
    "a bucket that is not there": ("no such bucket", lambda bucket: bucket.replace("/prefix", "-none/prefix"), {}),
    "no keys": ("keys", lambda bucket: bucket, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
    "a server that is gone": ("no answer", lambda bucket: bucket, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_a_place_that_cannot_be_reached_says_why_and_repeats_nothing(
    name: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, url, environment = UNREACHABLE[name]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(PlaceUnreachable, match=reason) as told:
        BlobStore(url(bucket))
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    assert "127.0.0.1" not in str(told.value)


def test_keys_that_are_not_accepted_are_said_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with S3Server(tmp_path / "log", refuses_everybody=True) as server:
        for variable, value in server.keys.items():
            monkeypatch.setenv(variable, value)
        with pytest.raises(PlaceUnreachable, match="keys that are missing or that it does not accept"):
            BlobStore("s3://bucket-0/prefix")


def test_a_server_that_goes_away_is_no_missing_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with S3Server(tmp_path / "log") as server:
        for variable, value in server.keys.items():
            monkeypatch.setenv(variable, value)
        blobs = BlobStore(f"s3://{server.new_bucket()}")
        digest = blobs.put(IMAGE, AFFINE).digest
    for ask in (blobs.get, blobs.verify, blobs.size, blobs.__contains__):
        with pytest.raises(PlaceUnreachable):
            ask(digest)
