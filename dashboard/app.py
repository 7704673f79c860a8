"""The ASGI application: Streamlit, our HTTP routes, and the gate in front of both.

`python -P -m dashboard.app` serves it; `secondlook serve` does just that.
"""

from __future__ import annotations

import sys
import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from dashboard import context
from dashboard.gate import Gate
from dashboard.routes import routes
from services import logs
from services.access import sign_in_link
from services.foreman import Foreman
from services.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).parent
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def streamlit_options() -> dict[str, object]:
    """Our .streamlit/config.toml as dotted options: the wheel carries a copy inside this package."""
    packaged = HERE / "streamlit_config.toml"
    source = packaged if packaged.exists() else HERE.parent / ".streamlit" / "config.toml"
    return dict(_dotted(tomllib.loads(source.read_text(encoding="utf-8"))))


def build(settings: Settings) -> st.App:
    gatekeeper = context.access(settings)
    hosts = LOOPBACK | {settings.host} | {name.strip() for name in settings.allowed_hosts.split(",") if name.strip()}
    foreman = Foreman(context.desk(settings))

    @asynccontextmanager
    async def serving(_: st.App) -> AsyncIterator[None]:
        """The foreman comes and goes with the server."""
        foreman.start()
        yield
        await run_in_threadpool(foreman.stop)

    return st.App(
        HERE / "main.py",
        lifespan=serving,
        routes=routes(context.desk(settings), gatekeeper, foreman.call),
        middleware=[Middleware(Gate, access=gatekeeper, hosts=frozenset(hosts))],
    )


def main() -> None:
    settings = Settings()
    logs.keep_contents_out()
    logs.set_level(settings.log_level)
    app = build(settings)
    sys.stdout.write(f"\nSecond Look. Sign in here (good for twelve hours):\n\n  {sign_in_link(settings)}\n\n")
    sys.stdout.flush()
    options = streamlit_options() | {"server.port": settings.port, "server.address": settings.host}
    app.run(config=options)


def _dotted(table: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            pairs += _dotted(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", value))
    return pairs


if __name__ == "__main__":
    main()
