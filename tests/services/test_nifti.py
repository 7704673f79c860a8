"""NIfTI in: images of any orientation, masks and maps on their image's grid, and what is refused."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from highdicom import Volume
from hypothesis import HealthCheck, given, settings

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.errors import GeometryMismatch, InputRefused
from services.imaging.nifti import LPS_TO_RAS, REVERSED_AXES, is_nifti, read_array, read_ct, read_image, stem
from services.imaging.predictions import Prediction, read_prediction
from tests.strategies import affines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
SHAPE = (6, 5, 4)
IMAGE = Volume(np.zeros(SHAPE, dtype=np.int16), AFFINE, "PATIENT")
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, array: NDArray[Any], affine: NDArray[np.float64] = AFFINE) -> Path:
    """[k, j, i] with its affine to LPS, as NIfTI keeps it."""
    nib.save(nib.Nifti1Image(array.transpose(2, 1, 0), LPS_TO_RAS @ affine @ REVERSED_AXES), path)
    return path


def prediction(path: Path, **said: Any) -> Prediction:
    return Prediction(path, "A", AuthorKind.MODEL, LabelSource.SOFTWARE, **said)


def mask() -> NDArray[np.uint8]:
    array = np.zeros(SHAPE, dtype=np.uint8)
    array[2:4, 1:4, 1:3] = 1
    array[2, 2, 2] = 2
    return array


@quick
@given(affine=affines())
def test_an_image_of_any_orientation_keeps_its_voxels_and_their_place(
    tmp_path: Path, affine: NDArray[np.float64]
) -> None:
    voxels = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE) - 60
    volume = read_ct(write(tmp_path / "ct.nii.gz", voxels, affine))
    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_allclose(volume.affine, affine, rtol=1e-5, atol=1e-3)


def test_a_voxel_lies_where_another_program_says(tmp_path: Path) -> None:
    path = write(tmp_path / "ct.nii", np.zeros(SHAPE, dtype=np.int16))
    _, affine = read_array(path)
    k, j, i = 3, 1, 2
    left, posterior, superior = (affine @ [k, j, i, 1])[:3]
    right, anterior, up = nib.affines.apply_affine(nib.load(path).affine, [i, j, k])
    assert (-right, -anterior, up) == pytest.approx((left, posterior, superior), abs=1e-4)


def test_floating_point_values_are_rounded_to_whole_hounsfield_units(tmp_path: Path) -> None:
    values = np.linspace(-1000.4, 900.6, int(np.prod(SHAPE))).reshape(SHAPE).astype(np.float32)
    np.testing.assert_array_equal(read_ct(write(tmp_path / "ct.nii.gz", values)).array, np.rint(values))


def test_a_fourth_axis_of_one_is_no_fourth_axis(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6, 1), dtype=np.int16), np.eye(4)), tmp_path / "ct.nii.gz")
    assert read_ct(tmp_path / "ct.nii.gz").spatial_shape == SHAPE


def sheared(by_mm: float = 1.0) -> NDArray[np.float64]:
    affine = AFFINE.copy()
    affine[1, 0] = by_mm
    return affine


def time_series(path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6, 2), dtype=np.int16), np.eye(4)), path)


def truncated(path: Path) -> None:
    write(path, np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.int16))
    path.write_bytes(path.read_bytes()[:-40])


def says(where: int, value: bytes) -> Callable[[Path], None]:
    """A header that says something else at a place (NIfTI-1: dim at 40, datatype at 70, vox_offset at 108)."""

    def make(path: Path) -> None:
        write(path, np.zeros(SHAPE, dtype=np.int16))
        content = bytearray(gzip.decompress(path.read_bytes()))
        content[where : where + len(value)] = value
        path.write_bytes(gzip.compress(bytes(content)))

    return make


def colours(path: Path) -> None:
    array = np.zeros((4, 5, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(array, np.eye(4)), path)


BAD_IMAGES = {
    "a size that no file holds": (
        says(42, struct.pack("<3h", 32767, 32767, 32767)),
        "voxels in a file that cannot hold",
    ),
    "a size of nothing": (says(42, struct.pack("<3h", 4, 0, 6)), "0 voxels"),
    "a size below zero": (says(42, struct.pack("<3h", 4, -5, 6)), "voxels"),
    "data behind everything": (says(108, struct.pack("<f", 3e9)), "damaged"),
    "colours": (colours, "colours"),
    "complex numbers": (lambda path: write(path, np.zeros(SHAPE, dtype=np.complex64)), "complex"),
    "the wrong sign": (lambda path: write(path, np.full(SHAPE, 64536, dtype=np.uint16)), "100% of the voxels"),
    "a place that is none": (says(280, struct.pack("<12f", *[np.nan] * 12)), "without numbers"),
    "axes far from right angles": (lambda path: write(path, np.zeros(SHAPE, np.int16), sheared(4.0)), "degrees off"),
    "two times": (time_series, "4 axes"),
    "values that are none": (lambda path: write(path, np.full(SHAPE, np.nan, dtype=np.float32)), "voxels without"),
    "truncated": (truncated, "damaged"),
    "empty": (lambda path: path.write_bytes(b""), "damaged"),
    "no NIfTI": (lambda path: path.write_bytes(b"a letter" * 99), "damaged"),
    "no file": (lambda _: None, "damaged"),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_an_image_that_is_none_is_refused_with_what_was_found(tmp_path: Path, name: str) -> None:
    make, found = BAD_IMAGES[name]
    make(tmp_path / "Meier^Anna.nii.gz")
    with pytest.raises(InputRefused) as refusal:
        read_ct(tmp_path / "Meier^Anna.nii.gz")
    assert found in refusal.value.found
    assert "Meier" not in str(refusal.value)


def test_a_label_map_is_cropped_to_what_is_drawn_and_stays_in_place(tmp_path: Path) -> None:
    layer = read_prediction(prediction(write(tmp_path / "a.nii.gz", mask())), IMAGE)
    assert layer.region == Region((2, 1, 1), (2, 3, 2))
    np.testing.assert_array_equal(layer.array, mask()[2:4, 1:4, 1:3])
    np.testing.assert_allclose(layer.affine[:3, 3], (AFFINE @ [2, 1, 1, 1])[:3])
    assert (layer.classes, layer.maximum) == ({1: "lumen", 2: "thrombus"}, 2.0)


def test_a_mask_of_one_structure_takes_every_value_for_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii.gz", mask() * 7)
    layer = read_prediction(prediction(path, structure="outer wall"), IMAGE)
    assert (layer.name, layer.classes) == ("outer wall", {1: "outer wall"})
    assert np.unique(layer.array).tolist() == [1]


def test_an_empty_mask_is_a_layer_of_one_voxel_without_label(tmp_path: Path) -> None:
    layer = read_prediction(prediction(write(tmp_path / "a.nii.gz", mask() * 0)), IMAGE)
    assert (layer.region.shape, layer.array.tolist()) == ((1, 1, 1), [[[0]]])


def test_probabilities_come_back_within_half_a_step(tmp_path: Path) -> None:
    values = np.random.default_rng(3).random(SHAPE).astype(np.float32)
    path = write(tmp_path / "a.nii.gz", values)
    layer = read_prediction(prediction(path, kind=LayerKind.PROBABILITY), IMAGE)
    np.testing.assert_allclose(layer.values(), values, atol=0.5 / 255 + 1e-6)
    assert (layer.unit, layer.minimum, layer.maximum) == ("probability", 0.0, 1.0)


def moved(by_mm: float) -> NDArray[np.float64]:
    affine = AFFINE.copy()
    affine[0, 3] += by_mm
    return affine


def mirrored() -> NDArray[np.float64]:
    affine = AFFINE.copy()
    affine[:3, 3] += 3 * affine[:3, 2]
    affine[:3, 2] *= -1
    return affine


def test_a_mask_with_nothing_in_common_with_its_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryMismatch, match="nothing of it within the image"):
        read_prediction(prediction(write(tmp_path / "a.nii.gz", mask(), moved(-40))), IMAGE)


def test_a_mask_whose_affine_is_a_writers_default_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryMismatch, match="6 x 5 x 4 voxels without a usable affine"):
        read_prediction(prediction(write(tmp_path / "a.nii.gz", mask(), LPS_TO_RAS @ REVERSED_AXES)), IMAGE)


def test_a_mask_without_any_affine_is_taken_on_an_equal_grid_only(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(mask()[1:].transpose(2, 1, 0), None), tmp_path / "a.nii.gz")
    with pytest.raises(GeometryMismatch, match="without a usable affine"):
        read_prediction(prediction(tmp_path / "a.nii.gz"), IMAGE)


def test_a_mask_on_turned_axes_lies_where_it_lay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii.gz", np.ascontiguousarray(mask()[:, :, ::-1]), mirrored())
    reading = prediction(path).read(IMAGE)
    assert reading.mended == ("A: segmentation laid onto the image's grid by its affine, no voxel changed",)
    np.testing.assert_array_equal(reading.layers[0].array, mask()[2:4, 1:4, 1:3])


def test_a_mask_moved_by_less_than_a_tenth_of_a_millimetre_is_taken_as_it_is(tmp_path: Path) -> None:
    reading = prediction(write(tmp_path / "a.nii.gz", mask(), moved(0.05))).read(IMAGE)
    assert reading.mended == ()
    assert reading.layers[0].array.any()


def test_a_mask_of_another_grid_is_resampled_and_says_so(tmp_path: Path) -> None:
    reading = prediction(write(tmp_path / "a.nii.gz", mask(), moved(0.3))).read(IMAGE)
    note = "resampled from 6 x 5 x 4 voxels of 2.50 x 0.70 x 0.80 mm by nearest neighbour"
    assert reading.layers[0].parameters == {"placed": note}
    assert reading.mended == (f"A: segmentation {note}",)


def test_a_sheared_image_is_taken_at_right_angles_and_says_so(tmp_path: Path) -> None:
    volume, mended = read_image(write(tmp_path / "ct.nii.gz", np.zeros(SHAPE, dtype=np.int16), sheared()))
    assert mended == ("axes sheared by 21.8 degrees were resampled to right angles by linear interpolation",)
    assert volume.spatial_shape[0] == SHAPE[0]


@pytest.mark.parametrize(
    ("values", "found"), [(3, "the labels 3"), (0.5, "values from 0 to 1"), (-1, "values from"), (300, "values from")]
)
def test_labels_without_a_meaning_are_refused(tmp_path: Path, values: float, found: str) -> None:
    array = mask().astype(np.float32) * values
    with pytest.raises(InputRefused) as refusal:
        read_prediction(prediction(write(tmp_path / "a.nii.gz", array)), IMAGE)
    assert found in refusal.value.found


@pytest.mark.parametrize("value", [-0.1, 1.1, 50, np.nan])
def test_a_probability_beyond_its_range_is_refused(tmp_path: Path, value: float) -> None:
    array = mask().astype(np.float32)
    array[0, 0, 0] = value
    with pytest.raises(InputRefused, match="values from 0 to 1"):
        read_prediction(prediction(write(tmp_path / "a.nii.gz", array), kind=LayerKind.PROBABILITY), IMAGE)


def test_names_of_nifti_files(tmp_path: Path) -> None:
    assert [stem(tmp_path / name) for name in ("a.nii", "a.b.NII.GZ", "a b.nii.gz")] == ["a", "a.b", "a b"]
    assert [is_nifti(tmp_path / name) for name in ("a.nii", "a.Nii.gz", "a.gz", "nii")] == [True, True, False, False]
