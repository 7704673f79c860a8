"""Whether a model's outline of a case is unacceptable, and who says so. A rule of our own.

The newest review of a case decides. Without one a reference does, where there is one: the Dice of the outer wall, or
the error of the largest diameter. A case with neither is not known to be either.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

from db.vocabulary import Verdict

LEAST_DICE = 0.80
"""Dice of the outer wall below which an outline is unacceptable; set before anything was measured."""
LARGEST_ERROR_MM = 5.0
"""Error of the largest diameter from which on an outline is unacceptable, whichever its sign."""
UNACCEPTABLE = frozenset({Verdict.MAJOR_EDIT, Verdict.REJECT})
NOT_JUDGED = "nobody has reviewed this case, and it has no reference"
NOT_ASSESSABLE = "its review says that it cannot be assessed"
VERSION = "1"


class Evidence(StrEnum):
    """What an acceptance rests on."""

    VERDICT = "verdict"
    REFERENCE = "reference"


class Acceptance(NamedTuple):
    """Whether an outline is unacceptable; None with the reason where that is not known."""

    unacceptable: bool | None
    evidence: Evidence | None
    reason: str
    """In words what decided, or why nothing did."""


def acceptance_of(
    verdict: Verdict | None, *, dice: float | None = None, diameter_error_mm: float | None = None
) -> Acceptance:
    """Of the newest verdict, and the outline's Dice and diameter error (mm) against a reference; None or nan: unknown.

    A case that its reader could not assess is not judged by a reference either: the image itself is in doubt.
    """
    if verdict is Verdict.NOT_ASSESSABLE:
        return Acceptance(None, Evidence.VERDICT, NOT_ASSESSABLE)
    if verdict is not None:
        return Acceptance(verdict in UNACCEPTABLE, Evidence.VERDICT, f"its review says {verdict.value}")
    overlap, error = _known(dice), _known(diameter_error_mm)
    if overlap is None and error is None:
        return Acceptance(None, None, NOT_JUDGED)
    bad = overlap is not None and overlap < LEAST_DICE
    far = error is not None and abs(error) >= LARGEST_ERROR_MM
    return Acceptance(bad or far, Evidence.REFERENCE, _said(overlap, error))


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _said(overlap: float | None, error: float | None) -> str:
    parts = [f"Dice of the outer wall {overlap:.2f}"] if overlap is not None else []
    parts += [f"diameter error {abs(error):.1f} mm"] if error is not None else []
    return " and ".join(parts)
