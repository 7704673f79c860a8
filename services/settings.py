"""Where things are kept and how the server is reached: environment variables that begin with SECONDLOOK_."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.vocabulary import Role
from services.errors import InputRefused


def from_environment(**given: object) -> Settings:
    """The settings of this process; what is `given` and not None comes first. Raises InputRefused."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise InputRefused(
            f"The setting SECONDLOOK_{str(first['loc'][0]).upper()} must be valid.",
            f"{first['msg'][0].lower()}{first['msg'][1:]}.",
            "Correct that environment variable, or unset it to use the default.",
        ) from None


def user_data_folder() -> Path:
    """The data folder of this user: $XDG_DATA_HOME/secondlook, by default ~/.local/share/secondlook."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "secondlook"


class Settings(BaseSettings):
    """Settings of one installation; every field can be set as SECONDLOOK_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="SECONDLOOK_", extra="ignore", frozen=True)

    home: Path = user_data_folder()
    """Everything that is kept lives here."""
    database_url: str = ""
    """SQLAlchemy URL; empty: a SQLite file in `home`."""
    blob_url: str = ""
    """fsspec URL of the image store; empty: a folder in `home`."""
    host: str = "127.0.0.1"
    port: int = 8501
    allowed_hosts: str = ""
    """Further Host headers the server answers to, separated by commas."""
    user: str = "local reader"
    """The name that the printed sign-in link signs in and that reviews carry."""
    role: Role = Role.READER
    """What that person may see: a researcher or an admin sees the names of readers where others see letters."""
    reidentification: str = ""
    """File of the re-identification map, outside `home`; empty: no map is kept."""
    reidentification_key: str = ""
    """File of the map's key, in another folder than the map and outside `home`; made at the first call."""
    analyse: bool = True
    """Whether the cases of an upload and of the demonstration are analysed by the shipped models by themselves."""
    uncertainty: Literal["two-ensembles", "light"] = "two-ensembles"
    """How the shipped model comes to its doubt: two ensembles, or one network with two heads in a tenth of the time."""
    measure: bool = True
    """Whether cases are measured by themselves: after an intake, an analysis, an outline or a correction."""
    thresholds: str = ""
    """File of the thresholds that a decision hangs on; empty: the shipped example."""
    audit_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the cases without a flag that are drawn at random for review; 0 draws none."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "WARNING"

    @property
    def database(self) -> str:
        """The database URL in use."""
        return self.database_url or f"sqlite:///{self.home / 'secondlook.sqlite'}"

    @property
    def blobs(self) -> str:
        """The URL of the image store in use."""
        return self.blob_url or str(self.home / "blobs")

    def environment(self) -> dict[str, str]:
        """What tells a process that this one starts where everything is."""
        return {
            "SECONDLOOK_HOME": str(self.home),
            "SECONDLOOK_DATABASE_URL": self.database_url,
            "SECONDLOOK_BLOB_URL": self.blob_url,
            "SECONDLOOK_LOG_LEVEL": self.log_level,
            "SECONDLOOK_ANALYSE": str(self.analyse).lower(),
            "SECONDLOOK_UNCERTAINTY": self.uncertainty,
            "SECONDLOOK_MEASURE": str(self.measure).lower(),
            "SECONDLOOK_THRESHOLDS": self.thresholds,
            "SECONDLOOK_AUDIT_SHARE": str(self.audit_share),
        }

    def prepare_home(self) -> None:
        """Make the home folder, readable by its owner only."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)

    def secret(self, name: str) -> bytes:
        """The 32-byte secret called `name`, made at the first call; the file is readable by its owner only."""
        folder = self.home / "secrets"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{name}.key"
        if not path.exists():
            write_once(path, secrets.token_bytes(32))
        return path.read_bytes()


def write_once(path: Path, content: bytes) -> None:
    """Write a new file for its owner alone, completely or not at all; if another process was first, its file stays."""
    draft = path.with_suffix(f".{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
