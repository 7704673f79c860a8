"""What the flags of a case come to in a word: the level of the most severe one, and no sum."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOK, FIRST = 2, 3
"""Severities of a flag that says look, and look first; 1 says look too, and sorts below."""


class Level(StrEnum):
    """Whether a case is to be looked at."""

    NONE = "none"
    LOOK = "look"
    LOOK_FIRST = "look first"


def level_of(severities: Iterable[int]) -> Level:
    """Of a case's flags."""
    most = max(severities, default=0)
    return Level.NONE if most == 0 else Level.LOOK_FIRST if most >= FIRST else Level.LOOK
