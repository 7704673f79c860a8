"""Is this installation, and what it keeps, sound? At opening, and thoroughly for `secondlook check`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from db.places import PlaceUnreachable
from services.errors import StoreUnsound

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTED_PYTHON = (3, 11)
NEEDED = ("streamlit", "sqlalchemy", "alembic", "pydicom", "highdicom", "nibabel", "numpy")

SQLITE_REASONS = {
    "SQLITE_FULL": "a full disk",
    "SQLITE_BUSY": "others that keep it busy",
    "SQLITE_READONLY": "no right to write to it",
    "SQLITE_CANTOPEN": "a file that cannot be opened",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it must be. `severity` is 'error' or 'note'."""

    severity: str
    must: str
    found: str
    todo: str


@contextmanager
def refusals() -> Iterator[None]:
    """Says in our own words why a store does not open. Addresses may hold passwords and are not repeated."""
    try:
        with answers():
            yield
    except OSError as error:
        found = f"{(error.strerror or 'an error of the file system').lower()}."
        todo = "Name another folder in SECONDLOOK_HOME, or make that one writable."
        raise StoreUnsound("SECONDLOOK_HOME must be a folder that you may write to.", found, todo) from error
    except ImportError:
        must = "A database or an image store elsewhere needs its own package."
        todo = "Run: python3 scripts/bootstrap.py --with postgres   or, for images on S3: --with s3"
        raise StoreUnsound(must, _addresses("a package that is not installed."), todo) from None
    except (ArgumentError, ValueError):
        must = "SECONDLOOK_DATABASE_URL and SECONDLOOK_BLOB_URL must name what this installation can open."
        raise StoreUnsound(must, "an address that it cannot.", "Correct it, or unset it to use the default.") from None
    except CommandError as error:
        must = "The database must have been made by this version or an older one."
        raise StoreUnsound(
            must, "one that a newer version made.", "Install the newer version of Second Look."
        ) from error
    except SQLAlchemyError as error:
        todo = "Restore it from a backup, or start anew with another SECONDLOOK_HOME."
        raise StoreUnsound("The database must be readable.", "one that is not.", todo) from error


@contextmanager
def answers() -> Iterator[None]:
    """Says in our own words that a database or an image store does not answer. What they say may hold keys."""
    try:
        yield
    except PlaceUnreachable as reason:
        todo = (
            "Check SECONDLOOK_BLOB_URL, the keys in the environment (AWS_ACCESS_KEY_ID, ...), and that its server runs."
        )
        raise StoreUnsound("The image store must be reachable.", f"{reason}.", todo) from None
    except OperationalError as error:
        todo = "Check that its server runs and lets you in, that its disk is not full, and try again."
        raise StoreUnsound("The database must answer.", f"{_reason(error)}.", todo) from None


def installation() -> Iterator[Problem]:
    """What is wrong with the programs, apart from what is stored."""
    if sys.version_info[:2] != TESTED_PYTHON:
        found = f"Python {sys.version_info.major}.{sys.version_info.minor}."
        yield Problem("note", "Second Look is tested with Python 3.11.", found, "Use 3.11 if something fails.")
    for name in NEEDED:
        try:
            version(name)
        except PackageNotFoundError:
            yield Problem("error", f"The package {name} must be installed.", "it is not.", "Run `make demo` again.")


def _addresses(found: str) -> str:
    return f"SECONDLOOK_DATABASE_URL or SECONDLOOK_BLOB_URL asks for {found}"


def _reason(error: OperationalError) -> str:
    """SQLite's own words, which hold no address; PostgreSQL's do, and are not repeated."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return SQLITE_REASONS.get(name, "no answer")
