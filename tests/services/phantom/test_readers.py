"""The rule-made models and readers: near the reference, and wrong in the known way where they are to be wrong."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from services import labels
from services.drawings import dice as dice_of
from services.flags import FRAGMENT_ML
from services.phantom.readers import Drawing, Failure, draw_all, draw_models, draw_readers
from services.phantom.vessels import Distances, label_map
from tests.services.phantom.small import GRID, PLAN, generated

VOXEL_ML = np.prod(GRID.spacing) / 1000


def distances() -> Distances:
    return generated(PLAN).distances


def reference() -> np.ndarray:
    return label_map(distances().outer, distances().lumen)


def drawn(failure: Failure, author: str) -> np.ndarray:
    drawings = [*draw_models(distances(), failure, 7), *readers()]
    (one,) = [drawing for drawing in drawings if drawing.author == author]
    return one.labels


@cache
def readers() -> tuple[Drawing, ...]:
    return tuple(draw_readers(generated(PLAN)))


def dice(first: np.ndarray, second: np.ndarray) -> float:
    value = dice_of(first > 0, second > 0)
    assert value is not None
    return value


def thickest() -> int:
    return int(np.argmax((reference() > 0).sum(axis=(1, 2))))


@pytest.mark.parametrize("author", ["Model A", "Reader 1", "Reader 2", "Reader 3", "Reader 4"])
def test_everybody_but_a_failing_model_is_near_the_reference(author: str) -> None:
    assert dice(drawn(Failure.GAP, author), reference()) > 0.82


def test_readers_by_rule_differ_as_they_are_made_to() -> None:
    by_rule = {drawing.author: drawing.labels for drawing in draw_all(distances(), Failure.NONE, 7)}
    assert (by_rule["Reader 1"] > 0).sum() > (reference() > 0).sum() > (by_rule["Reader 2"] > 0).sum()
    np.testing.assert_array_equal(by_rule["Reader 3"][9], by_rule["Reader 3"][8])
    for model in draw_models(distances(), Failure.NONE, 7):
        np.testing.assert_array_equal(by_rule[model.author], model.labels)


def test_three_readers_follow_the_iliac_arteries_and_the_fourth_does_not() -> None:
    iliacs = (distances().iliacs < 0) & (distances().outer > 2)
    followed = [int((reader.labels[iliacs] > 0).sum()) for reader in readers()]
    assert followed[0] > followed[1] > followed[2] > 3 * followed[3]


def test_each_failure_is_what_its_name_says() -> None:
    right = drawn(Failure.NONE, "Model B") > 0
    missed, leak, gap, fragment = (
        drawn(failure, "Model B") > 0
        for failure in (Failure.MISSED_THROMBUS, Failure.LEAK, Failure.GAP, Failure.FRAGMENT)
    )
    thick = thickest()
    assert (right & ~missed).sum() * VOXEL_ML > 5
    assert not (missed & ~right).any()
    assert (leak & ~right).sum() * VOXEL_ML > 3
    assert gap[thick + 14 : thick + 20].sum() < right[thick + 14 : thick + 20].sum() / 2
    assert (fragment & ~right).sum() * VOXEL_ML > FRAGMENT_ML


def test_a_probability_is_a_half_at_the_wall_and_softer_where_the_model_fails() -> None:
    (model,) = [one for one in draw_models(distances(), Failure.FRAGMENT, 7) if one.author == "Model B"]
    assert model.probability is not None
    assert 0 <= model.probability.min() < model.probability.max() <= 1
    np.testing.assert_array_equal(model.probability > 0.5, labels.inside_wall(model.labels, labels.DEFAULT))
    doubtful = ((model.probability > 0.1) & (model.probability < 0.9)).sum(axis=(1, 2))
    assert doubtful[thickest()] > 2 * doubtful[thickest() + 12]


def test_lumen_and_thrombus_by_hand() -> None:
    outer = np.float32([[1.0, -0.5, -8.0, -8.0, -1.0]])
    lumen = np.float32([[3.0, 1.0, -2.0, 4.0, 5.0]])
    np.testing.assert_array_equal(label_map(outer, lumen), [[0, 1, 1, 2, 2]])
