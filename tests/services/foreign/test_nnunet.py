"""Result folders as nnU-Net v2 writes them: found, matched to their images, averaged over folds, stored."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import entr

from db.vocabulary import Outcome
from services import workflow
from services.errors import InputRefused
from services.imaging.foreign.nnunet import labels_of
from tests.services.foreign.folders import SHAPE, case_layers, image, stored, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from services.desk import Desk

LABELS = {"background": 0, "lumen": 1, "ILT": 2}
PLANS = {"image_reader_writer": "SimpleITKIO", "plans_name": "nnUNetPlans"}


def probabilities(seed: int = 0, classes: int = 3) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).random((classes, *SHAPE)).astype(np.float32) ** 3
    return drawn / drawn.sum(axis=0)


def predict(folder: Path, case: str, seed: int = 0, *, dataset: Mapping[str, Any] | None = None) -> NDArray[np.float32]:
    """What nnUNetv2_predict --save_probabilities leaves in its output folder."""
    values = probabilities(seed)
    write(folder / f"{case}.nii.gz", values.argmax(axis=0).astype(np.uint8))
    np.savez_compressed(folder / f"{case}.npz", probabilities=values)
    (folder / f"{case}.pkl").write_bytes(pickle.dumps(Boom()))
    said = dataset or {"labels": LABELS, "file_ending": ".nii.gz", "channel_names": {"0": "CT"}, "numTraining": 9}
    (folder / "dataset.json").write_text(json.dumps(said))
    (folder / "plans.json").write_text(json.dumps(PLANS))
    (folder / "predict_from_raw_data_args.json").write_text("{}")
    return values


class Boom:
    """Code in a pickle, that must never run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('a pickle was opened')",))


def test_an_nnunet_output_folder_beside_its_images(desk: Desk, tmp_path: Path) -> None:
    for number, case in enumerate(("aaa_001", "aaa_002")):
        write(tmp_path / "d" / "imagesTs" / f"{case}_0000.nii.gz", image(number))
        predict(tmp_path / "d" / "predictions", case, number)
    report = workflow.ingest(desk, tmp_path / "d")
    assert [(case.outcome, case.layers_added) for case in report.cases] == [(Outcome.NEW, 2)] * 2
    assert report.skipped == ()
    mask, outer = workflow.case_page(desk, report.cases[1].key).layers
    np.testing.assert_array_equal(stored(desk, mask), probabilities(1).argmax(axis=0))
    np.testing.assert_array_equal(stored(desk, outer), np.rint((1 - probabilities(1)[0]) * 255))
    assert (mask.spec.author, mask.spec.classes) == ("nnU-Net", {1: "lumen", 2: "thrombus"})


def test_folds_are_members_of_one_model(desk: Desk, tmp_path: Path) -> None:
    trained = tmp_path / "d" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    write(tmp_path / "d" / "imagesTr" / "aaa_0000.nii.gz", image())
    members = [predict(trained / f"fold_{fold}" / "validation", "aaa", fold) for fold in range(3)]
    for name in ("dataset.json", "plans.json"):
        (trained / "fold_0" / "validation" / name).rename(trained / name)
    found = {layer.spec.name: layer for layer in case_layers(desk, tmp_path / "d")}
    mean = np.mean(members, axis=0)
    np.testing.assert_array_equal(stored(desk, found["segmentation"]), mean.argmax(axis=0))
    np.testing.assert_allclose(stored(desk, found["outer wall"]) / 255, 1 - mean[0], atol=0.5 / 255 + 1e-6)
    for number in range(3):
        layer = found[f"outer wall, member {number + 1}"]
        np.testing.assert_allclose(stored(desk, layer) / 255, 1 - members[number][0], atol=0.5 / 255 + 1e-6)
        assert (layer.spec.parameters["member"], layer.spec.parameters["fold"]) == (number + 1, str(number))
    assert {layer.spec.author_version for layer in found.values()} == {"3d_fullres"}


