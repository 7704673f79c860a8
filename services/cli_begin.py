"""What every command begins with: its settings, and the option --json. See cli."""

from __future__ import annotations

from typing import Annotated

import typer

from services import logs
from services.settings import Settings, from_environment

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]


def begin(host: str | None = None, port: int | None = None) -> Settings:
    """The settings of this process, and what was said on the command line; logs as they say. Raises InputRefused."""
    settings = from_environment(host=host, port=port)
    logs.set_level(settings.log_level)
    return settings
