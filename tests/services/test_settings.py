"""Where things are kept: nothing is readable by others, and a secret is made once."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from services.settings import Settings, user_data_folder

if TYPE_CHECKING:
    import pytest


def test_everything_lies_under_home_unless_said_otherwise(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.database == f"sqlite:///{tmp_path}/secondlook.sqlite"
    assert settings.blobs == f"{tmp_path}/blobs"


def test_the_default_is_the_users_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert user_data_folder() == Path.home() / ".local" / "share" / "secondlook"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_data_folder() == tmp_path / "secondlook"


def test_home_and_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.prepare_home()
    settings.secret("session")
    for path, mode in (("", 0o700), ("secrets", 0o700), ("secrets/session.key", 0o600)):
        assert stat.S_IMODE((settings.home / path).stat().st_mode) == mode


def test_a_secret_is_32_bytes_and_stays_the_same(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    first = settings.secret("session")
    assert len(first) == 32
    assert settings.secret("session") == first
    assert settings.secret("pseudonym") != first


def test_processes_that_come_at_the_same_time_get_one_secret(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(settings.secret("session"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["session.key"]
