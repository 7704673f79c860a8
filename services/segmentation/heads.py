"""Which channels of a network with two heads say what: logits of hard labels, logits of soft labels, and the spread."""

from __future__ import annotations

from typing import NamedTuple


class Heads(NamedTuple):
    """Where each of the three lies among the channels that come out."""

    hard: slice
    """Logits of what is exact: their softmax is the probability of each class."""
    soft: slice
    """Logits of what readers say: their softmax is the share of readers that would give each class."""
    spread: int
    """Its softplus is the standard deviation over an ensemble's members; squared, the variance summed over classes."""

    @property
    def outputs(self) -> int:
        """Channels in all."""
        return self.spread + 1


def heads_of(classes: int) -> Heads:
    """The heads of a network of so many classes, background included: hard 0 to C - 1, soft C to 2C - 1, spread 2C."""
    return Heads(slice(0, classes), slice(classes, 2 * classes), 2 * classes)
