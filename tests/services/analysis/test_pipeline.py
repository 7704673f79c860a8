"""What a prediction becomes: layers on the case's grid with their unit, range and origin. All answers by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from highdicom import Volume
from hypothesis import given
from hypothesis import strategies as some

from db.records import Region
from db.vocabulary import LabelSource, LayerKind
from services import pipeline
from services.imaging.entropy import PREDICTIVE, STEPS
from services.segmentation.inference import VERSION, Prediction
from services.segmentation.provenance import INFERENCE, is_made_by
from services.uncertainty.names import VARIANCES, Measure, stored
from services.volume import slices_of
from tests import known_model
from tests.known_model import CARD, OTHER_WEIGHTS

if TYPE_CHECKING:
    from services.prepared import PreparedLayer

LN2, LN3 = np.log(2), np.log(3)
LUMEN, THROMBUS = Region((2, 3, 4), (4, 2, 2)), Region((2, 3, 6), (4, 2, 1))


@pytest.fixture(scope="module")
def volume() -> Volume:
    """A bright block of 4 x 2 x 2 voxels with a grey one beside it."""
    array = np.full((8, 10, 12), -100, dtype=np.int16)
    array[slices_of(LUMEN)], array[slices_of(THROMBUS)] = 300, 60
    return Volume(array, np.diag([2.0, 1.0, 1.0, 1.0]), "PATIENT")


@pytest.fixture(scope="module")
def layers(volume: Volume) -> dict[str, PreparedLayer]:
    return {layer.name: layer for layer in pipeline.analyse(volume, CARD, known_model.predict).layers}


def test_there_is_a_mask_a_probability_of_each_part_and_the_maps_of_doubt_that_an_ensemble_allows(
    layers: dict[str, PreparedLayer],
) -> None:
    assert {name: layer.kind for name, layer in layers.items()} == {
        "segmentation": LayerKind.LABELS,
        "outer wall": LayerKind.PROBABILITY,
        "lumen": LayerKind.PROBABILITY,
        "thrombus": LayerKind.PROBABILITY,
        "epistemic": LayerKind.EPISTEMIC,
        "predictive entropy": LayerKind.TOTAL,
        "expected entropy": LayerKind.ALEATORIC,
        "mutual information": LayerKind.EPISTEMIC,
    }


def test_the_mask_lies_where_the_prediction_found_it(layers: dict[str, PreparedLayer], volume: Volume) -> None:
    mask = layers["segmentation"]
    assert mask.region == Region((2, 3, 4), (4, 2, 3))
    assert (mask.array == [1, 1, 2]).all()
    assert mask.affine[:3, 3].tolist() == (volume.affine @ [2, 3, 4, 1])[:3].tolist()


def test_where_members_differ_the_mean_is_a_half_and_all_doubt_is_disagreement(
    layers: dict[str, PreparedLayer],
) -> None:
    step = LN3 / STEPS
    assert layers["thrombus"].region == layers["mutual information"].region == THROMBUS
    assert layers["thrombus"].values() == pytest.approx(0.5, abs=1 / 255)
    assert layers["mutual information"].values() == pytest.approx(LN2, abs=step)
    assert layers["predictive entropy"].values() == pytest.approx(LN2, abs=step)
    assert not layers["expected entropy"].values().any()
    assert layers["epistemic"].values() == pytest.approx(0.5, abs=2 / 3 / STEPS)


def test_a_companion_adds_the_aleatoric_part_and_the_sum_each_on_one_scale_for_all_cases(volume: Volume) -> None:
    found = pipeline.analyse(volume, CARD, known_model.predict, companion=OTHER_WEIGHTS).layers
    first = [layer for layer in found if layer.name in VARIANCES]
    assert [layer.name for layer in found].index("aleatoric") < [layer.name for layer in found].index(PREDICTIVE)
    assert [(layer.name, layer.kind.value) for layer in first] == [(name, name) for name in VARIANCES]
    assert [layer.maximum for layer in first] == pytest.approx([2 / 3, 2 / 3, 4 / 3])
    assert {(layer.unit, layer.minimum, layer.method, layer.method_version) for layer in first} == {
        ("1", 0.0, "two ensembles", "1")
    }
    assert [float(layer.values().max()) for layer in first] == pytest.approx([0.5, 0.5, 1.0], abs=2e-4)


def test_without_a_companion_the_layer_says_what_is_missing_and_why(layers: dict[str, PreparedLayer]) -> None:
    said = str(layers["epistemic"].parameters["missing"])
    assert said.startswith("aleatoric needs networks that learnt from several readers")
    assert said.endswith("; total needs both aleatoric and epistemic")


def test_weights_of_the_companion_are_part_of_what_tells_runs_apart(volume: Volume) -> None:
    alone, asked = (
        pipeline.analyse(volume, CARD, known_model.predict, companion=companion).parameters
        for companion in (None, OTHER_WEIGHTS)
    )
    assert is_made_by(alone, CARD)
    assert is_made_by(asked, CARD, OTHER_WEIGHTS)
    assert not is_made_by(alone, CARD, OTHER_WEIGHTS)
    assert not is_made_by(asked, CARD, replace(OTHER_WEIGHTS, members=CARD.members))


def test_all_maps_of_doubt_share_the_scale_from_0_to_ln_3_nats(layers: dict[str, PreparedLayer]) -> None:
    for name in ("predictive entropy", "expected entropy", "mutual information"):
        layer = layers[name]
        assert (layer.unit, layer.minimum, layer.maximum) == ("nats", 0.0, LN3)


def test_every_layer_says_how_it_came_to_be(volume: Volume) -> None:
    found = pipeline.analyse(volume, CARD, known_model.predict, source=LabelSource.SYNTHETIC)
    for layer in found.layers:
        method = "ensemble" if layer.name == "epistemic" else "deep ensemble"
        who = layer.author, layer.author_version, layer.method, layer.method_version
        assert who == ("tube finder", "1", method, "1")
        assert (layer.parameters["members"], layer.parameters["seeds"]) == (2, "1, 2")
        assert layer.source is LabelSource.SYNTHETIC
    assert found.parameters["model"] == "tube finder@1"
    assert len(str(found.parameters["weights"])) == 64


def test_one_member_alone_has_no_map_of_disagreement(volume: Volume) -> None:
    def alone(*said: object, **more: object) -> Prediction:
        found = known_model.predict(*said, **more)  # type: ignore[arg-type]
        return replace(found, mutual_information=None, epistemic=None, members=1)

    kinds = [layer.kind for layer in pipeline.analyse(volume, CARD, alone).layers]
    assert LayerKind.TOTAL in kinds
    assert not {LayerKind.EPISTEMIC, LayerKind.ALEATORIC} & set(kinds)


def test_a_prediction_of_nothing_gives_layers_of_nothing(volume: Volume) -> None:
    air = Volume(np.full_like(volume.array, -1000), volume.affine, "PATIENT")
    layers = pipeline.analyse(air, CARD, known_model.predict).layers
    assert [int(layer.array.max()) for layer in layers] == [0] * 8


@given(some.floats(0, LN3), some.integers(2, 40))
def test_a_stored_entropy_is_the_same_up_to_half_a_step(value: float, classes: int) -> None:
    steps, scale = stored(Measure.EXPECTED, np.full((1, 1, 1), min(value, np.log(classes))), classes)
    slope = float(scale["slope"])  # type: ignore[arg-type]
    assert float(steps[0, 0, 0]) * slope == pytest.approx(min(value, np.log(classes)), abs=np.log(classes) / STEPS / 2)


def test_the_version_of_the_inference_is_part_of_what_tells_runs_apart() -> None:
    assert INFERENCE == VERSION
