"""Other ways to several answers: mirrored and noisy images, and values left out; known engines and tiny networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.records import Region
from services.errors import InputRefused
from services.segmentation.card import Layout
from services.segmentation.ensemble import Sight
from services.segmentation.grids import Scan
from services.uncertainty.baselines import (
    AUGMENTATION_PASSES,
    FLIPS,
    NOISE_HU,
    Flipped,
    augmentation,
    dropout,
    maps_of,
)
from services.uncertainty.names import Measure
from tests.services.segmentation.known_engines import ByIntensity, LowestHalf, card_of
from tests.services.segmentation.random_models import random_model

if TYPE_CHECKING:
    from services.segmentation.card import ModelCard

CARD = card_of(Path(), 1)
LN2 = float(np.log(2))


def unheard() -> None:
    """Nobody counts."""


def sight_of(card: ModelCard, hounsfield: np.ndarray) -> Sight:
    scan = Scan(hounsfield.astype(np.int16), (2.0, 2.0, 2.0))
    return Sight.of(scan, card, Region((0, 0, 0), hounsfield.shape))


def block() -> np.ndarray:
    scan = np.full((16, 16, 16), -100)
    scan[4:8, 6:10, 3:12] = 350
    return scan


def test_there_are_sixteen_passes_and_each_mirror_image_is_another() -> None:
    assert AUGMENTATION_PASSES == 16
    assert len(set(FLIPS)) == 8


@pytest.mark.parametrize("axes", FLIPS)
def test_an_engine_that_knows_no_direction_answers_a_mirrored_window_as_the_window(axes: tuple[int, ...]) -> None:
    window = np.random.default_rng(0).random((1, 1, 4, 5, 6), dtype=np.float32)
    plain, turned = (next(iter(one.probabilities([window]))) for one in (ByIntensity(), Flipped(ByIntensity(), axes)))
    np.testing.assert_array_equal(plain, turned)


def test_an_answer_that_hangs_on_up_and_down_is_in_doubt_and_one_that_does_not_is_not() -> None:
    """Half of the passes see the scan upside down: lumen in the lower half of half of them, a coin everywhere."""
    counted: list[int] = []
    found = augmentation(sight_of(CARD, block()), CARD, lambda *_: LowestHalf(), lambda: counted.append(1), seed=1)
    assert found.members == len(counted) == 16
    np.testing.assert_allclose(found.mean[1], 0.5, atol=1e-5)
    assert found.mutual_information is not None
    np.testing.assert_allclose(found.mutual_information, LN2, atol=1e-5)
    steady = augmentation(sight_of(CARD, block()), CARD, lambda *_: ByIntensity(), unheard, seed=1)
    assert steady.member_variance is not None
    assert steady.member_variance.max() < 1e-6
    np.testing.assert_array_equal(steady.mean.argmax(axis=0) == 1, block() == 350)


def test_noise_moves_what_lies_close_to_a_threshold_the_same_way_for_the_same_seed() -> None:
    """210 HU is 10 above the threshold of lumen, half a standard deviation of the noise that every second pass has."""
    seen = sight_of(CARD, np.full((16, 16, 16), 210))
    first, second, other = (
        augmentation(seen, CARD, lambda *_: ByIntensity(), unheard, seed=seed).mean[1] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    assert first.mean() == pytest.approx(0.5 + 0.5 * 0.691, abs=0.01)
    assert NOISE_HU == 20


@pytest.fixture
def dropping(tmp_path: Path) -> ModelCard:
    layout = Layout((4, 8, 8), (2, 2), 1, 0.2)
    return random_model(tmp_path, layout=layout, members=1)


def test_dropout_gives_other_answers_every_time_and_the_same_ones_for_the_same_seed(dropping: ModelCard) -> None:
    seen = sight_of(dropping, block())
    first, second, other = (dropout(seen, dropping, unheard, seed=seed, passes=4) for seed in (1, 1, 2))
    assert (first.members, first.mean.tobytes()) == (4, second.mean.tobytes())
    assert first.member_variance is not None
    assert first.member_variance.max() > 0
    assert first.mean.tobytes() != other.mean.tobytes()


def test_a_network_that_learnt_without_dropout_is_refused(dropping: ModelCard) -> None:
    without = replace(dropping, layout=Layout((4, 8, 8), (2, 2), 1))
    with pytest.raises(InputRefused, match="must have learnt with dropout"):
        dropout(sight_of(without, block()), without, unheard, seed=1)


def test_every_measure_is_there_for_several_answers(dropping: ModelCard) -> None:
    seen = sight_of(dropping, block())
    several = maps_of(dropout(seen, dropping, unheard, seed=1, passes=2))
    assert set(several) == set(Measure)
    np.testing.assert_allclose(
        several[Measure.TOTAL], several[Measure.ALEATORIC] + several[Measure.EPISTEMIC], atol=1e-7
    )
    alone = maps_of(dropout(seen, dropping, unheard, seed=1, passes=1))
    assert set(Measure) - set(alone) == {Measure.MUTUAL, Measure.EPISTEMIC, Measure.TOTAL}
