"""A generated body: one label a voxel, HU as published, neighbours in their places, factors as they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from services import labels as structures
from services.phantom.anatomy import generate
from services.phantom.plan import Phase, Sac, SacKind
from services.phantom.structures import CLASSES, INSIDE_THE_WALL, Factor, Structure
from services.phantom.truth import truth_of
from tests.services.phantom.small import GRID, PLAN, generated, with_factors

if TYPE_CHECKING:
    from services.phantom.anatomy import Phantom
    from services.phantom.plan import Plan

MIDDLE = {
    Structure.VERTEBRA, Structure.MUSCLE, Structure.FAT, Structure.KIDNEYS, Structure.BOWEL, Structure.LIVER,
    Structure.ILIAC_ARTERIES, Structure.INFERIOR_VENA_CAVA, Structure.LUMEN, Structure.THROMBUS,
    Structure.CALCIFICATION, Structure.BRANCH_ARTERIES, Structure.OTHER_VEINS, Structure.PANCREAS, Structure.STOMACH,
}  # fmt: skip


def mean_of(phantom: Phantom, structure: Structure, *, deep: int = 1) -> float:
    """Mean HU of a structure, `deep` voxels under its surface in the plane."""
    within = binary_erosion(phantom.labels == structure, np.ones((1, 3, 3)), iterations=deep)
    assert within.sum() > 20, structure
    return float(phantom.hounsfield[within].mean())


def deep_in(phantom: Phantom, millimetres: float) -> dict[str, float]:
    """Mean HU of blood and of thrombus at least so far from their borders."""
    outer, lumen = phantom.distances.outer, phantom.distances.lumen
    blood, clot = lumen < -millimetres, (outer < -millimetres - 1.5) & (lumen > millimetres)
    return {"blood": float(phantom.hounsfield[blood].mean()), "thrombus": float(phantom.hounsfield[clot].mean())}


def test_every_voxel_has_one_label_and_every_label_a_name() -> None:
    values = set(np.unique(generated(PLAN).labels))
    assert {Structure(value) for value in values} >= MIDDLE
    assert values - {0} <= set(CLASSES)
    assert len(set(CLASSES.values())) == len(CLASSES)


def test_lumen_and_thrombus_are_called_as_everywhere() -> None:
    assert {value: CLASSES[value] for value in (1, 2)} == structures.DEFAULT


def test_outside_the_skin_is_background_and_inside_is_none() -> None:
    phantom = generated(PLAN)
    assert (phantom.labels[:, 0] == 0).all()
    core = phantom.labels[:, 48:68, 48:68]
    assert (core != Structure.BACKGROUND).all()


def test_the_labels_of_the_aorta_are_those_of_its_distance() -> None:
    phantom = generated(PLAN)
    np.testing.assert_array_equal(np.isin(phantom.labels, INSIDE_THE_WALL), phantom.distances.outer < 0)


@pytest.mark.parametrize("phase", list(Phase))
def test_tissues_have_published_hounsfield_units(phase: Phase) -> None:
    phantom = generated(replace(PLAN, scan=replace(PLAN.scan, phase=phase)))
    blood = {Phase.ARTERIAL: (250, 420), Phase.PORTAL_VENOUS: (125, 195), Phase.NON_CONTRAST: (32, 52)}[phase]
    inside = deep_in(phantom, 4.0)
    assert blood[0] < inside["blood"] < blood[1]
    assert 20 < inside["thrombus"] < 55
    assert -125 < mean_of(phantom, Structure.FAT) < -80
    assert 40 < mean_of(phantom, Structure.MUSCLE) < 78
    assert mean_of(phantom, Structure.VERTEBRA) > 120
    assert phantom.hounsfield[:, 0].mean() == pytest.approx(-1000, abs=6)


def test_liver_enhances_most_in_the_portal_venous_phase() -> None:
    by_phase = [
        mean_of(generated(replace(PLAN, scan=replace(PLAN.scan, phase=phase))), Structure.LIVER)
        for phase in (Phase.NON_CONTRAST, Phase.ARTERIAL, Phase.PORTAL_VENOUS)
    ]
    assert by_phase == sorted(by_phase)
    assert 45 < by_phase[0] < 70
    assert 90 < by_phase[2] < 130


def centre_of(phantom: Phantom, structure: Structure, level: float) -> np.ndarray:
    """y and x of the middle of a structure on the slice at a level, in mm."""
    k = int(np.argmin(np.abs(GRID.axis(0) - level)))
    rows, columns = np.nonzero(phantom.labels[k] == structure)
    return np.array([GRID.axis(1)[rows].mean(), GRID.axis(2)[columns].mean()])


def test_neighbours_lie_where_an_atlas_has_them() -> None:
    phantom = generated(PLAN)
    aorta = centre_of(phantom, Structure.LUMEN, 70)
    cava, spine = centre_of(phantom, Structure.INFERIOR_VENA_CAVA, 70), centre_of(phantom, Structure.VERTEBRA, 70)
    assert cava[1] < aorta[1] - 10
    assert aorta[0] < spine[0] - 15
    assert centre_of(phantom, Structure.LIVER, 100)[1] < -30
    kidneys = GRID.axis(2)[np.nonzero(phantom.labels == Structure.KIDNEYS)[2]]
    assert kidneys.min() < -50 < 50 < kidneys.max()


def test_the_left_renal_vein_crosses_before_the_aorta() -> None:
    phantom = generated(PLAN)
    y, x, radius = phantom.aorta.at(95.0)
    vein = phantom.labels == Structure.OTHER_VEINS
    k, j, i = np.nonzero(vein)
    before = (np.abs(GRID.axis(2)[i] - x) < 5) & (GRID.axis(1)[j] < y - radius) & (GRID.axis(1)[j] > y - radius - 14)
    assert (np.abs(GRID.axis(0)[k[before]] - 94) < 12).any()


def test_the_same_plan_gives_the_same_arrays_and_another_seed_others() -> None:
    again = generate(PLAN)
    np.testing.assert_array_equal(again.hounsfield, generated(PLAN).hounsfield)
    np.testing.assert_array_equal(again.labels, generated(PLAN).labels)
    assert (generated(replace(PLAN, seed=8)).labels != again.labels).any()


def test_two_scans_of_a_person_share_bones_and_vessels_but_not_noise_and_bowel() -> None:
    first, second = generated(PLAN), generated(replace(PLAN, scan=replace(PLAN.scan, seed=1)))
    for kept in (Structure.VERTEBRA, Structure.LUMEN, Structure.KIDNEYS):
        np.testing.assert_array_equal(first.labels == kept, second.labels == kept)
    assert (first.labels == Structure.BOWEL).sum() != (second.labels == Structure.BOWEL).sum()
    assert (first.hounsfield != second.hounsfield).mean() > 0.5


@pytest.mark.parametrize("factor", list(Factor))
def test_without_its_factor_a_plan_is_its_pair_and_nothing_else_changes(factor: Factor) -> None:
    hard, pair = with_factors(factor), with_factors()
    assert hard.without(factor) == pair
    truth, other = truth_of(generated(hard).aorta, hard), truth_of(generated(pair).aorta, pair)
    assert (truth.diameter_mm, truth.diameter_at) == (other.diameter_mm, other.diameter_at)
    if factor is not Factor.THICK_SLICES:
        one, plain = generated(hard), generated(pair)
        np.testing.assert_array_equal(one.distances.outer, plain.distances.outer)
        assert (one.labels != plain.labels).mean() < 0.02


@pytest.mark.parametrize(
    "factor",
    [Factor.BOWEL_DENSITY, Factor.THIN_THROMBUS, Factor.ENDOGRAFT, Factor.DISSECTION],
    ids=lambda one: one.name,
)
def test_a_factor_inside_the_aorta_leaves_the_rest_of_the_body_as_it_was(factor: Factor) -> None:
    one, pair = generated(with_factors(factor)), generated(with_factors())
    away = pair.distances.outer > 500
    difference = np.abs(one.hounsfield.astype(int) - pair.hounsfield)[away]
    assert np.percentile(difference, 99) <= 3


def test_thrombus_may_have_the_density_of_bowel() -> None:
    dense, pair = generated(with_factors(Factor.BOWEL_DENSITY)), generated(with_factors())
    assert deep_in(dense, 4)["thrombus"] == pytest.approx(74, abs=8)
    assert deep_in(dense, 4)["thrombus"] > deep_in(pair, 4)["thrombus"] + 20
    assert deep_in(dense, 4)["blood"] == pytest.approx(deep_in(pair, 4)["blood"], abs=3)


def fat_around(phantom: Phantom) -> float:
    """Share of fat in the first 2.5 mm outside of the sac's wall."""
    shell = (phantom.distances.outer > 0) & (phantom.distances.outer < 2.5)
    shell[: int(0.3 * len(shell))] = shell[int(0.62 * len(shell)) :] = False
    return float((phantom.labels[shell] == Structure.FAT).mean())


