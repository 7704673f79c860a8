"""Each reader against the others, and a model against all readers.

Leave-one-out: a reader is compared with the majority of the others, so that nobody is judged by his own drawing. Where
an even number of others is split in halves, the mean of their signed distances decides (shape-based averaging,
Rohlfing and Maurer 2007, IEEE Trans Image Process 16:153): to take such voxels away, or to keep them, would make
everybody seem to draw too wide, or too narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.evaluation.measures import Measured
from services.experts.chance import ONE_READER, alpha_of_votes, fleiss_kappa
from services.experts.surfaces import Outline, bias, outlines_of, pairs
from services.experts.votes import count_votes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.experts.surfaces import Pair

    Mask = NDArray[np.bool_]

METHOD, VERSION = "agreement of readers", "1"
REGION = "the box around all that any reader drew"


class AgainstOthers(NamedTuple):
    """One reader beside the consensus of all others."""

    sensitivity: Measured
    """Share of the others' structure that the reader has too."""
    specificity: Measured
    """Share of the others' background, within REGION, that the reader leaves out too; larger in a larger region."""
    bias_mm: Measured
    """See `surfaces.bias`: positive where the reader draws wider than the others."""


@dataclass(frozen=True)
class Agreement:
    """How far the readers of one scan agree about one structure."""

    pairs: tuple[Pair, ...]
    kappa: Measured
    """Fleiss' kappa on REGION."""
    alpha: Measured
    """Krippendorff's alpha on REGION."""
    readers: tuple[AgainstOthers, ...]


def agreement(masks: Mask, spacing: Sequence[float]) -> Agreement:
    """Of masks (reader, k, j, i) of one structure; spacing in mm along (k, j, i). Never raises on empty masks."""
    outlines = outlines_of(masks, spacing)
    cropped = np.stack([outline.mask for outline in outlines])
    votes = count_votes(cropped, classes=2)
    others = [against_others(outlines, reader) for reader in range(len(outlines))]
    return Agreement(tuple(pairs(outlines)), fleiss_kappa(votes), alpha_of_votes(votes), tuple(others))


def against_others(outlines: Sequence[Outline], reader: int) -> AgainstOthers:
    """One reader against `consensus_of` all others; nan with a reason where there are none."""
    others = [outline for number, outline in enumerate(outlines) if number != reader]
    if not others:
        return AgainstOthers(*(Measured(math.nan, ONE_READER) for _ in range(3)))
    return against(outlines[reader], others)


def against(drawn: Outline, others: Sequence[Outline]) -> AgainstOthers:
    """An outline, of whomever, against `consensus_of` these; at least one."""
    reference = Outline(consensus_of(others), drawn.spacing)
    return AgainstOthers(
        _share(drawn.mask, reference.mask, "the others agree on nothing"),
        _share(~drawn.mask, ~reference.mask, "the others leave nothing out"),
        bias(drawn, reference),
    )


def consensus_of(outlines: Sequence[Outline]) -> Mask:
    """The majority; where it is split in halves, what lies inside by the mean signed distance of those who drew."""
    votes = np.stack([outline.mask for outline in outlines]).sum(axis=0, dtype=np.int64)
    inside: Mask = 2 * votes > len(outlines)
    tied: Mask = 2 * votes == len(outlines)
    if tied.any():
        who_drew = np.stack([outline.signed for outline in outlines if outline.mask.any()])
        inside[tied] = who_drew.mean(axis=0, dtype=np.float64)[tied] <= 0
    return inside


def _share(drawn: Mask, reference: Mask, reason: str) -> Measured:
    whole = int(np.count_nonzero(reference))
    return Measured(int(np.count_nonzero(drawn & reference)) / whole) if whole else Measured(math.nan, reason)
