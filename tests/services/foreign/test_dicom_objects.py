"""DICOM SEG, Parametric Map and RTSTRUCT among the files of a study: each goes to its series, voxel by voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from db.vocabulary import AuthorKind, LayerKind, Taken
from services import workflow
from tests.services.foreign.writers import (
    SHAPE,
    description,
    layers,
    masks,
    refused,
    stored,
    write_ct,
    write_seg,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from services.desk import Desk

TWO = [description(1, "lumen"), description(2, "ILT", codes.SCT.Aorta)]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_segments_come_back_voxel_by_voxel_as_structures(desk: Desk, tmp_path: Path, kind: str) -> None:
    pixels = masks() if kind == "BINARY" else (masks() * [1, 2]).sum(axis=3).astype(np.uint8)
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), pixels, TWO, kind)
    (layer,) = layers(desk, tmp_path / "study")
    np.testing.assert_array_equal(stored(desk, layer), (masks() * [1, 2]).sum(axis=3))
    assert layer.spec.classes == {1: "lumen", 2: "thrombus"}
    assert (layer.spec.author, layer.spec.author_kind, layer.spec.source) == ("reader 1", "reader", "expert")


def test_overlapping_segments_lose_no_voxel(desk: Desk, tmp_path: Path) -> None:
    pixels = masks()
    pixels[1:4, 3:5, 2:6] = 1
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), pixels, TWO)
    first, second = layers(desk, tmp_path / "study")
    np.testing.assert_array_equal(stored(desk, first) == 1, pixels[..., 0])
    np.testing.assert_array_equal(stored(desk, second) == 2, pixels[..., 1])
    assert second.spec.name == "segmentation, overlapping part 2"


@pytest.mark.parametrize(("kind", "means"), [("PROBABILITY", "probability"), ("OCCUPANCY", "soft label")])
def test_a_fractional_segment_is_a_map_with_its_exact_steps(desk: Desk, tmp_path: Path, kind: str, means: str) -> None:
    fractions = np.random.default_rng(5).integers(0, 256, (*SHAPE, 1)) / 255
    auto = [description(1, "aorta", how="AUTOMATIC")]
    ct = write_ct(tmp_path / "study" / "ct")
    write_seg(tmp_path / "study" / "seg.dcm", ct, fractions, auto, "FRACTIONAL", fractional_type=kind)
    (layer,) = layers(desk, tmp_path / "study")
    np.testing.assert_array_equal(stored(desk, layer), np.rint(fractions[..., 0] * 255))
    assert (layer.spec.kind, layer.spec.name) == (means, "outer wall")
    assert (layer.spec.author, layer.spec.author_version, layer.spec.author_kind) == ("wall finder", "3.1", "model")


def test_a_program_called_like_the_patient_is_shown_by_its_maker(desk: Desk, tmp_path: Path) -> None:
    auto = [description(1, "aorta", how="AUTOMATIC", name="tool of Dr Meier")]
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(1), auto)
    (layer,) = layers(desk, tmp_path / "study")
    assert layer.spec.author == "Maker Model"


def test_labels_are_looked_up_and_never_kept(desk: Desk, tmp_path: Path) -> None:
    segments = [
        description(1, "Frau Meier links", codes.SCT.Kidney),
        description(2, "for Anna", hd.sr.CodedConcept("4711", "99MEIER", "Anna's structure")),
    ]
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(), segments)
    report = workflow.ingest(desk, tmp_path / "study")
    (layer,) = workflow.case_page(desk, report.cases[0].key).layers
    assert layer.spec.classes == {1: "kidney", 2: "other structure 2"}
    assert report.cases[0].remarks == ("1 label name unknown: map them in labels.toml",)
    assert not any(mark in str(report) + str(layer) for mark in ("Meier", "Anna", "4711"))


def test_the_users_labels_toml_comes_first(desk: Desk, tmp_path: Path) -> None:
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(), TWO)
    (tmp_path / "study" / "labels.toml").write_text('[names]\nILT = "calcification"\nLUMEN = ""\n')
    (tmp_path / "study" / "case.toml").touch()
    (layer,) = layers(desk, tmp_path / "study")
    assert layer.spec.classes == {1: "calcification"}


def test_each_object_goes_to_its_own_series(desk: Desk, tmp_path: Path) -> None:
    for number, phase in enumerate(("arterial", "venous"), start=1):
        ct = write_ct(tmp_path / "study" / phase, phase)
        write_seg(tmp_path / "study" / f"{phase}.dcm", ct, masks(number), TWO[:number])
    report = workflow.ingest(desk, tmp_path / "study")
    pages = [workflow.case_page(desk, case.key) for case in report.cases]
    assert [len(page.layers[0].spec.classes) for page in pages] == [1, 2]


def test_one_person_twice_is_one_reader_with_two_readings(desk: Desk, tmp_path: Path) -> None:
    ct = write_ct(tmp_path / "study" / "ct")
    for number, person in enumerate(["Meier^Anna", "Meier^Anna", "Other^One"]):
        shifted = np.roll(masks(1), number, axis=1)
        seg = write_seg(tmp_path / "study" / f"{number}.dcm", ct, shifted, TWO[:1], content_creator_name=person)
        seg.ContentTime = f"10000{number}"
        seg.save_as(tmp_path / "study" / f"{number}.dcm")
    found = [(one.spec.author, one.spec.author_version) for one in layers(desk, tmp_path / "study")]
    assert found == [("reader 1", ""), ("reader 1", "reading 2"), ("reader 2", "")]


def test_a_program_that_ran_twice_has_two_versions_and_one_with_two_objects_has_one(desk: Desk, tmp_path: Path) -> None:
    ct = write_ct(tmp_path / "study" / "ct")
    for number, label in enumerate(("lumen", "thrombus", "lumen")):
        auto = [description(1, label, how="AUTOMATIC")]
        seg = write_seg(tmp_path / "study" / f"{number}.dcm", ct, np.roll(masks(1), number, axis=1), auto)
        seg.ContentTime = f"10000{number}"
        seg.save_as(tmp_path / "study" / f"{number}.dcm")
    assert [one.spec.author_version for one in layers(desk, tmp_path / "study")] == ["3.1", "3.1", "3.1 run 2"]


def test_an_object_without_its_series_is_refused(desk: Desk, tmp_path: Path) -> None:
    elsewhere = write_ct(tmp_path / "elsewhere", "venous")
    write_ct(tmp_path / "study" / "ct")
    write_seg(tmp_path / "study" / "seg.dcm", elsewhere, masks(), TWO)
    assert "Put that series into the same folder" in refused(desk, tmp_path / "study")


def test_an_object_of_another_patient_is_refused(desk: Desk, tmp_path: Path) -> None:
    seg = write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(), TWO)
    seg.PatientID = "4711"
    seg.save_as(tmp_path / "study" / "seg.dcm")
    assert "two patients" in refused(desk, tmp_path / "study")


def test_an_object_in_another_space_is_refused(desk: Desk, tmp_path: Path) -> None:
    seg = write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(), TWO)
    seg.FrameOfReferenceUID = hd.UID()
    seg.save_as(tmp_path / "study" / "seg.dcm")
    assert "FrameOfReferenceUID" in refused(desk, tmp_path / "study")


def test_a_segmentation_that_marks_nothing_is_refused(desk: Desk, tmp_path: Path) -> None:
    empty = masks() * 0
    write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), empty, TWO, omit_empty_frames=False)
    assert "no voxel that is marked" in refused(desk, tmp_path / "study")


def test_a_segment_that_nobody_described_is_refused(desk: Desk, tmp_path: Path) -> None:
    seg = write_seg(tmp_path / "study" / "seg.dcm", write_ct(tmp_path / "study" / "ct"), masks(), TWO)
    del seg.SegmentSequence[1]
    seg.save_as(tmp_path / "study" / "seg.dcm")
    assert "must be described" in refused(desk, tmp_path / "study")


def test_a_truncated_segmentation_is_refused_and_the_image_kept(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "study" / "seg.dcm"
    write_seg(path, write_ct(tmp_path / "study" / "ct"), masks(), TWO)
    path.write_bytes(path.read_bytes()[:-60])
    report = workflow.ingest(desk, tmp_path / "study")
    assert [item.taken for item in report.items] == [Taken.REFUSED, Taken.ACCEPTED]


def write_map(path: Path, ct: Sequence[Any], values: NDArray[np.float32], quantity: Any) -> None:
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="M", lut_explanation="", unit=codes.UCUM.NoUnits, value_range=(-1e6, 1e6), slope=1, intercept=0,
        quantity_definition=quantity,
    )  # fmt: skip
    made = hd.pm.ParametricMap(
        source_images=list(ct), pixel_array=values, series_instance_uid=hd.UID(), series_number=1,
        sop_instance_uid=hd.UID(), instance_number=1, manufacturer="Maker", manufacturer_model_name="Mapper",
        software_versions="2", device_serial_number="1", contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping], window_center=0.5, window_width=1,
    )  # fmt: skip
    made.save_as(path)


@pytest.mark.parametrize(
    ("quantity", "kind"), [("Probability", LayerKind.PROBABILITY), ("Predictive entropy", LayerKind.TOTAL)]
)
def test_a_parametric_map_of_a_known_quantity_is_a_layer(
    desk: Desk, tmp_path: Path, quantity: str, kind: LayerKind
) -> None:
    values = np.random.default_rng(2).random(SHAPE).astype(np.float32)
    concept = hd.sr.CodedConcept("4711", "99MEIER", quantity)
    write_map(tmp_path / "map.dcm", write_ct(tmp_path / "study" / "ct"), values, concept)
    (tmp_path / "map.dcm").rename(tmp_path / "study" / "map.dcm")
    (layer,) = layers(desk, tmp_path / "study")
    found = stored(desk, layer) * layer.spec.slope + layer.spec.intercept
    np.testing.assert_allclose(found, values, atol=0.5 * layer.spec.slope + 1e-6)
    assert (layer.spec.kind, layer.spec.author, layer.spec.author_kind) == (kind, "Maker Mapper", AuthorKind.MODEL)


def test_a_map_of_an_unknown_quantity_is_refused_until_it_is_mapped(desk: Desk, tmp_path: Path) -> None:
    concept = hd.sr.CodedConcept("1", "99X", "Anna's confidence")
    ct = write_ct(tmp_path / "study" / "ct")
    write_map(tmp_path / "study" / "map.dcm", ct, np.full(SHAPE, 0.5, np.float32), concept)
    (tmp_path / "study" / "case.toml").touch()
    assert "under [maps] in labels.toml" in refused(desk, tmp_path / "study")
    (tmp_path / "study" / "labels.toml").write_text('[maps]\n"anna\'s confidence" = "probability"\n')
    workflow.ingest(desk, tmp_path / "study")
    assert len(workflow.case_page(desk, workflow.cases(desk)[0].key).layers) == 1


def test_a_segmentation_on_every_second_slice_stays_on_every_second_slice(desk: Desk, tmp_path: Path) -> None:
    sparse = masks(1)
    sparse[2] = 0
    path = tmp_path / "study" / "seg.dcm"
    write_seg(path, write_ct(tmp_path / "study" / "ct"), sparse, TWO[:1])
    seg = dcmread(path)
    del seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices
    seg.save_as(path)
    (layer,) = layers(desk, tmp_path / "study")
    np.testing.assert_array_equal(stored(desk, layer), sparse[..., 0])