def test_touching_organs_leave_no_fat_where_they_touch() -> None:
    touching, pair = generated(with_factors(Factor.TOUCHING)), generated(with_factors())
    assert fat_around(touching) < fat_around(pair) - 0.1
    one, other = (float((phantom.distances.cava + phantom.distances.outer).min()) for phantom in (touching, pair))
    assert one < min(0.5, other - 2)


def test_thin_thrombus_is_thin_and_there_is_less_of_it() -> None:
    thin, pair = generated(with_factors(Factor.THIN_THROMBUS)), generated(with_factors())
    clot = thin.labels == Structure.THROMBUS
    assert 0 < clot.sum() < 0.75 * (pair.labels == Structure.THROMBUS).sum()
    thickness = (thin.distances.lumen - thin.distances.outer)[clot]
    assert np.percentile(thickness, 95) < 8


def test_without_contrast_blood_is_no_brighter_than_muscle() -> None:
    plain = generated(with_factors(Factor.NON_CONTRAST))
    assert deep_in(plain, 4)["blood"] < mean_of(plain, Structure.MUSCLE) + 5
    assert with_factors(Factor.NON_CONTRAST).phase is Phase.NON_CONTRAST


def test_high_noise_is_as_much_higher_as_it_says() -> None:
    loud, pair = generated(with_factors(Factor.NOISE)), generated(with_factors())
    blood = pair.distances.lumen < -4
    assert loud.hounsfield[blood].std() > 2 * pair.hounsfield[blood].std()


