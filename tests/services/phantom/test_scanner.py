"""What the scanner model does to a known body: noise, kernel, slice profile, table, circle, streaks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.phantom.implicit import ellipsoid
from services.phantom.plan import Grid, Kernel, Plan, Scan
from services.phantom.scanner import HIGHEST, LOWEST, noise_deviation, scanned
from services.phantom.scene import Scene
from services.phantom.streaks import streaks_of
from services.phantom.structures import Factor, Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid((12, 128, 128), (3.0, 2.5, 2.5), (0.0, 0.0, 0.0))
WATER = (1e4, 110.0, 110.0)


def of_water(scan: Scan, *factors: Factor) -> NDArray[np.int16]:
    """A scan of a cylinder of water, 220 mm across."""
    return scanned(with_water(scan, *factors))


def with_water(scan: Scan, *factors: Factor) -> Scene:
    scene = Scene(Plan(3, scan=scan, factors=frozenset(factors)))
    scene.whole.fill(ellipsoid(scene.points, (0, 0, 0), WATER), 0.0, Structure.OTHER_SOFT_TISSUE)
    return scene


def test_water_is_0_and_air_is_minus_1000() -> None:
    image = of_water(Scan(GRID))
    assert image[:, 56:72, 56:72].mean() == pytest.approx(0, abs=1.5)
    assert image[:, :8, 56:72].mean() == pytest.approx(-1000, abs=1.5)


def test_values_are_whole_and_fit_in_12_bits() -> None:
    image = of_water(Scan(GRID, noise=900.0))
    assert image.dtype == np.int16
    assert LOWEST <= image.min() < image.max() <= HIGHEST
    assert HIGHEST - LOWEST == 2**12 - 1


def test_noise_is_highest_in_the_middle() -> None:
    image = of_water(Scan(GRID, noise=20.0)).astype(float)
    middle, rim = image[:, 58:70, 58:70].std(), image[:, 24:30, 58:70].std()
    assert middle > 1.15 * rim


def test_noise_grows_with_the_plan_and_across_bone() -> None:
    plan = Plan(3, scan=Scan(GRID, noise=10.0))
    body = np.zeros(GRID.shape, np.float32)
    bony = body.copy()
    bony[:, :, 40:60] = 400
    thin, thick = noise_deviation(body, plan), noise_deviation(bony, plan)
    assert (thick[:, 64, 50] > thin[:, 64, 50]).all()
    twice = noise_deviation(body, replace(plan, scan=replace(plan.scan, noise=20.0)))
    np.testing.assert_allclose(twice, 2 * thin, rtol=1e-5)


def spectrum(kernel: Kernel) -> NDArray[np.float64]:
    """Mean radial noise spectrum: low, middle and high frequencies."""
    fine = Grid((8, 128, 128), (3.0, 0.9, 0.9), (0.0, 0.0, 0.0))
    noise = of_water(Scan(fine, kernel=kernel, noise=30.0))[:, 44:84, 44:84].astype(float)
    power = (np.abs(np.fft.fft2(noise - noise.mean(axis=(1, 2), keepdims=True))) ** 2).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(40)[:, None], np.fft.fftfreq(40)[None, :])
    bands = [(frequency > low) & (frequency <= low + 0.12) for low in (0.01, 0.2, 0.38)]
    return np.array([power[band].mean() for band in bands])


def test_noise_is_correlated_as_the_kernel_makes_it() -> None:
    soft, sharp = spectrum(Kernel.SOFT), spectrum(Kernel.SHARP)
    assert soft[1] > soft[0]
    assert sharp[2] / sharp[1] > 1.5 * soft[2] / soft[1]
    assert sharp.mean() > soft.mean()


def test_a_sharper_kernel_has_a_steeper_edge() -> None:
    steepest = [
        float(np.abs(np.diff(of_water(Scan(GRID, kernel=kernel, noise=0.01))[6, 64].astype(float))).max())
        for kernel in Kernel
    ]
    assert steepest == sorted(steepest)


def test_the_noise_alone_differs_between_two_scans() -> None:
    first, second = (of_water(Scan(GRID, noise=12.0, seed=seed)) for seed in (0, 1))
    assert (first != second).mean() > 0.5
    assert first.mean() == pytest.approx(second.mean(), abs=0.5)


@pytest.mark.parametrize("increment", [0.7, 1.25, 2.0, 3.0, 5.0])
def test_a_slice_sees_a_ball_as_thick_as_its_profile(increment: float) -> None:
    grid = Grid((round(60 / increment), 64, 64), (increment, 2.0, 2.0), (0.0, 0.0, 0.0))
    scene = Scene(Plan(3, scan=Scan(grid, noise=0.001)))
    scene.whole.fill(ellipsoid(scene.points, (0, 0, 0), (8.0, 30.0, 30.0)), 1000.0, None)
    column = scanned(scene)[:, 32, 32].astype(float) + 1000
    assert column.sum() * increment / 2000 == pytest.approx(16, abs=1.2)


def test_overlapping_slices_are_alike_and_thicker_than_they_lie_apart() -> None:
    grid = Grid((40, 64, 64), (1.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    sharp, wide = (edge_of(Scan(grid, noise=0.001, thickness=thickness)) for thickness in (None, 4.0))
    assert wide > sharp


def edge_of(scan: Scan) -> int:
    """On how many slices a step along z is neither here nor there."""
    scene = Scene(Plan(3, scan=replace(scan, grid=replace(scan.grid, spacing=(2.0, 2.0, 2.0)))))
    scene.hounsfield[scene.points.z.ravel() > 0.2] = 0.0
    column = scanned(scene)[:, 32, 32]
    return int(((column > -950) & (column < -50)).sum())


def test_the_table_lies_behind_the_body_and_is_no_part_of_it() -> None:
    image = of_water(Scan(GRID, noise=0.01))
    behind = image[:, 110:, 54:74]
    assert (behind > -700).any()
    assert (image[:, :14] < -950).all()


def test_outside_the_circle_nothing_is_reconstructed() -> None:
    image = of_water(Scan(GRID, circle=True))
    assert (image[:, 0, 0] == LOWEST).all()
    assert (image[:, 64, 0] != LOWEST).any()


def test_two_pieces_of_metal_have_a_dark_band_between_them() -> None:
    metal = np.zeros((128, 128), bool)
    metal[62:66, 40:44] = metal[62:66, 84:88] = True
    streaks = streaks_of(metal, GRID, np.random.default_rng(1))
    between, above = streaks[62:66, 54:74].mean(), streaks[20:30, 54:74].mean()
    assert between < -15
    assert abs(above) < abs(between) / 2
    assert (streaks[metal] == 0).all()


def test_without_metal_there_is_no_streak() -> None:
    assert not streaks_of(np.zeros((128, 128), bool), GRID, np.random.default_rng(1)).any()


def test_thickness_is_sampled_by_planes_no_further_apart_than_they_may_be() -> None:
    for increment, planes in ((0.7, 1), (1.5, 1), (2.5, 2), (5.0, 4)):
        scene = Scene(Plan(3, scan=Scan(Grid((4, 16, 16), (increment, 8.0, 8.0)))))
        assert scene.step == planes
        assert len(scene.on_slices(scene.hounsfield)) == 4
