"""How long each step of some work takes, measured where it runs."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Place = tuple[object, str]
"""A module, and the name of a function in it."""


class Steps:
    """Seconds by step; the time of a step within another counts for the inner one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    def _turn(self) -> None:
        """Give the time since the last turn to the step that ran."""
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def _timed(self, step: str, function: Callable[..., Any], *arguments: object, **options: object) -> object:
        self._turn()
        self._running.append(step)
        try:
            return function(*arguments, **options)
        finally:
            self._turn()
            self._running.pop()


@contextmanager
def measured(places: Mapping[str, tuple[Place, ...]]) -> Iterator[dict[str, float]]:
    """Seconds spent in each step while the block runs, by the functions that do it. One thread's calls only."""
    steps = Steps()
    with ExitStack() as stack:
        for step, functions in places.items():
            for module, name in functions:
                timed = partial(steps._timed, step, getattr(module, name))
                stack.enter_context(patch.object(module, name, timed))
        yield steps.seconds