def test_folds_with_probabilities_are_an_ensemble_with_maps_of_doubt(desk: Desk, tmp_path: Path) -> None:
    """Everything is predictive entropy = expected entropy + mutual information, on the scale of all cases.

    Nobody taught them what several readers draw, which is said.
    """
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    members = [predict(tmp_path / "d" / "out" / f"fold_{fold}", "aaa", fold) for fold in range(3)]
    found = {layer.spec.name: layer for layer in case_layers(desk, tmp_path / "d")}
    expected = {
        "predictive entropy": entr(np.mean(members, axis=0)).sum(axis=0),
        "expected entropy": np.mean([entr(member).sum(axis=0) for member in members], axis=0),
    }
    expected["mutual information"] = expected["predictive entropy"] - expected["expected entropy"]
    for name, values in expected.items():
        spec = found[name].spec
        assert (spec.unit, spec.minimum, spec.maximum) == ("nats", 0.0, np.log(3))
        np.testing.assert_allclose(stored(desk, found[name]) * spec.slope, values, atol=2e-4)
    spread = found["epistemic"].spec
    assert (spec.unit, spread.unit, spread.maximum) == ("nats", "1", 1 - 1 / 3)
    apart = np.var(members, axis=0).sum(axis=0)
    np.testing.assert_allclose(stored(desk, found["epistemic"]) * spread.slope, apart, atol=2e-4)
    assert "several readers" in str(spread.parameters["missing"])
    ours = [layer.spec for name, layer in found.items() if "member" not in name]
    assert {spec.method for spec in ours} == {"deep ensemble (imported members)"}
    assert (len(ours), found["mutual information"].spec.parameters["members"]) == (6, 3)


