"""Whose outlines there are, whose is shown, and how the masks of one author become one label map."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from db.records import Layer, Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.labels import LUMEN, OUTER_WALL, THROMBUS
from services.measurement.drawn import (
    drawn_of,
    entropy_of,
    label_map,
    probability_of,
    readers_of,
    shown_author,
)
from services.prepared import PreparedLayer
from tests import factories

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WALL = {1: LUMEN, 2: THROMBUS}


def layer(author: str, version: str = "1", *, run: int | None = None, **said: Any) -> Layer:
    spec = factories.layer(author, author_version=version, **({"classes": WALL} | said))
    return Layer(1, NOW, run, spec)


def reader(author: str, version: str = "", source: LabelSource = LabelSource.EXPERT) -> Layer:
    return layer(author, version, author_kind=AuthorKind.READER, source=source)


def prepared(array: np.ndarray, origin: tuple[int, int, int], classes: dict[int, str]) -> PreparedLayer:  # type: ignore[type-arg]
    return PreparedLayer(
        LayerKind.LABELS, "s", "A", AuthorKind.MODEL, "1", LabelSource.SOFTWARE, array, np.eye(4),
        Region(origin, array.shape), "label", 0.0, 2.0, classes=classes,
    )  # fmt: skip


def test_the_newest_run_is_shown_and_without_a_model_the_first_reader() -> None:
    old, new, one, two = layer("A", run=1), layer("B", run=2), reader("one"), reader("two")
    for models, name in (([old, new], "B 1"), ([new, old], "B 1"), ([old], "A 1"), ([], "one")):
        found = shown_author(drawn_of([*models, one, two]))
        assert found is not None
        assert found.subject == name
    assert shown_author(()) is None


def test_two_versions_are_two_outlines_and_kidneys_are_none() -> None:
    found = drawn_of([layer("A", "1"), layer("A", "2"), layer("A", "2"), layer("K", classes={1: "kidney left"})])
    assert [(one.subject, len(one.layers)) for one in found] == [("A 1", 1), ("A 2", 2)]


def test_of_each_person_the_newest_drawing_counts_and_a_consensus_is_no_person() -> None:
    layers = [
        reader("one"), reader("one", "correction 1"), reader("two"),
        reader("all", source=LabelSource.CONSENSUS), reader("program", source=LabelSource.SOFTWARE),
    ]  # fmt: skip
    assert [one.subject for one in readers_of(drawn_of(layers))] == ["one correction 1", "two"]


def test_the_digest_follows_voxels_and_names() -> None:
    same, voxels, names = layer("A"), layer("A", image=factories.image("other")), layer("A", classes={1: THROMBUS})
    digests = [drawn_of([one])[0].digest for one in (layer("A"), same, voxels, names)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_maps_are_those_of_the_same_author_as_a_whole() -> None:
    wall = {"kind": LayerKind.PROBABILITY, "name": OUTER_WALL, "classes": {}}
    member, whole, other = layer("A", parameters={"member": 1}, **wall), layer("A", **wall), layer("B", **wall)
    doubt = layer("A", kind=LayerKind.TOTAL, name="predictive entropy", classes={})
    layers = [layer("A"), other, member, whole, doubt]
    (author,) = drawn_of(layers)
    assert probability_of(layers, author) is whole
    assert entropy_of(layers, author) is doubt
    assert probability_of([layer("A"), other], author) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_masks_of_one_author_become_one_label_map_on_their_common_box(dtype: type) -> None:
    """The outer wall on rows 0 to 3, the lumen inside it on rows 1 and 2 of a larger image; a kidney is left out."""
    wall = prepared(np.ones((2, 4, 4), dtype), (5, 6, 7), {1: OUTER_WALL})
    lumen = prepared(np.full((2, 2, 2), 9, dtype), (5, 7, 8), {9: LUMEN})
    kidney = prepared(np.full((1, 1, 1), 3, dtype), (5, 6, 11), {3: "kidney left"})
    found = label_map([wall, lumen, kidney], np.eye(4))
    names = {value: name for value, name in found.classes.items() if (found.array == value).any()}
    assert sorted(names.values()) == [LUMEN, OUTER_WALL]
    assert found.region == Region((5, 6, 7), (2, 4, 5))
    assert found.affine[:3, 3].tolist() == [5, 6, 7]
    value = next(number for number, name in names.items() if name == LUMEN)
    assert np.argwhere(found.array == value).min(axis=0).tolist() == [0, 1, 1]
    assert (found.array == value).sum() == 8
    assert (found.array != 0).sum() == 32
