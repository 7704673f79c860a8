"""Which cases without a flag are drawn at random for review: nothing else says how many failures no flag points at.

A case is drawn where a number made of its image's content, even on [0, 1), lies below the share. Nobody can choose it,
and it is the same each time: whoever removes a case and takes it in again draws the same lot. Stored once, with the
probability; see `promise` for what it is good for. Our own design.
"""

from __future__ import annotations

import hashlib

from db.records import NewFlag
from db.vocabulary import FlagReason

SHARE = 0.05
"""Of the cases without a flag, unless another is set."""
SEVERITY = 1
VERSION = "1"
WORDS = "Drawn at random for review, as a share of the cases without a flag is; this says nothing about the case."
_BYTES = 8


def lot_of(image: str) -> float:
    """Even on [0, 1), from the digest of a case's image: SHA-256 of it and of what it is for."""
    found = hashlib.sha256(f"audit draw {VERSION}|{image}".encode()).digest()[:_BYTES]
    return int.from_bytes(found) / float(2 ** (8 * _BYTES))


def is_drawn(image: str, share: float) -> bool:
    """Whether a case is drawn that has no flag. share: 0 draws none, 1 all."""
    return lot_of(image) < share


def audit_flag() -> NewFlag:
    """What the worklist says of a drawn case."""
    return NewFlag(FlagReason.AUDIT, SEVERITY, WORDS)
