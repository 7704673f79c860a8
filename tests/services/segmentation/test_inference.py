"""From a scan to probabilities, doubt and a mask, with engines whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.records import Region
from services.errors import JobCancelled
from services.segmentation.engine import KeptNetworks
from services.segmentation.inference import Prediction, predict
from services.segmentation.locating import LEAST_ML, MARGIN_MM
from services.volume import slices_of
from tests.services.segmentation.known_engines import BrightIsAorta, ByIntensity, LowestHalf, card_of
from tests.services.segmentation.random_models import random_model

if TYPE_CHECKING:
    from services.segmentation.card import Member, ModelCard
    from services.segmentation.engine import Engine

FOLDER = Path()
AORTA = card_of(FOLDER, 2)
LOCATOR = card_of(FOLDER, 1, spacing=4.0, classes=("aorta",))
LN2 = float(np.log(2))


def standing(spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> np.ndarray:
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *spacing, 1.0
    return affine


def tube(radius: int = 5) -> np.ndarray:
    """A body of 40 x 40 x 40 voxels in air: fat, in it a sac of 100 HU with a lumen of 300 HU, along k."""
    scan = np.full((40, 40, 40), -1000, dtype=np.int16)
    scan[:, 4:36, 4:36] = -100
    if radius:
        scan[:, 20 - radius : 20 + radius, 18 - radius : 18 + radius] = 100
        scan[:, 18:22, 16:20] = 300
    return scan


def by_intensity(card: ModelCard, _: Member) -> Engine:
    return BrightIsAorta() if card.name == "locator" else ByIntensity()


def test_what_is_seen_is_the_mask_on_the_scans_own_voxels() -> None:
    scan = tube()
    found = predict(scan, standing(), AORTA, engines=by_intensity)
    assert found.region == Region((0, 0, 0), (40, 40, 40))
    np.testing.assert_array_equal(found.mask, np.select([scan > 200, scan > 0], [1, 2], 0))
    np.testing.assert_allclose(found.probability.sum(axis=0), 1, atol=1e-5)
    assert found.predictive_entropy.max() < 1e-5
    assert found.members == 2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (5.0, 0.8, 0.8), (2.5, 1.4, 1.4)])
def test_a_scan_of_another_spacing_gets_a_mask_of_its_own_voxels(spacing: tuple[float, float, float]) -> None:
    """The block keeps its volume: 0 HU is half-way from -300 to 300. Faces move by up to half a voxel of the grid."""
    scan = np.full((24, 60, 60), -300, dtype=np.int16)
    scan[4:20, 15:45, 12:48] = 300
    found = predict(scan, standing(spacing), AORTA, engines=by_intensity)
    assert found.mask.shape == scan.shape
    assert np.count_nonzero(found.mask) == pytest.approx(np.count_nonzero(scan > 0), rel=0.12)
    assert found.spacing_mm == spacing


def test_members_that_disagree_raise_mutual_information_where_they_do() -> None:
    def opposed(_: ModelCard, member: Member) -> Engine:
        return ByIntensity() if member.seed else LowestHalf()

    found = predict(tube()[:16, 12:28, 10:26], standing(), AORTA, engines=opposed)
    both_lumen = np.zeros((16, 16, 16), dtype=bool)
    both_lumen[:8, 6:10, 6:10] = True
    assert found.mutual_information is not None
    np.testing.assert_allclose(found.mutual_information[both_lumen], 0, atol=1e-5)
    np.testing.assert_allclose(found.mutual_information[8:, 6:10, 6:10], LN2, atol=1e-5)
    np.testing.assert_allclose(found.predictive_entropy, found.expected_entropy + found.mutual_information, atol=1e-5)


def test_one_member_has_no_mutual_information_and_says_why() -> None:
    found = predict(tube(), standing(), card_of(FOLDER, 1), engines=by_intensity)
    assert found.mutual_information is None
    assert "at least two members" in found.missing["mutual information"]


def test_unsure_members_that_agree_doubt_but_have_no_mutual_information() -> None:
    found = predict(tube(), standing(), AORTA, engines=lambda *_: ByIntensity(logit=0.0))
    np.testing.assert_allclose(found.expected_entropy, np.log(3), atol=1e-5)
    assert found.mutual_information is not None
    np.testing.assert_allclose(found.mutual_information, 0, atol=1e-6)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_a_scan_stored_another_way_gets_the_same_answer_stored_that_way(
    axes: tuple[int, int, int], signs: tuple[int, int, int]
) -> None:
    """The lowest half of the body stays the lowest, though the array's first axis leads elsewhere."""
    scan, affine = tube()[:16, 10:26, 10:24], standing((2.0, 2.0, 2.0))
    expected = predict(scan, affine, AORTA, engines=lambda *_: LowestHalf()).mask
    steps = tuple(slice(None, None, sign) for sign in signs)
    turned = affine.copy()
    turned[:3, :3] = affine[:3, list(axes)] * signs
    found = predict(scan.transpose(axes)[steps], turned, AORTA, engines=lambda *_: LowestHalf())
    np.testing.assert_array_equal(found.mask, expected.transpose(axes)[steps])


