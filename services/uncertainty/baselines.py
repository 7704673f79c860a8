"""What the two uncertainties are compared with: other ways to several answers of networks about one scan.

Each way gives an `Uncertainty`, by the same sums as an ensemble does, and so every measure of `maps_of`:

* a deep ensemble (Lakshminarayanan et al. 2017, arXiv:1612.01474): its members, `segmentation.ensemble.together`;
* Monte Carlo dropout (Gal and Ghahramani 2016, arXiv:1506.02142): one network, with values left out by chance;
* test-time augmentation (Wang et al. 2019, doi:10.1016/j.neucom.2019.01.103), 16 passes as in ValUES (Kahl et al. 2024,
  arXiv:2401.08501): one network on the image as it is and mirrored in seven ways, each without and with noise. The
  strength of the noise is ours.

One pass at a time, only sums are kept.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np

from services.uncertainty.decomposition import Decomposition, softmax_response
from services.uncertainty.expert_guided import total_of
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from services.segmentation.card import ModelCard
    from services.segmentation.engine import Engine, Engines
    from services.segmentation.ensemble import Sight
    from services.uncertainty.decomposition import Uncertainty

DROPOUT_PASSES = 16
"""As many as test-time augmentation has."""
NOISE_HU = 20.0
"""Standard deviation of the noise that is added to the image; what leaves the card's HU window is clipped to it."""
FLIPS = tuple(chain.from_iterable(combinations((0, 1, 2), count) for count in range(4)))
"""The axes that are mirrored: none, each, each two, all three."""
AUGMENTATION_PASSES = 2 * len(FLIPS)


class Flipped:
    """An engine that sees every window mirrored along some of k, j, i; its answers are mirrored back."""

    def __init__(self, engine: Engine, axes: tuple[int, ...]) -> None:
        self._engine, self._axes = engine, axes
        self.name = engine.name

    def probabilities(self, windows: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """See `Engine`."""
        seen = (np.ascontiguousarray(np.flip(window, tuple(2 + axis for axis in self._axes))) for window in windows)
        for answer in self._engine.probabilities(seen):
            yield np.flip(answer, tuple(1 + axis for axis in self._axes))


def dropout(
    sight: Sight, card: ModelCard, done: Callable[[], None], *, seed: int, passes: int = DROPOUT_PASSES
) -> Uncertainty:
    """The first member of a card, so many times; of two heads the hard one. `done` is called after every window.

    Raises InputRefused where it learnt without dropout.
    """
    from services.segmentation.dropout import dropping_engine  # noqa: PLC0415 -- heavy: loads torch

    engine, sums = dropping_engine(card, card.members[0], seed), Decomposition()
    for _ in range(passes):
        sums.add(_classes(card, sight.answer(engine, card.outputs, done)))
    return sums.result()


def augmentation(
    sight: Sight, card: ModelCard, engines: Engines, done: Callable[[], None], *, seed: int
) -> Uncertainty:
    """The first member of a card on AUGMENTATION_PASSES images; of two heads the hard one."""
    engine, sums, rng = engines(card, card.members[0]), Decomposition(), np.random.default_rng(seed)
    low, high = card.window_hu
    for axes in FLIPS:
        noise = rng.normal(0, NOISE_HU / (high - low), sight.image.shape).astype(np.float32)
        for image in (sight.image, np.clip(sight.image + noise, 0, 1)):
            sums.add(_classes(card, sight.answer(Flipped(engine, axes), card.outputs, done, image)))
    return sums.result()


def maps_of(found: Uncertainty) -> dict[Measure, NDArray[np.float32]]:
    """Every measure of some answers, (k, j, i) each; without those that one answer alone leaves undefined."""
    maps = {
        Measure.ALEATORIC: found.bernoulli_variance,
        Measure.EPISTEMIC: found.member_variance,
        Measure.TOTAL: total_of(found.bernoulli_variance, found.member_variance),
        Measure.PREDICTIVE: found.predictive_entropy,
        Measure.EXPECTED: found.expected_entropy,
        Measure.MUTUAL: found.mutual_information,
        Measure.SOFTMAX: softmax_response(found.mean),
    }
    return {measure: values for measure, values in maps.items() if values is not None}


def _classes(card: ModelCard, answer: NDArray[np.float32]) -> NDArray[np.float32]:
    return answer[: 1 + len(card.classes)]
