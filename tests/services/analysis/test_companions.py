"""An analysis with the shipped ensemble asks its companion, where there is one; or one network takes their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db.vocabulary import Outcome
from services import analysing, workflow
from services.analyses import Analyses
from services.errors import InputRefused, NotFound
from services.imaging.progress import silent
from services.segmentation import installed, registry
from services.segmentation.card import read_listed
from services.settings import from_environment
from tests import known_model
from tests.services.segmentation.model_folders import model, two_heads, unet

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What comes with a program that has an ensemble, and no companion yet."""
    folder = tmp_path / "shipped"
    model(folder / installed.AORTA, unet(), "a.safetensors")
    monkeypatch.setattr(registry, "SHIPPED", folder)
    return folder


def add_companion(shipped: Path, *, of: str = "Tiny@1") -> None:
    model(shipped / installed.SOFT, unet(), "soft.safetensors", name="Soft", companion_of=of)


def analyse(desk: Desk, key: str) -> Outcome:
    return analysing.analyse(desk.store, key, installed.aorta(), known_model.predict, silent)


def names(desk: Desk, key: str) -> list[str]:
    return [layer.spec.name for layer in workflow.case_page(desk, key).layers if layer.spec.author == "Tiny"]


def test_a_case_that_was_analysed_without_companion_is_analysed_again_once_there_is_one(
    desk: Desk, keys: list[str], shipped: Path
) -> None:
    assert [analyse(desk, keys[0]) for _ in range(2)] == [Outcome.EXTENDED, Outcome.UNCHANGED]
    assert "aleatoric" not in names(desk, keys[0])
    queue = desk.analyses.queue
    assert queue(installed.aorta(), "reader A", keys[:1]) == ()
    add_companion(shipped)
    assert len(queue(installed.aorta(), "reader A", keys[:1])) == 1
    assert [analyse(desk, keys[0]) for _ in range(2)] == [Outcome.EXTENDED, Outcome.UNCHANGED]
    assert {"aleatoric", "epistemic", "total"} <= set(names(desk, keys[0]))
    curves = {profile.name: profile.unit for profile in workflow.case_page(desk, keys[0]).profiles}
    assert [curves[name] for name in ("aleatoric", "epistemic", "total", "predictive entropy")] == ["1"] * 3 + ["nats"]


def test_networks_that_are_another_models_companion_are_not_asked(shipped: Path) -> None:
    add_companion(shipped, of="Tiny@2")
    assert installed.companion_of(installed.aorta()) is None


def test_a_model_that_came_from_elsewhere_has_no_companion_and_no_locator(shipped: Path, tmp_path: Path) -> None:
    add_companion(shipped)
    model(shipped / installed.LOCATOR, unet(), "l.safetensors", name="Locator")
    own = read_listed(model(tmp_path / installed.AORTA, unet(), "a.safetensors"))
    assert (installed.companion_of(own), installed.locator_of(own)) == (None, None)
    ours = installed.aorta()
    assert [found and found.name for found in (installed.companion_of(ours), installed.locator_of(ours))] == [
        "Soft",
        "Locator",
    ]


def test_the_one_network_takes_the_place_of_both_ensembles_where_the_settings_say_so(
    desk: Desk, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECONDLOOK_UNCERTAINTY", "light")
    settings = from_environment()
    with pytest.raises(NotFound):
        installed.aorta(settings.uncertainty)
    two_heads(shipped / installed.LIGHT, "Tiny@1")
    found = Analyses(desk.store, by_themselves=True, uncertainty=settings.uncertainty).usual()
    assert found is not None
    assert (found.key, installed.companion_of(found)) == ("Light@1", None)
    assert settings.environment()["SECONDLOOK_UNCERTAINTY"] == "light"
    assert desk.analyses.usual() == installed.aorta()
    assert installed.aorta().key == "Tiny@1"


def test_a_way_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_UNCERTAINTY", "none")
    with pytest.raises(InputRefused, match="SECONDLOOK_UNCERTAINTY"):
        from_environment()
