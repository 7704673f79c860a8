"""What is asked of a promptable model, and what it answers. Coordinates are pixels of the model's square picture.

A picture is (3, side, side) float32, 0 to 1; an embedding is what the image encoder makes of it, computed once a slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


class Box(NamedTuple):
    """A rectangle, first and last pixel included; row down, column right."""

    first_row: float
    first_column: float
    last_row: float
    last_column: float


class Click(NamedTuple):
    """A point that belongs to what is wanted, or does not."""

    row: float
    column: float
    positive: bool = True


@dataclass(frozen=True)
class Exemplar:
    """Another slice on which the wanted thing is known."""

    embedding: NDArray[np.float16]
    mask: NDArray[np.bool_]
    """(side, side)."""


@dataclass(frozen=True)
class Prompt:
    """Any of these together; at least one."""

    box: Box | None = None
    clicks: tuple[Click, ...] = ()
    mask: NDArray[np.float32] | None = None
    """(side, side) logits of an answer before; positive inside."""
    exemplar: Exemplar | None = None


class Answer(NamedTuple):
    """What a model says to one prompt."""

    logits: NDArray[np.float32]
    """(side, side); the sigmoid is the probability."""
    quality: float
    """The model's own guess of its IoU, 0 to 1 for most models; not calibrated."""


class Promptable(Protocol):
    """A promptable model, ready to answer."""

    @property
    def key(self) -> str:
        """Name and version: 'LiteMedSAM@0.1.1'."""

    @property
    def side(self) -> int:
        """Rows and columns of a picture."""

    @property
    def identity(self) -> Mapping[str, object]:
        """What a result's parameters keep: model, list of the weights' SHA-256, engine."""

    def embed(self, picture: NDArray[np.float32]) -> NDArray[np.float16]:
        """The embedding (channels, rows, columns) of a picture (3, side, side)."""

    def answer(self, embedding: NDArray[np.float16], prompt: Prompt) -> Answer:
        """What the prompt points at. Raises ValueError for a prompt that says nothing."""

    def answers(self, embedding: NDArray[np.float16], prompts: Sequence[Prompt]) -> list[Answer]:
        """The same of several prompts about one embedding, in their order."""


def require_a_say(prompt: Prompt) -> None:
    """Raises ValueError for a prompt that says nothing. An exemplar must be made a box before it is asked."""
    if prompt.box is None and not prompt.clicks and prompt.mask is None:
        raise ValueError("A prompt must have a box, a click or a mask. Found: none of them. Give one.")