def test_folds_that_mark_nothing_have_no_doubt_and_say_so(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    nothing = np.zeros((3, *SHAPE), dtype=np.float32)
    nothing[0] = 1
    for fold in range(2):
        folder = tmp_path / "d" / "out" / f"fold_{fold}"
        predict(folder, "aaa")
        write(folder / "aaa.nii.gz", np.zeros(SHAPE, dtype=np.uint8))
        np.savez_compressed(folder / "aaa.npz", probabilities=nothing)
    report = workflow.ingest(desk, tmp_path / "d")
    assert "no member marks anything" in str(report.cases[0].remarks)


def test_the_members_are_no_curves_of_their_own(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    for fold in range(2):
        predict(tmp_path / "d" / "out" / f"fold_{fold}", "aaa", fold)
    report = workflow.ingest(desk, tmp_path / "d")
    profiles = workflow.case_page(desk, report.cases[0].key).profiles
    assert [profile.subject for profile in profiles if profile.name == "predictive entropy"] == ["nnU-Net"]


def test_folds_without_probabilities_vote(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    masks = [predict(tmp_path / "d" / "out" / f"fold_{fold}", "aaa", fold).argmax(axis=0) for fold in range(3)]
    for path in (tmp_path / "d").rglob("*.npz"):
        path.unlink()
    found = {layer.spec.name: layer for layer in case_layers(desk, tmp_path / "d")}
    votes = np.mean([mask > 0 for mask in masks], axis=0)
    np.testing.assert_allclose(stored(desk, found["outer wall"]) / 255, votes, atol=0.5 / 255 + 1e-6)
    assert found["outer wall"].spec.parameters["from"] == "masks, without probabilities"


def test_regions_are_named_by_the_smallest_that_holds_a_value() -> None:
    said = {"labels": {"background": 0, "whole": [1, 2], "lumen": 1, "ignore": 3}, "regions_class_order": [2, 1]}
    labels = labels_of(said)
    assert labels.names == {1: "lumen", 2: "whole"}
    assert labels.heads == (("whole", frozenset({1, 2})), ("lumen", frozenset({1})))
    assert labels.order == (2, 1)


def test_a_model_trained_on_regions(desk: Desk, tmp_path: Path) -> None:
    dataset = {
        "labels": {"background": 0, "aneurysm": [1, 2], "lumen": 1},
        "regions_class_order": [2, 1],
        "file_ending": ".nii.gz",
    }
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    regions = [np.random.default_rng(fold).random((2, *SHAPE)).astype(np.float32) for fold in range(2)]
    for fold, values in enumerate(regions):
        folder = tmp_path / "d" / "out" / f"fold_{fold}"
        predict(folder, "aaa", dataset=dataset)
        np.savez_compressed(folder / "aaa.npz", probabilities=values)
    found = {layer.spec.name: layer for layer in case_layers(desk, tmp_path / "d")}
    mean = np.mean(regions, axis=0)
    expected = np.where(mean[1] > 0.5, 1, np.where(mean[0] > 0.5, 2, 0))
    np.testing.assert_array_equal(stored(desk, found["segmentation"]), expected)
    assert found["segmentation"].spec.classes == {1: "lumen", 2: "outer wall"}
    np.testing.assert_allclose(stored(desk, found["outer wall"]) / 255, mean[0], atol=0.5 / 255 + 1e-6)


def test_a_reader_that_turns_the_axes_is_understood(desk: Desk, tmp_path: Path) -> None:
    """NibabelIOWithReorient saves probabilities on RAS+ axes and the mask on the image's own (here LPS+)."""
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    values = predict(tmp_path / "d" / "out", "aaa")
    np.savez_compressed(tmp_path / "d" / "out" / "aaa.npz", probabilities=values[:, :, ::-1, ::-1])
    (tmp_path / "d" / "out" / "plans.json").write_text(
        json.dumps(PLANS | {"image_reader_writer": "NibabelIOWithReorient"})
    )
    mask, outer = case_layers(desk, tmp_path / "d")
    np.testing.assert_array_equal(stored(desk, mask), values.argmax(axis=0))
    np.testing.assert_array_equal(stored(desk, outer), np.rint((1 - values[0]) * 255))


def test_a_result_under_models_is_by_that_model(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "case" / "ct.nii.gz", image())
    predict(tmp_path / "case" / "models" / "our net@2", "whatever it was called")
    authors = {(one.spec.author, one.spec.author_version) for one in case_layers(desk, tmp_path / "case")}
    assert authors == {("our net", "2")}


def test_results_find_the_folder_of_their_case(desk: Desk, tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / "all" / f"case{number}" / "ct.nii.gz", image(number))
        predict(tmp_path / "all" / "nnunet", f"case{number}", number)
    report = workflow.ingest(desk, tmp_path / "all")
    assert [case.layers_added for case in report.cases] == [2, 2]
    mask = workflow.case_page(desk, report.cases[1].key).layers[0]
    np.testing.assert_array_equal(stored(desk, mask), probabilities(1).argmax(axis=0))


def test_one_case_of_several_beside_the_results(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "all" / "case1" / "ct.nii.gz", image(1))
    for number in range(2):
        predict(tmp_path / "all" / "nnunet", f"case{number}", number)
    report = workflow.ingest(desk, tmp_path / "all")
    assert [case.layers_added for case in report.cases] == [2]
    assert [left_out.what for left_out in report.skipped] == ["1 nnU-Net result"]


def test_a_result_without_its_image_is_said_and_not_named(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    predict(tmp_path / "d" / "out", "aaa")
    predict(tmp_path / "d" / "out", "Meier")
    report = workflow.ingest(desk, tmp_path / "d")
    assert [left_out.what for left_out in report.skipped] == ["1 nnU-Net result"]
    assert "Meier" not in str(report)


def test_predictions_alone_are_refused(desk: Desk, tmp_path: Path) -> None:
    predict(tmp_path / "out", "aaa")
    with pytest.raises(InputRefused, match="results of nnU-Net without their images"):
        workflow.ingest(desk, tmp_path / "out")


def with_object_array(folder: Path) -> None:
    np.savez(folder / "Meier.npz", probabilities=np.array([Boom()], dtype=object))


def with_other_classes(folder: Path) -> None:
    np.savez(folder / "Meier.npz", probabilities=probabilities(classes=4))


def with_damage(folder: Path) -> None:
    path = folder / "Meier.npz"
    path.write_bytes(path.read_bytes()[:-400])


def without_dataset_json(folder: Path) -> None:
    (folder / "dataset.json").unlink()


def without_any_json(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.unlink()


def with_labels_that_are_none(folder: Path) -> None:
    (folder / "dataset.json").write_text('{"labels": {"lumen": "one"}, "file_ending": ".nii.gz"}')


def with_broken_json(folder: Path) -> None:
    (folder / "dataset.json").write_text("[" * 100_000)


BROKEN = {
    with_object_array: "plain numbers",
    with_other_classes: "4 x 6 x 10 x 8",
    with_damage: "plain numbers",
    without_dataset_json: "dataset.json",
    without_any_json: "dataset.json",
    with_labels_that_are_none: "dataset.json",
    with_broken_json: "dataset.json",
}


@pytest.mark.parametrize("harm", BROKEN, ids=lambda harm: harm.__name__)
def test_a_broken_result_is_refused_and_the_image_kept(desk: Desk, tmp_path: Path, harm: Any) -> None:
    write(tmp_path / "d" / "imagesTs" / "Meier_0000.nii.gz", image())
    predict(tmp_path / "d" / "out", "Meier")
    harm(tmp_path / "d" / "out")
    report = workflow.ingest(desk, tmp_path / "d")
    assert [case.layers_added for case in report.cases] == [0]
    said = f"{report.skipped[0].must} {report.skipped[0].found} {report.skipped[0].todo}"
    assert BROKEN[harm] in said
    assert "Meier" not in str(report)


def test_the_same_folder_twice_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "d" / "imagesTs" / "aaa_0000.nii.gz", image())
    for fold in range(2):
        predict(tmp_path / "d" / "out" / f"fold_{fold}", "aaa", fold)
    first, second = (workflow.ingest(desk, tmp_path / "d").cases[0] for _ in range(2))
    assert (first.outcome, first.layers_added) == (Outcome.NEW, 8)
    assert (second.outcome, second.layers_added) == (Outcome.UNCHANGED, 0)