def located(scan: np.ndarray, spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> Prediction:
    return predict(scan, standing(spacing), AORTA, locator=LOCATOR, engines=by_intensity)


def test_the_locator_leaves_the_aorta_and_a_margin() -> None:
    """Of 120 voxels a side at 2 mm: the lumen spans j 60 to 68 and i 52 to 60, all slices."""
    scan = np.full((40, 120, 120), -100, dtype=np.int16)
    scan[:, 60:68, 52:60] = 300
    found = located(scan)
    voxels = int(MARGIN_MM / 2)
    assert found.region == Region((0, 60 - voxels, 52 - voxels), (40, 8 + 2 * voxels, 8 + 2 * voxels))
    np.testing.assert_array_equal(found.mask == 1, scan[slices_of(found.region)] > 0)
    assert found.parameters["locator"] == "locator@1"
    assert found.parameters["found_ml"] == pytest.approx(40 * 8 * 8 * 8 / 1000, rel=0.05)


def test_a_distant_speck_does_not_widen_the_region() -> None:
    scan = np.full((40, 120, 120), -100, dtype=np.int16)
    scan[:, 60:68, 52:60] = 300
    expected = located(scan).region
    scan[2:6, 4:8, 110:114] = 300
    assert located(scan).region == expected


def test_where_the_locator_finds_next_to_nothing_the_whole_body_is_looked_at() -> None:
    scan = tube(radius=0)
    scan[20:22, 20:22, 20:22] = 300
    found = located(scan)
    assert found.region == Region((0, 2, 2), (40, 36, 36))
    assert f"less than {LEAST_ML:g}" in found.parameters["region"]


def test_a_piece_of_a_body_that_two_windows_cover_is_not_searched_first() -> None:
    """56 voxels of body through windows of 40 and of 16: two windows, or far more."""
    scan = np.full((56, 40, 40), -100, dtype=np.int16)
    scan[:, 18:22, 16:20] = 300
    wide = replace(AORTA, patch=(40, 40, 40))
    few = predict(scan, standing(), wide, locator=LOCATOR, engines=by_intensity)
    assert few.region == Region((0, 0, 0), scan.shape)
    assert few.parameters["locator"] is None
    assert "windows cover" in few.parameters["region"]
    assert located(scan).parameters["locator"] == "locator@1"


def test_a_scan_of_air_is_looked_at_whole() -> None:
    found = located(np.full((6, 6, 6), -1000, dtype=np.int16))
    assert found.region == Region((0, 0, 0), (6, 6, 6))
    assert not found.mask.any()


def test_without_a_locator_the_whole_image_is_looked_at_and_the_parameters_say_so() -> None:
    parameters = predict(tube(), standing(), AORTA, engines=by_intensity).parameters
    assert parameters["locator"] is None
    assert parameters["windows_of_a_member"] == 4**3
    assert json.loads(json.dumps(parameters)) == parameters
    assert {"model", "weights_sha256", "seeds", "engine", "grid_mm", "overlap", "inference"} <= set(parameters)


def test_progress_counts_the_windows_of_all_members_and_may_cancel() -> None:
    heard: list[tuple[str, int, int]] = []
    predict(tube(), standing(), AORTA, locator=LOCATOR, engines=by_intensity, progress=lambda *said: heard.append(said))
    tasks = [task for task, done, total in heard if done == total]
    assert tasks == ["finding the aorta", "segmenting"]

    def cancel(task: str, done: int, _: int) -> None:
        if task == "segmenting" and done == 3:
            raise JobCancelled("A job runs until it ends.", "a wish to cancel.", "Start it again.")

    with pytest.raises(JobCancelled):
        predict(tube(), standing(), AORTA, engines=by_intensity, progress=cancel)


def test_the_same_scan_gives_the_same_bytes_and_is_only_read(tmp_path: Path) -> None:
    card, engines = random_model(tmp_path, members=2), KeptNetworks()
    scan = tube()[:20]
    scan.setflags(write=False)
    first, second = (predict(scan, standing(), card, engines=engines) for _ in range(2))
    for name in ("probability", "predictive_entropy", "expected_entropy", "mutual_information", "mask"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
        assert getattr(first, name).flags.c_contiguous
    assert first.mutual_information is not None
    assert first.mutual_information.max() > 0
