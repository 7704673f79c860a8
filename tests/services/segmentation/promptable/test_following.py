"""One box on one slice is followed to the whole vessel, and every front says why it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from services.errors import InputRefused, JobCancelled
from services.evaluation.real_scan import read_scan
from services.segmentation.promptable import outlining
from services.segmentation.promptable.boxes import box_of
from services.segmentation.promptable.outlining import Outlined, outline
from services.segmentation.promptable.prompts import Box, Click
from services.segmentation.promptable.starting import Start
from services.volume import slices_of
from tests.conftest import real_data
from tests.services.segmentation.promptable import tubes
from tests.services.segmentation.promptable.bright import overlap

if TYPE_CHECKING:
    from services.segmentation.promptable.lite_medsam import LiteMedSam

MODEL = tubes.SureOfItself()
MIDDLE = 20


def start_in(vessel: np.ndarray, index: int = MIDDLE, axis: int = 0) -> Start:
    return Start(axis, index, box_of(vessel.take(index, axis)))


def followed(vessel: np.ndarray, start: Start | None = None, **said: Any) -> Outlined:
    blood = said.pop("hounsfield", tubes.scan(vessel))
    return outline(blood, said.pop("affine", tubes.AFFINE), MODEL, start or start_in(vessel), **said)


def whole(found: Outlined, shape: tuple[int, ...]) -> np.ndarray:
    marked = np.zeros(shape, bool)
    marked[slices_of(found.region)] = found.mask > 0
    return marked


def reasons(found: Outlined) -> dict[str, str]:
    return {str(stop["direction"]): str(stop["reason"]) for stop in reversed(found.stops)}


def test_a_straight_vessel_is_followed_to_both_ends_of_the_scan() -> None:
    vessel = tubes.straight()
    found = followed(vessel)
    assert overlap(whole(found, vessel.shape), vessel) > 0.95
    assert reasons(found) == {"upwards": "the scan ends", "downwards": "the scan ends"}


def test_where_the_vessel_ends_following_ends_and_says_so() -> None:
    radii = np.full(tubes.COUNT, 8.0)
    radii[30:] = -1
    vessel = tubes.tube(radii.clip(0)) & (radii >= 0)[:, None, None]
    found = followed(vessel)
    (first,) = [stop for stop in found.stops if stop["direction"] == "upwards"]
    assert first["last"] == 29
    assert first["reason"] == "the model sees nothing where the vessel was"


def test_a_vessel_that_opens_into_a_chamber_is_not_followed_into_it() -> None:
    radii = np.full(tubes.COUNT, 6.0)
    radii[30:] = 24.0
    found = followed(tubes.tube(radii))
    assert "a leak" in reasons(found)["upwards"]
    assert found.region.origin[0] + found.region.shape[0] <= 31


def test_what_is_no_longer_as_bright_is_not_the_vessel() -> None:
    vessel = tubes.straight()
    blood = tubes.scan(vessel)
    blood[30:][vessel[30:]] = 80
    found = followed(vessel, hounsfield=blood)
    assert "as bright as the vessel was" in reasons(found)["upwards"]


@pytest.mark.parametrize("row", [19, 45], ids=["front limb", "back limb"])
def test_from_one_limb_over_the_arch_into_the_other(row: int) -> None:
    vessel = tubes.arch()
    limb = vessel[10] & (np.abs(np.arange(tubes.SIDE) - row) < 10)[:, None]
    found = followed(vessel, Start(0, 10, box_of(limb)))
    marked = whole(found, vessel.shape)
    assert overlap(marked, vessel) > 0.9
    assert marked[5, 19, 30]
    assert marked[5, 45, 30]


def test_a_vessel_may_become_slowly_wider_and_narrower_again() -> None:
    radii = 7 + 5 * np.exp(-(((np.arange(tubes.COUNT) - 20) / 8) ** 2))
    vessel = tubes.tube(radii)
    assert overlap(whole(followed(vessel, start_in(vessel, 4)), vessel.shape), vessel) > 0.95


def sac(widest: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """A wall that widens by 3 mm over six and narrows again around a lumen that does not; and its HU."""
    lumen = tubes.straight(7)
    wall = tubes.tube(7 + widest * np.exp(-(((np.arange(tubes.COUNT) - 20) / 7) ** 2)))
    return wall, np.where(wall & ~lumen, tubes.THROMBUS, tubes.scan(lumen)).astype(np.int16)


@pytest.mark.parametrize("index", [4, 20, 36], ids=["above", "inside", "below"])
def test_the_wall_of_a_sac_is_followed_where_the_model_sees_its_lumen_first(index: int) -> None:
    wall, hounsfield = sac()
    found = outline(hounsfield, tubes.AFFINE, tubes.LumenFirst(), start_in(wall, index))
    marked = whole(found, wall.shape)
    assert overlap(marked, wall) > 0.93
    assert overlap(marked[20], wall[20]) > 0.95, "the lumen alone reaches 0.29"


def test_below_a_bifurcation_both_limbs_are_followed_a_little_way() -> None:
    k, j, i = np.mgrid[: tubes.COUNT, : tubes.SIDE, : tubes.SIDE].astype(float)
    apart = 0.6 * np.clip(20 - k, 0, None)
    limbs = np.hypot(np.abs(i - 30) - apart, j - 32) <= 4
    vessel = np.where(k > 20, np.hypot(i - 30, j - 32) <= 6.5, limbs)
    found = followed(vessel, start_in(vessel, 34))
    marked = whole(found, vessel.shape)
    assert overlap(marked[21:], vessel[21:]) > 0.95
    assert not marked[:5].any()
    assert any("a branch, no aorta" in str(stop["reason"]) for stop in found.stops)


def test_a_lump_of_fat_in_an_answer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    vessel = tubes.straight()
    monkeypatch.setattr(tubes.SureOfItself, "embed", lambda _, picture: np.ones_like(picture, dtype=np.float16))
    found = followed(vessel, Start(0, MIDDLE, Box(20, 18, 44, 42)))
    assert overlap(whole(found, vessel.shape)[MIDDLE], vessel[MIDDLE]) > 0.8, "the whole box reaches 0.34"


@pytest.mark.parametrize("axis", [1, 2])
def test_a_box_on_another_plane_leads_to_the_same_vessel(axis: int) -> None:
    vessel = tubes.straight()
    index = (32, 30)[axis - 1]
    found = followed(vessel, Start(axis, index, Box(14, 22 if axis == 1 else 24, 26, 38 if axis == 1 else 40)))
    assert overlap(whole(found, vessel.shape), vessel) > 0.95
    assert found.parameters["prompt"]["axis"] == axis
    assert found.parameters["first_axial"]["axis"] == 0


@pytest.mark.parametrize("axis", [0, 1])
def test_a_click_is_enough(axis: int) -> None:
    vessel = tubes.straight()
    found = followed(vessel, Start(axis, (20, 32)[axis], click=Click((33, 20)[axis], 31)))
    assert overlap(whole(found, vessel.shape), vessel) > 0.95


def test_a_scan_that_lies_another_way_gives_the_same_voxels() -> None:
    vessel = tubes.arch()
    start = Start(0, 10, box_of(vessel[10] & (np.arange(tubes.SIDE) > 32)[:, None]))
    found = whole(followed(vessel, start), vessel.shape)
    turned, affine = tubes.scan(vessel).transpose(1, 2, 0)[:, :, ::-1], tubes.AFFINE[:, [1, 2, 0, 3]].copy()
    affine[:, 2] *= -1
    moved = Start(2, tubes.COUNT - 1 - 10, start.box)
    again = followed(vessel, moved, hounsfield=np.ascontiguousarray(turned), affine=affine)
    assert (whole(again, turned.shape)[:, :, ::-1].transpose(2, 0, 1) == found).all()
    first = [stop["direction"] for stop in again.stops][:2]
    assert first == ["downwards", "upwards"], "the array runs downwards now"


def test_the_same_seed_gives_the_same_maps_and_members_are_one_seed_apart() -> None:
    vessel = tubes.straight()
    first, second, other = (followed(vessel, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.probability, second.probability)
    assert first.parameters["seed"] == 3
    assert other.parameters["seed"] == 4


def test_doubt_is_split_as_in_any_ensemble() -> None:
    found = followed(tubes.straight(), members=3)
    assert found.members == 3
    assert found.mutual_information is not None
    parts = found.expected_entropy + found.mutual_information
    assert np.allclose(parts, found.predictive_entropy, atol=1e-5)


def test_one_member_cannot_disagree_with_itself() -> None:
    found = followed(tubes.straight(), members=1)
    assert found.mutual_information is None
    assert "two members" in found.missing["mutual information"]


def test_lumen_and_thrombus_are_told_apart_where_brightness_shows_them() -> None:
    vessel, lumen = tubes.straight(9), tubes.straight(5)
    blood = tubes.scan(lumen)
    blood[vessel & ~lumen] = tubes.THROMBUS
    found = followed(vessel, hounsfield=blood)
    marked = np.zeros(vessel.shape, np.uint8)
    marked[slices_of(found.region)] = found.mask
    assert overlap(marked == 1, lumen) > 0.9
    assert overlap(marked > 0, vessel) > 0.95


def test_without_contrast_all_is_called_lumen_and_it_is_said() -> None:
    found = followed(tubes.straight(), hounsfield=tubes.scan(tubes.straight(), 50))
    assert set(np.unique(found.mask)) == {0, 1}
    assert found.parameters["lumen_and_thrombus"]["threshold_hu"] is None
    assert "no border" in found.parameters["lumen_and_thrombus"]["said"]


def test_whoever_waits_can_stop_it_between_two_slices() -> None:
    told: list[str] = []

    def after_five(what: str, _: int, __: int) -> None:
        told.append(what)
        if len(told) == 5:
            raise JobCancelled("Work must not be cancelled.", "it was.", "Begin again.")

    with pytest.raises(JobCancelled):
        followed(tubes.straight(), progress=after_five)
    assert told[0] == "slice 21 of 40, the start"
    assert told[1] == "slice 22 of 40, upwards"


def test_what_is_there_so_far_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlining, "PARTIAL_S", 0.0)
    counts: list[int] = []
    followed(tubes.straight(), partial=lambda region, mask: counts.append(int(mask.sum()) * bool(region.shape)))
    assert counts == sorted(counts)
    assert len(counts) > tubes.COUNT / 2


@pytest.mark.parametrize(
    "start",
    [
        Start(0, 99, Box(10, 10, 20, 20)),
        Start(0, 5, Box(10, 10, 20, 90)),
        Start(0, 5, Box(20, 10, 10, 20)),
        Start(0, 5),
        Start(3, 5, Box(10, 10, 20, 20)),
        Start(0, 5, Box(2, 2, 9, 9)),
        Start(0, 5, click=Click(5, 5)),
        Start(1, 5, Box(5, 5, 30, 9)),
    ],
    ids=["no slice", "outside", "turned over", "nothing", "no axis", "empty box", "empty click", "empty plane"],
)
def test_a_prompt_that_shows_no_vessel_is_refused(start: Start) -> None:
    with pytest.raises(InputRefused):
        followed(tubes.straight(), start)


@pytest.mark.real
def test_some_slices_of_a_real_dissected_aorta(medsam: LiteMedSam) -> None:
    scan = read_scan(real_data())
    assert scan is not None
    part = slice(26, 35)
    wanted = scan.aorta[part]
    start = replace(start_in(wanted, 4), index=4)
    found = outline(scan.hounsfield[part], scan.affine, medsam, start, members=1)
    assert overlap(whole(found, wanted.shape), wanted) > 0.93
    assert reasons(found) == {"upwards": "the scan ends", "downwards": "the scan ends"}
