"""Folders of TotalSegmentator, of readers and of MONAI Label: one label map an author, with our names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from db.vocabulary import LayerKind
from services import workflow
from services.errors import InputRefused
from services.imaging.foreign.naming import preset
from services.labels import STRUCTURES
from tests.services.foreign.folders import SHAPE, case_layers, image, stored, write
from tests.services.foreign.writers import write_ct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.desk import Desk


def box(k: slice, j: slice) -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[k, j, 2:6] = 1
    return mask


MASKS = {
    "aorta": box(slice(0, 6), slice(2, 4)),
    "kidney_left": box(slice(1, 4), slice(5, 7)),
    "vertebrae_L3": box(slice(2, 4), slice(8, 9)),
    "brain": box(slice(0, 1), slice(9, 10)),
}


def test_totalsegmentators_folder_is_one_label_map(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    for name, mask in MASKS.items():
        write(tmp_path / "case" / "segmentations" / f"{name}.nii.gz", mask)
    (tmp_path / "case" / "segmentations" / "statistics.json").write_text("{}")
    report = workflow.ingest(desk, tmp_path / "case")
    (layer,) = workflow.case_page(desk, report.cases[0].key).layers
    assert (layer.spec.author, layer.spec.source) == ("TotalSegmentator", "software")
    assert layer.spec.classes == {1: "outer wall", 2: "kidney left", 3: "vertebra L3"}
    expected = MASKS["aorta"] + 2 * MASKS["kidney_left"] + 3 * MASKS["vertebrae_L3"]
    np.testing.assert_array_equal(stored(desk, layer), expected)
    assert report.cases[0].remarks == ("1 structures far from the aorta left out",)


def test_totalsegmentators_one_file_says_its_own_names(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    path = write(tmp_path / "case" / "total.nii.gz", 52 * MASKS["aorta"] + 3 * MASKS["kidney_left"])
    multilabel = nib.load(path)
    table = "".join(
        f'<Label Key="{value}" Red="1" Green="0" Blue="0" Alpha="1"><![CDATA[{name}]]></Label>\n'
        for value, name in {3: "kidney_left", 52: "aorta"}.items()
    )
    multilabel.header.extensions.append(nib.nifti1.Nifti1Extension(0, f"<CaretExtension>{table}".encode()))
    nib.save(multilabel, tmp_path / "case" / "total.nii.gz")
    (layer,) = case_layers(desk, tmp_path / "case")
    assert (layer.spec.author, layer.spec.classes) == ("TotalSegmentator", {3: "kidney left", 52: "outer wall"})


def test_without_names_the_published_classes_are_used(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    write(tmp_path / "case" / "models" / "TotalSegmentator@2.nii.gz", 52 * MASKS["aorta"] + 90 * MASKS["brain"])
    (layer,) = case_layers(desk, tmp_path / "case")
    assert layer.spec.classes == {52: "outer wall"}
    np.testing.assert_array_equal(stored(desk, layer), 52 * MASKS["aorta"])


def test_a_reader_may_put_one_mask_a_structure_and_read_twice(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    for reading in ("anna", "anna@2"):
        write(tmp_path / "case" / "readers" / reading / "Lumen.nii.gz", MASKS["aorta"])
        write(tmp_path / "case" / "readers" / reading / "my own.nii.gz", MASKS["brain"])
    found = case_layers(desk, tmp_path / "case")
    assert [(one.spec.author, one.spec.author_version) for one in found] == [("anna", ""), ("anna", "2")]
    assert {tuple(one.spec.classes.values()) for one in found} == {("lumen", "other structure 2")}


def test_two_readings_of_one_reader_are_measured_apart(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    write(tmp_path / "case" / "readers" / "anna.nii.gz", MASKS["aorta"])
    write(tmp_path / "case" / "readers" / "anna@2.nii.gz", np.roll(MASKS["aorta"], 2, axis=1))
    report = workflow.ingest(desk, tmp_path / "case")
    scores = workflow.case_page(desk, report.cases[0].key).scores
    volumes = {score.subject: score.value for score in scores if score.name == "volume_lumen"}
    voxel_ml = 2.5 * 0.7 * 0.8 / 1000
    assert volumes == {name: pytest.approx(48 * voxel_ml) for name in ("anna", "anna 2")}


def test_a_label_map_among_masks_of_one_structure_is_refused(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    write(tmp_path / "case" / "models" / "net" / "lumen.nii.gz", MASKS["aorta"] + 2 * MASKS["brain"])
    (left_out,) = workflow.ingest(desk, tmp_path / "case").skipped
    assert (left_out.must, left_out.found) == ("Each mask of a folder must hold one structure.", "values from 0 to 2.")


def test_masks_beside_a_dicom_series_in_its_own_folder(desk: Desk, tmp_path: Path) -> None:
    write_ct(tmp_path / "case" / "ct")
    for name in ("aorta", "kidney_left"):
        write(
            tmp_path / "case" / "segmentations" / f"{name}.nii.gz", np.ones((5, 12, 10), np.uint8) * (name == "aorta")
        )
    report = workflow.ingest(desk, tmp_path / "case")
    assert [(case.layers_added, case.mended) for case in report.cases] == [(1, ())]


def datastore(folder: Path, labels: Mapping[str, Any]) -> None:
    objects = {"Meier": {"image": {"ext": ".nii.gz", "info": {"name": "Meier.nii.gz"}}, "labels": labels}}
    said = {"name": "new-dataset", "description": "", "images_dir": ".", "labels_dir": "labels", "objects": objects}
    (folder / "datastore_v2.json").write_text(json.dumps(said))


def test_monai_labels_studies_folder(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "studies" / "Meier.nii.gz", image())
    write(tmp_path / "studies" / "labels" / "original" / "Meier.nii.gz", MASKS["aorta"])
    write(tmp_path / "studies" / "labels" / "final" / "Meier.nii.gz", MASKS["aorta"] + 2 * MASKS["kidney_left"])
    names = {"label_names": {"background": 0, "aorta": 1}}
    info = [{"name": "aorta", "idx": 1}, {"name": "Frau Meier", "idx": 2}]
    labels = {
        "original": {"ext": ".nii.gz", "info": {"model": "segmentation", "params": names}},
        "final": {"ext": ".nii.gz", "info": {"label_info": info}},
    }
    datastore(tmp_path / "studies", labels)
    report = workflow.ingest(desk, tmp_path / "studies")
    found = workflow.case_page(desk, report.cases[0].key).layers
    assert [(one.spec.author, one.spec.author_version) for one in found] == [
        ("MONAI Label", "segmentation"),
        ("reader 1", ""),
    ]
    assert [one.spec.classes for one in found] == [{1: "outer wall"}, {1: "outer wall", 2: "other structure 2"}]
    assert "Meier" not in str(report) + str(found)


@pytest.mark.parametrize(
    "said", ["{", "[]", '{"objects": []}', '{"images_dir": "../..", "objects": {"a": {"image": {}}}}']
)
def test_a_datastore_that_is_none_is_refused(desk: Desk, tmp_path: Path, said: str) -> None:
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "datastore_v2.json").write_text(said)
    with pytest.raises(InputRefused):
        workflow.ingest(desk, tmp_path / "studies")


@pytest.mark.parametrize("name", ["common", "totalsegmentator", "monailabel", "dicom"])
def test_every_shipped_name_is_a_structure_that_we_know(name: str) -> None:
    naming = preset(name)
    assert set(naming.names.values()) <= STRUCTURES | {""}
    assert set(naming.maps.values()) <= set(LayerKind) - {LayerKind.LABELS}


def test_every_class_of_totalsegmentator_is_mapped_or_left_out_on_purpose() -> None:
    naming = preset("totalsegmentator")
    assert len(naming.values) == 117
    assert [name for name in naming.values.values() if naming.structure(name) is None] == []


@pytest.mark.parametrize("name", ["ILT", "ilt", " Intraluminal-Thrombus ", "intraluminal_thrombus"])
def test_case_blanks_hyphens_and_underscores_do_not_matter(name: str) -> None:
    assert preset().structure(name) == "thrombus"


@pytest.mark.parametrize(
    "said", ["[names]\na = 1\n", '[names]\na = "Frau Meier"\n', "names = 3", "[maps]\na = 'labels'"]
)
def test_a_labels_toml_that_maps_to_nothing_known_is_refused(desk: Desk, tmp_path: Path, said: str) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    (tmp_path / "case" / "labels.toml").write_text(said)
    with pytest.raises(InputRefused, match=r"labels\.toml must"):
        workflow.ingest(desk, tmp_path / "case")
