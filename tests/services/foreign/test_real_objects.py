"""Real DICOM SEG of dcmqi and highdicom, against counts made with pydicom alone and against the NRRD they came from."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from highdicom import Volume
from pydicom import dcmread

from services import workflow
from services.imaging.foreign.authors import Readers
from services.imaging.foreign.dicom_seg import read_seg
from services.imaging.foreign.naming import preset
from services.volume import slices_of
from tests.conftest import real_data

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.desk import Desk
    from services.imaging.layers import Reading
    from services.prepared import PreparedLayer

pytestmark = pytest.mark.real
OVERLAPPING = {"tissue": 9602, "artery": 11888, "capillary": 10743, "edema": 6693, "vein": 4713}
"""Set bits of each segment's frames in partial_overlaps.dcm, counted with pydicom.pixel_array."""


def read(path: Path, shape: tuple[int, int, int], **said: int) -> Reading:
    """The object on an image of its own grid, which begins at the frame `first`."""
    header = dcmread(path, stop_before_pixels=True)
    frame = header.PerFrameFunctionalGroupsSequence[said.get("first", 0)]
    measures = header.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    affine = np.eye(4)
    affine[:3, :3] = np.diag([1.0, 1.0, 1.0])[:, ::-1] * [measures.SliceThickness, *measures.PixelSpacing]
    affine[:3, 3] = frame.PlanePositionSequence[0].ImagePositionPatient
    image = Volume(np.zeros(shape, dtype=np.int16), affine, "PATIENT")
    return read_seg(path, image, preset(), Readers())


def counts(layers: tuple[PreparedLayer, ...]) -> dict[str, int]:
    return {name: int((layer.array == value).sum()) for layer in layers for value, name in layer.classes.items()}


def nrrd(path: Path) -> NDArray[np.int16]:
    """A gzipped NRRD of short integers, 3 slices of 512 x 512."""
    return np.frombuffer(gzip.decompress(path.read_bytes().partition(b"\n\n")[2]), "<i2").reshape(3, 512, 512)


def test_the_whole_folder_is_one_case_with_its_segmentations(desk: Desk) -> None:
    report = workflow.ingest(desk, real_data("ct_seg_sr_dicom"))
    (case,) = report.cases
    layers = workflow.case_page(desk, case.key).layers
    arrays = {layer.id: desk.store.blobs.get(layer.spec.image.digest)[0] for layer in layers}
    found = {
        name: int((arrays[layer.id] == value).sum()) for layer in layers for value, name in layer.spec.classes.items()
    }
    assert found == {"liver": 107_098} | OVERLAPPING
    assert {layer.spec.author for layer in layers} == {"reader 1", "reader 2"}
    assert [left.what for left in report.skipped if "SEG" in left.what] == [
        "folder 1 of 2: DICOM SEG, object 1 of 4",
        "folder 1 of 2: DICOM SEG, object 4 of 4",
    ]


def test_dcmqis_liver_is_the_nrrd_that_it_was_made_from(desk: Desk) -> None:
    report = workflow.ingest(desk, real_data("ct_seg_sr_dicom"))
    layers = workflow.case_page(desk, report.cases[0].key).layers
    liver = next(layer for layer in layers if "liver" in layer.spec.classes.values())
    whole = np.zeros((3, 512, 512), dtype=np.uint8)
    whole[slices_of(liver.spec.region)] = desk.store.blobs.get(liver.spec.image.digest)[0]
    np.testing.assert_array_equal(whole, nrrd(real_data("ct_seg_sr_dicom", "liver_seg.nrrd")))


def test_a_label_map_whose_middle_slice_is_left_out() -> None:
    (layer,) = read(real_data("ct_seg_sr_dicom", "sparse-labelmap-ppv5.dcm"), (3, 38, 24)).layers
    assert counts((layer,)) == {"liver": 630}
    assert [int(plane.sum() > 0) for plane in layer.array] == [1, 0, 1]


def test_segments_far_apart_and_overlapping() -> None:
    path = real_data("seg_fractional_dicom", "seg_image_ct_binary_overlap.dcm")
    layers = read(path, (165, 16, 16)).layers
    assert counts(layers) == {"bone": 64, "vertebra": 16}
    assert {layer.author for layer in layers} == {"test"}


def test_a_true_fraction_keeps_its_values() -> None:
    (layer,) = read(real_data("seg_fractional_dicom", "seg_image_ct_true_fractional.dcm"), (3, 16, 16)).layers
    values, count = np.unique(layer.array, return_counts=True)
    assert dict(zip(values.tolist(), count.tolist(), strict=True)) == {0: 107, 64: 23, 128: 638}
    assert (layer.unit, layer.slope) == ("probability", 1 / 255)


def test_a_single_frame_lies_on_its_single_image(desk: Desk) -> None:
    report = workflow.ingest(desk, real_data("seg_fractional_dicom"))
    (layer,) = workflow.case_page(desk, report.cases[0].key).layers
    assert int(desk.store.blobs.get(layer.spec.image.digest)[0].sum()) == 1832
    assert len([left for left in report.skipped if left.what.startswith("DICOM SEG")]) == 4
