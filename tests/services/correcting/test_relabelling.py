"""A label map after a correction: removed voxels are background, added ones like their neighbours, others as before."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.correcting.relabelling import cropped, relabelled, untouched, wall_on
from services.labels import inside_wall
from services.prepared import PreparedLayer

SHAPE = (4, 6, 8)
"""Of the image."""
ORIGIN = (1, 1, 2)
CLASSES = {1: "lumen", 2: "thrombus", 7: "vertebra"}
SPACING = (3.0, 1.0, 1.0)
GREY = np.full(SHAPE, 40, dtype=np.int16)
"""An image that shows no border of blood and thrombus."""


def layer(labels: np.ndarray, classes: dict[int, str] = CLASSES) -> PreparedLayer:
    region = Region(ORIGIN, labels.shape)
    return PreparedLayer(
        LayerKind.LABELS, "segmentation", "A", AuthorKind.MODEL, "1", LabelSource.SOFTWARE,
        labels.astype(np.uint8), np.eye(4), region, "label", 0.0, 7.0, classes=classes,
    )  # fmt: skip


@pytest.fixture
def base() -> PreparedLayer:
    """Lumen, then thrombus to the right of it, then bone, on two slices."""
    labels = np.zeros((2, 3, 5), dtype=np.uint8)
    labels[:, 1] = [1, 1, 2, 0, 7]
    return layer(labels)


def changed(base: PreparedLayer, index: int, at: tuple[int, int], inside: bool) -> dict[int, np.ndarray]:
    wall = wall_on(base, index, SHAPE[1:])
    wall[at] = inside
    return {index: wall}


def whole(found: object) -> np.ndarray:
    """The labels on the whole image."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    part, region = cropped(found)  # type: ignore[arg-type]
    labels[tuple(slice(o, o + n) for o, n in zip(region.origin, region.shape, strict=True))] = part
    return labels


def test_an_added_voxel_is_like_the_nearest_inside_and_a_removed_one_is_background(base: PreparedLayer) -> None:
    added = relabelled(base, changed(base, 1, (2, 5), True), GREY, SPACING)
    assert whole(added)[1, 2].tolist() == [0, 0, 1, 1, 2, 2, 7, 0]
    removed = relabelled(base, changed(base, 2, (2, 2), False), GREY, SPACING)
    assert whole(removed)[2, 2].tolist() == [0, 0, 0, 1, 2, 0, 7, 0]
    assert (added.added, added.removed, added.slices) == (1, 0, 1)
    assert (removed.added, removed.removed, removed.slices) == (0, 1, 1)


def test_where_the_image_shows_it_an_added_voxel_is_lumen_or_thrombus_by_its_brightness(base: PreparedLayer) -> None:
    image = np.full(SHAPE, 40, dtype=np.int16)
    image[:, :, :4] = 300
    walls = {1: wall_on(base, 1, SHAPE[1:])}
    walls[1][3, 3], walls[1][3, 5] = True, True
    found = relabelled(base, walls, image, (9.0, 9.0, 9.0))
    assert whole(found)[1, 3].tolist() == [0, 0, 0, 1, 0, 2, 0, 0]
    assert "brighter" in found.added_by
    assert "nearest" in relabelled(base, walls, GREY, SPACING).added_by


def test_other_structures_stay_unless_they_are_added(base: PreparedLayer) -> None:
    assert (whole(relabelled(base, changed(base, 1, (2, 3), False), GREY, SPACING)) == 7).sum() == 2
    over = whole(relabelled(base, changed(base, 1, (2, 6), True), GREY, SPACING))
    assert over[1, 2].tolist() == [0, 0, 1, 1, 2, 0, 2, 0]


def test_a_wall_beyond_the_base_layers_region_and_slices_is_taken_up(base: PreparedLayer) -> None:
    wall = np.zeros(SHAPE[1:], dtype=bool)
    wall[5, 7] = True
    found = relabelled(base, {3: wall, 0: np.zeros_like(wall)}, GREY, SPACING)
    assert whole(found)[3, 5, 7] == 2, "of the slice below it is the nearest"
    assert (whole(found)[1:3] == whole(relabelled(base, {}, GREY, SPACING))[1:3]).all()


@pytest.mark.parametrize(("classes", "value"), [(CLASSES, 1), ({1: "lumen", 3: "outer wall"}, 3)])
def test_where_nothing_was_drawn_an_added_voxel_is_the_wall_or_the_first_inside(
    classes: dict[int, str], value: int
) -> None:
    wall = np.zeros(SHAPE[1:], dtype=bool)
    wall[1, 1] = True
    found = relabelled(layer(np.zeros((1, 1, 1)), classes), {2: wall}, GREY, SPACING)
    assert (int(whole(found)[2, 1, 1]), int(whole(found).sum())) == (value, value)


def test_all_removed_leaves_a_layer_of_nothing(base: PreparedLayer) -> None:
    only = layer(np.ones((1, 1, 1)), {1: "lumen"})
    labels, region = cropped(relabelled(only, {1: np.zeros(SHAPE[1:], dtype=bool)}, GREY, SPACING))
    assert (labels.tolist(), region.shape) == ([[[0]]], (1, 1, 1))


@given(arrays(np.uint8, (2, 3, 5), elements=some.sampled_from([0, 1, 2, 7])), arrays(bool, (4, 6, 8)))
def test_the_new_wall_is_the_wanted_one_and_all_else_is_bit_for_bit_as_it_was(
    labels: np.ndarray, wanted: np.ndarray
) -> None:
    base = layer(labels)
    found = relabelled(base, {k: wanted[k] for k in (1, 2)}, GREY, SPACING)
    after, before = whole(found), whole(relabelled(base, {}, GREY, SPACING))
    assert (inside_wall(after, CLASSES)[1:3] == wanted[1:3]).all()
    touched = inside_wall(before, CLASSES) ^ inside_wall(after, CLASSES)
    assert (after[~touched] == before[~touched]).all()
    assert found.added + found.removed == touched.sum()
    (k, j, i), (nk, nj, ni) = found.region.origin, found.region.shape
    part = (slice(k, k + nk), slice(j, j + nj), slice(i, i + ni))
    assert found.untouched == hashlib.sha256(before[part][~touched[part]].tobytes()).hexdigest()


def test_a_voxel_that_was_not_to_be_touched_is_found_out() -> None:
    before = np.zeros((1, 1, 2), dtype=np.uint8)
    with pytest.raises(ValueError, match="as they were"):
        untouched(before, before + 1, np.array([[[True, False]]]))


def test_the_base_layer_is_only_read(base: PreparedLayer) -> None:
    kept = replace(base, array=base.array.copy())
    relabelled(base, changed(base, 1, (2, 3), False), GREY, SPACING)
    assert (base.array == kept.array).all()
