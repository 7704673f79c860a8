"""Regions and thumbnails, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from highdicom import Volume
from hypothesis import given
from hypothesis import strategies as st

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services import labels, volume
from services.prepared import PreparedLayer

AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
SHAPE = (30, 80, 90)
corner = st.tuples(st.integers(0, 20), st.integers(0, 60), st.integers(0, 70))
size = st.tuples(st.integers(1, 9), st.integers(1, 19), st.integers(1, 19))


def layer(region: Region) -> PreparedLayer:
    return PreparedLayer(
        kind=LayerKind.LABELS,
        name="segmentation",
        author="A",
        author_kind=AuthorKind.MODEL,
        author_version="1",
        source=LabelSource.SOFTWARE,
        array=np.ones(region.shape, dtype=np.uint8),
        affine=volume.moved_origin(AFFINE, region.origin),
        region=region,
        unit="label",
        minimum=0.0,
        maximum=1.0,
        classes=labels.DEFAULT,
    )


@given(corner, size)
def test_the_bounding_region_holds_every_voxel_and_no_more(
    origin: tuple[int, int, int], shape: tuple[int, int, int]
) -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    region = Region(origin, shape)
    mask[volume.slices_of(region)] = True
    assert volume.bounding_region(mask) == region


def test_nothing_has_no_bounding_region() -> None:
    assert volume.bounding_region(np.zeros(SHAPE, dtype=bool)) is None


@given(corner)
def test_a_crop_lies_where_its_first_voxel_lay(origin: tuple[int, int, int]) -> None:
    np.testing.assert_allclose(volume.moved_origin(AFFINE, origin)[:3, 3], (AFFINE @ [*origin, 1])[:3])


@given(corner, size)
def test_the_page_shows_30_mm_around_all_masks_within_the_image(
    origin: tuple[int, int, int], shape: tuple[int, int, int]
) -> None:
    spacing = (2.5, 0.7, 0.8)
    region = volume.crop_region([layer(Region(origin, shape))], SHAPE, spacing)
    assert region is not None
    for axis in range(3):
        before = origin[axis] - region.origin[axis]
        assert region.origin[axis] >= 0
        assert region.origin[axis] + region.shape[axis] <= SHAPE[axis]
        assert region.origin[axis] == 0 or before * spacing[axis] >= 30


def test_without_masks_there_is_no_region() -> None:
    assert volume.crop_region([], SHAPE, (1, 1, 1)) is None


@pytest.mark.parametrize("flip", [(), (1,), (2,), (1, 2)])
def test_the_thumbnail_shows_patient_left_at_the_right_and_front_at_the_top(flip: tuple[int, ...]) -> None:
    array, affine = np.full(SHAPE, -1000, dtype=np.int16), AFFINE.copy()
    array[:, :40, 45:] = 1000
    for axis in flip:
        affine[:3, 3] += affine[:3, axis] * (SHAPE[axis] - 1)
        affine[:3, axis] *= -1
        array = np.flip(array, axis)
    (picture,) = volume.thumbnail(Volume(np.ascontiguousarray(array), affine, "PATIENT"), [])
    assert picture.shape == (64, 64)
    corners = picture[[5, 5, -5, -5], [-5, 5, -5, 5]]
    assert corners.tolist() == [255, 0, 0, 0]


def test_the_thumbnail_shows_the_slice_with_most_aorta() -> None:
    array = np.full(SHAPE, -1000, dtype=np.int16)
    array[12] = 1000
    drawing = layer(Region((10, 20, 20), (3, 20, 20)))
    drawing.array[:2, 5:] = 0
    picture = volume.thumbnail(Volume(array, AFFINE, "PATIENT"), [drawing])
    assert picture.min() == 255


def test_a_region_is_widened_by_whole_voxels_and_ends_with_the_volume() -> None:
    """5 mm are 2 voxels of 3 mm, 5 of 1 mm, and 3 of 2 mm, of which one is left below and two above."""
    region = volume.widened(Region((4, 10, 1), (2, 3, 4)), 5.0, (3.0, 1.0, 2.0), (20, 30, 7))
    assert region == Region((2, 5, 0), (6, 13, 7))
