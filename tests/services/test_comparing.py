"""Two models on the same cases: fixed, newly broken, unchanged, from stored figures alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import commands
from db.records import NewScore
from db.vocabulary import Agreement
from services import comparing, workflow
from services.comparing import ALL_READERS, Change, KnownModel, Origin
from services.errors import InputRefused
from services.evaluation import evaluating, results
from tests import factories
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk

OLD, NEW = (KnownModel("net", version, Origin.IMPORTED, 1) for version in ("1", "2"))
shares = st.floats(0, 1)
WEIGHTS = b"weights"
CARD = """
name = "ours"
version = "3"
format = "torch.export"
spacing_mm = [2.0, 2.0, 2.0]
window_hu = [-200.0, 500.0]
patch = [32, 32, 32]
[classes]
1 = "lumen"
2 = "thrombus"
[[member]]
file = "one.pt2"
sha256 = "{digest}"
"""


def store_figures(desk: Desk, *pairs: tuple[float | None, float | None]) -> list[str]:
    """One case for each pair: the Dice of either model with the readers."""
    with desk.store.begin() as session:
        return [commands.add_case(session, _case(*pair)) for pair in pairs]


def _case(*values: float | None) -> factories.NewCase:
    scores = tuple(_score(model, value) for model, value in zip((OLD, NEW), values, strict=True))
    layers = tuple(factories.layer(model.name, author_version=model.version) for model in (OLD, NEW))
    return factories.case(scores=scores, layers=layers)


def _score(model: KnownModel, value: float | None) -> NewScore:
    said = {"model": model.name, "model_version": model.version}
    reason = "" if value is not None else "no reader drew the outer wall"
    return NewScore(
        Agreement.WITH_READERS, model.key, value, "1", "whole mask", "m", "4", parameters=said, reason=reason
    )


def test_a_case_is_broken_fixed_or_unchanged_and_broken_ones_come_first(desk: Desk) -> None:
    keys = store_figures(desk, (0.9, 0.95), (0.5, 0.9), (0.9, 0.79), (0.9, 0.3), (0.1, 0.2))
    found = comparing.compare(desk, OLD, NEW, ALL_READERS)
    assert [(case.key, case.change) for case in found.cases] == [
        (keys[3], Change.BROKEN),
        (keys[2], Change.BROKEN),
        (keys[1], Change.FIXED),
        (keys[4], Change.WRONG),
        (keys[0], Change.RIGHT),
    ]
    assert found.counts == {Change.BROKEN: 2, Change.FIXED: 1, Change.WRONG: 1, Change.RIGHT: 1}
    assert found.methods == ("m 4",)


@given(shares, shares, shares)
def test_swapping_the_models_swaps_fixed_and_broken(first: float, second: float, threshold: float) -> None:
    swapped = {Change.BROKEN: Change.FIXED, Change.FIXED: Change.BROKEN}
    change = comparing.change_of(first, second, threshold)
    assert comparing.change_of(second, first, threshold) is swapped.get(change, change)


def test_right_begins_at_the_threshold_itself() -> None:
    assert comparing.change_of(0.8, float(np.nextafter(0.8, 0)), 0.8) is Change.BROKEN


def test_a_case_without_a_figure_is_not_compared_but_known_to_be_there(desk: Desk) -> None:
    store_figures(desk, (0.9, None), (0.9, 0.9))
    found = comparing.compare(desk, OLD, NEW, ALL_READERS)
    assert (len(found.cases), found.ran_together) == (1, 2)


def test_a_model_is_not_compared_with_itself(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="Two models"):
        comparing.compare(desk, OLD, OLD, ALL_READERS)


def test_an_ingest_stores_what_a_comparison_needs(desk: Desk, tmp_path: Path) -> None:
    """Model B leaves out the thrombus. The readers moved the mask by a voxel, to either side."""
    workflow.ingest(desk, write_small_case(tmp_path / "case"))
    a, b = (model for model in comparing.models(desk) if model.origin is Origin.IMPORTED)
    assert [(model.key, model.cases) for model in (a, b)] == [("A@1", 1), ("B@2", 1)]
    everyone, one, two = comparing.references(desk)
    assert (everyone, {one.title, two.title}) == (ALL_READERS, {"reader one", "reader two"})
    for reference in (everyone, one, two):
        (case,) = comparing.compare(desk, a, b, reference).cases
        assert case.change is Change.BROKEN
        assert case.first > 0.9
        assert case.second < 0.75
    stored = {score.subject: score.value for score in workflow.case_page(desk, case.key).scores}
    assert case.second == stored["B vs reader two" if two.title == "reader two" else "B vs reader one"]


def add_model(home: Path) -> Path:
    """A model as an administrator adds one; its weights are not read here."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    text = CARD.format(digest=digest)
    folder = home / "models" / hashlib.sha256(text.encode()).hexdigest()
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text(text)
    (folder / "one.pt2").write_bytes(WEIGHTS)
    return folder


def test_an_added_model_comes_with_the_figures_that_were_measured_here(desk: Desk) -> None:
    add_model(desk.settings.home)
    (model,) = (one for one in comparing.models(desk) if one.origin is Origin.ADDED)
    assert (model.key, model.cases, model.evaluation, model.problem) == ("ours@3", 0, None, "")
    assert model.card is not None
    evaluation = evaluating.figures_of(model.card, "f", [], (), "secondlook evaluate")
    place = results.place_of(model.card, desk.settings.home)
    place.parent.mkdir()
    results.write(place, evaluation)
    (model,) = (one for one in comparing.models(desk) if one.origin is Origin.ADDED)
    assert model.evaluation == evaluation


def test_an_added_model_that_is_damaged_is_named_with_its_problem(desk: Desk) -> None:
    folder = add_model(desk.settings.home)
    (folder / "one.pt2").unlink()
    (model,) = (one for one in comparing.models(desk) if one.origin is Origin.ADDED)
    assert (model.name, model.card) == (folder.name[:12], None)
    assert "one.pt2" in model.problem