def test_metal_throws_streaks_across_the_slices_that_hold_it_and_no_others() -> None:
    one, pair = generated(with_factors(Factor.METAL)), generated(with_factors())
    changed = np.abs(one.hounsfield.astype(int) - pair.hounsfield)
    metal = (one.hounsfield > 2500).any(axis=(1, 2))
    muscle = (one.labels == Structure.MUSCLE) & (pair.labels == Structure.MUSCLE)
    assert metal.any()
    assert not (pair.hounsfield > 2500).any()
    assert changed[metal][muscle[metal]].mean() > 8
    assert np.percentile(changed[-8:], 99) < 4


def test_thick_slices_are_5_mm_and_reach_as_far() -> None:
    thick = with_factors(Factor.THICK_SLICES)
    assert thick.grid.spacing[0] == 5.0
    assert thick.grid.shape[0] * 5.0 == pytest.approx(GRID.shape[0] * GRID.spacing[0], abs=5)
    assert generated(thick).hounsfield.shape == thick.grid.shape


def test_an_endograft_is_metal_around_two_limbs_of_blood() -> None:
    graft = generated(with_factors(Factor.ENDOGRAFT))
    assert (graft.labels == Structure.ENDOGRAFT).sum() > 20
    level = int(np.argmin(np.abs(GRID.axis(0) - graft.aorta.bifurcation - 30)))
    columns = np.nonzero((graft.distances.lumen[level] < 0).any(axis=0))[0]
    assert (np.diff(columns) > 1).any()


def test_an_iliac_aneurysm_is_wider_than_a_common_iliac_artery_may_be() -> None:
    wide, pair = (truth_radius(factors) for factors in ((Factor.ILIAC_ANEURYSM,), ()))
    assert 2 * pair < 15
    assert 2 * wide > 18


def truth_radius(factors: tuple[Factor, ...]) -> float:
    """Largest radius of an iliac artery, by its formula."""
    return max(float(radius.max()) for radius in generated(with_factors(*factors)).aorta.iliac_radii)


def test_a_dissection_divides_the_blood_in_two_of_different_brightness() -> None:
    torn, pair = generated(with_factors(Factor.DISSECTION)), generated(with_factors())
    blood = pair.distances.lumen < -2.5
    assert np.percentile(torn.hounsfield[blood], 25) < np.percentile(pair.hounsfield[blood], 25) - 30
    assert np.percentile(torn.hounsfield[blood], 90) > 250


@pytest.mark.parametrize("kind", list(SacKind))
def test_the_kind_of_aneurysm_is_what_it_is_called(kind: SacKind) -> None:
    plan: Plan = replace(PLAN, sac=Sac(kind=kind, radius=21.0))
    phantom = generated(plan)
    off = [
        np.hypot(c[1] - phantom.aorta.at(c[0])[0], c[2] - phantom.aorta.at(c[0])[1]) for c, _ in phantom.aorta.bulges
    ]
    assert len(off) == {SacKind.NONE: 0, SacKind.FUSIFORM: 2, SacKind.SACCULAR: 1}[kind]
    assert (truth_of(phantom.aorta, plan).diameter_mm >= 30) == (kind is not SacKind.NONE)
    assert kind is not SacKind.SACCULAR or off[0] > 10
