"""Corrections by clicks: the use-cases. `Desk.corrections` leads here, the work is done by the assistant.

A request is what a page sends (see `correcting.requests`), an answer what it is told; this process loads no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from services.segmentation import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = dict[str, Any]

NO_LIBRARIES = "Clicks are answered by a network, whose libraries are not installed. Run: python3 scripts/bootstrap.py"


class Asked(Protocol):
    """Who answers: the assistant's process, or `correcting.answering.Answers` in this one."""

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """The answer. Raises SecondLookError."""


@dataclass(frozen=True)
class Corrections:
    """Masks that readers correct by clicks. Each method raises NotFound, InputRefused and AssistantLost."""

    assistant: Asked
    saved: Callable[[str, str], object] | None = None
    """Hears, where a correction was kept, whose it is and of which case."""

    def why_not(self) -> str:
        """Why nothing can be corrected here, and what to do; '' where it can. Loads no library."""
        return "" if installed.can_run() else f"{NO_LIBRARIES} --with analysis"

    def prepare(self, key: str, request: Mapping[str, Any]) -> Answer:
        """Read the image and load the network before the first click: `layer`, `index`. Nothing is kept."""
        return self._ask("prepare", key, request)

    def click(self, key: str, request: Mapping[str, Any]) -> Answer:
        """The mask of a slice after its newest click. Nothing is kept.

        request: `layer`, `index`, `mask`, `clicks` of this slice, `count` of the session. Answer: `mask`, `changed`,
        `phase`, `untouched` (SHA-256 of what the click did not touch, the same before and after), `note`,
        `milliseconds`.
        """
        return self._ask("click", key, request)

    def carry(self, key: str, request: Mapping[str, Any]) -> Answer:
        """The slices from `first` to `last` that the clicks of a corrected slice change as well. Nothing is kept.

        request: as of `click` with the corrected `mask`, `first`, `last`, and `slices`: what the session has of
        others. Answer: `slices`, by number as `click` answers.
        """
        return self._ask("carry", key, request)

    def save(self, key: str, actor: str, request: Mapping[str, Any]) -> Answer:
        """Keep a correction as a label map of `actor`: 'correction 1'. The layer that it began with stays.

        request: `layer`, `slices`, `clicks` as [slice, row, column, positive, changed], `seconds`. Answer: `layer`, the
        new one, its `version` and `author`, and `text`.
        """
        answer = self._ask("save", key, request, actor=actor)
        if self.saved is not None:
            self.saved(actor, key)
        return answer

    def _ask(self, what: str, key: str, request: Mapping[str, Any], **more: str) -> Answer:
        return self.assistant.ask({**request, "do": what, "case": key, **more})
