"""From a scan to the two uncertainties: with a companion, without one, and by one network with two heads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.errors import InputRefused
from services.segmentation import loading
from services.segmentation.card import Format, Member, ModelCard
from services.segmentation.engine import Engine, KeptNetworks, OpenVinoEngine, TorchEngine
from services.segmentation.inference import predict
from tests.services.segmentation.known_engines import ByIntensity, ByTwoHeads, LowestHalf, card_of
from tests.services.segmentation.random_models import random_model

FOLDER = Path()
AORTA = card_of(FOLDER, 2)
SOFT = replace(card_of(FOLDER, 3), name="soft", companion_of=AORTA.key)
LIGHT = replace(card_of(FOLDER, 1), name="light", companion_of=AORTA.key, format=Format.TWO_HEADS)
AFFINE = np.array([[0, 0, 2.0, 0], [0, 2.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])


def tube() -> np.ndarray:
    scan = np.full((16, 20, 20), -100, dtype=np.int16)
    scan[:, 4:16, 4:16] = 100
    scan[:, 8:12, 8:12] = 300
    return scan


def known(card: ModelCard, member: Member) -> Engine:
    """A: sure by intensity, or of the lowest half. The companion tosses a three-sided coin everywhere."""
    if card.name == "soft":
        return ByIntensity(logit=0.0)
    return ByTwoHeads(0.3) if card.name == "light" else ByIntensity() if member.seed else LowestHalf()


def test_the_aleatoric_part_is_the_companions_and_the_mask_stays_the_ensembles() -> None:
    """A three-sided coin: 3 x 1/3 x 2/3. Members apart by 1 in two classes: 2 x 1/4, and alike where both say lumen."""
    found = predict(tube(), AFFINE, AORTA, companion=SOFT, engines=known)
    alone = predict(tube(), AFFINE, AORTA, engines=known)
    assert found.aleatoric is not None
    assert found.epistemic is not None
    assert found.total is not None
    np.testing.assert_allclose(found.aleatoric, 2 / 3, atol=1e-5)
    np.testing.assert_allclose(found.epistemic[:8, 8:12, 8:12], 0, atol=1e-5)
    np.testing.assert_allclose(found.epistemic[9:, 8:12, 8:12], 0.5, atol=1e-5)
    np.testing.assert_array_equal(found.total, found.aleatoric + found.epistemic)
    for name in ("probability", "mask", "predictive_entropy", "epistemic"):
        np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
    assert alone.aleatoric is None
    assert {"aleatoric", "total"} == set(alone.missing)
    assert not found.missing


def test_the_parameters_name_the_weights_and_seeds_of_both_ensembles() -> None:
    said = predict(tube(), AFFINE, AORTA, companion=SOFT, engines=known).parameters
    assert (said["uncertainty"], said["companion"]) == ("two ensembles", "soft@1")
    assert (said["seeds"], said["companion_seeds"]) == ([0, 1], [0, 1, 2])
    assert said["companion_weights_sha256"] == [member.sha256 for member in SOFT.members]
    assert json.loads(json.dumps(said)) == said
    assert predict(tube(), AFFINE, AORTA, engines=known).parameters["uncertainty"] == "ensemble"


def test_progress_counts_the_windows_of_both_ensembles() -> None:
    heard: list[tuple[str, int, int]] = []
    predict(tube(), AFFINE, AORTA, companion=SOFT, engines=known, progress=lambda *said: heard.append(said))
    windows = 1 * 2 * 2
    assert heard == [("segmenting", done, 5 * windows) for done in range(5 * windows + 1)]


@pytest.mark.parametrize("other", [{"patch": (8, 8, 8)}, {"spacing_mm": (1.0, 1.0, 1.0)}, {"classes": {1: "aorta"}}])
def test_a_companion_that_sees_something_else_is_refused_before_any_network_is_asked(other: dict[str, object]) -> None:
    def nobody(*_: object) -> Engine:
        raise AssertionError

    with pytest.raises(InputRefused, match="soft@1"):
        predict(tube(), AFFINE, AORTA, companion=replace(SOFT, **other), engines=nobody)  # type: ignore[arg-type]


def test_one_network_with_two_heads_gives_the_mask_by_one_and_the_doubt_by_the_others() -> None:
    """A coin between two classes: 2 x 1/4. A spread of 0.3, squared."""
    found = predict(tube(), AFFINE, LIGHT, engines=known)
    scan = tube()
    np.testing.assert_array_equal(found.mask, np.select([scan > 200, scan > 0], [1, 2], 0))
    assert found.probability.shape[0] == 3
    assert found.aleatoric is not None
    assert found.epistemic is not None
    np.testing.assert_allclose(found.aleatoric, 0.5, atol=1e-5)
    np.testing.assert_allclose(found.epistemic, 0.09, atol=1e-5)
    assert (found.members, found.parameters["uncertainty"]) == (1, "one network, two heads")
    assert set(found.missing) == {"mutual information", "expected entropy"}


def test_both_engines_answer_alike_for_two_heads(tmp_path: Path) -> None:
    """Probabilities of either head sum to 1, and the spread is above 0."""
    card = random_model(tmp_path, members=1, kind=Format.TWO_HEADS)
    window = np.random.default_rng(0).random((1, 1, *card.patch), dtype=np.float32)
    ours = OpenVinoEngine(loading.openvino_model(card, card.members[0]), card.heads)
    theirs = TorchEngine(loading.torch_module(card, card.members[0]), "cpu", card.heads)
    first, second = (next(iter(engine.probabilities([window]))) for engine in (ours, theirs))
    assert first.shape == (7, *card.patch)
    np.testing.assert_allclose(first, second, atol=1e-4)
    np.testing.assert_allclose([first[:3].sum(axis=0), first[3:6].sum(axis=0)], 1, atol=1e-5)
    assert first[6].min() > 0
    found = predict(tube(), AFFINE, card, engines=KeptNetworks())
    assert found.epistemic is not None
    assert found.epistemic.max() > 0
