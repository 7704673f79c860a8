"""What a scanner makes of a body: its slices, point spread, noise, table and streaks.

The kernel's transfer function acts on the picture; the noise has the power spectrum of filtered back-projection, a
ramp times the transfer function squared (Riederer et al. 1978, Phys Med Biol 23:446; Solomon et al. 2012, Med Phys
39:6048). Its variance at a voxel is the mean over directions of the exponential of the attenuation along the line
through it, so that it is highest in the middle and between bones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from services.phantom.plan import Kernel
from services.phantom.streaks import add_streaks
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.phantom.implicit import Floats
    from services.phantom.plan import Grid, Plan
    from services.phantom.scene import Scene

LOWEST, HIGHEST = -1024, 3071
"""What 12 bits hold."""
CUT_OFF = {Kernel.SOFT: 0.42, Kernel.MEDIUM: 0.60, Kernel.SHARP: 0.95}
"""Spatial frequency in 1/mm at which the transfer function has fallen to 1/e."""
EDGE = {Kernel.SOFT: 0.0, Kernel.MEDIUM: 0.12, Kernel.SHARP: 0.75}
"""How much a kernel lifts middle frequencies."""
LOUD = {Kernel.SOFT: 0.72, Kernel.MEDIUM: 1.0, Kernel.SHARP: 1.45}
"""Noise of the kernels beside the medium one."""
WATER_PER_MM = 0.0195
USUAL_PATH = 5.4
"""Attenuation through the middle of a body of average width, after the tube's own modulation."""
MODULATED = 0.45
"""Share of the attenuation that is left in the noise when the tube current follows the body."""
COARSE = 4
"""The noise's standard deviation is computed on every fourth voxel and slice."""


def scanned(scene: Scene) -> NDArray[np.int16]:
    """The scan of a scene: int16 HU [k, j, i]."""
    plan = scene.plan
    slices = _through_the_profile(scene)
    _lay_on_table(slices, plan.grid)
    rng = np.random.default_rng([plan.seed, plan.scan.seed, 977])
    noise = _white(slices.shape, rng)
    deviation = noise_deviation(slices, plan)
    if plan.has(Factor.METAL):
        add_streaks(slices, plan.grid, rng)
    transfer, spectrum = _kernel(plan.grid, plan.scan.kernel)
    for k, plane in enumerate(slices):
        picture = fft.irfft2(fft.rfft2(plane) * transfer, s=plane.shape)
        grain = fft.irfft2(fft.rfft2(noise[k]) * spectrum, s=plane.shape)
        slices[k] = picture + grain * deviation[k]
    if plan.scan.circle:
        _cut_to_circle(slices, plan.grid)
    np.rint(slices, out=slices)
    hounsfield: NDArray[np.int16] = np.clip(slices, LOWEST, HIGHEST, out=slices).astype(np.int16)
    return hounsfield


def _through_the_profile(scene: Scene) -> Floats:
    """Planes summed to slices with the weights of a box as wide as the slice is thick (trapezoidal rule)."""
    if scene.pad == 0:
        return np.array(scene.on_slices(scene.hounsfield), np.float32)
    offsets = np.arange(-scene.pad, scene.pad + 1)
    half = scene.plan.thickness / 2
    weights = np.clip((half - np.abs(offsets * scene.apart)) / scene.apart + 0.5, 0, 1)
    weights /= weights.sum()
    count, step = scene.plan.grid.shape[0], scene.step
    planes = scene.hounsfield
    return sum(  # type: ignore[return-value]
        np.float32(weight) * planes[first : first + (count - 1) * step + 1 : step]
        for first, weight in enumerate(weights)
        if weight > 0
    )


def _lay_on_table(slices: Floats, grid: Grid) -> None:
    """A curved table with a mattress, as close under the back as it lies: thin bright shells with foam between."""
    y, x = grid.axis(1)[:, None], grid.axis(2)[None, :]
    body = np.nonzero((slices > -300).any(axis=(0, 2)))[0]
    if not body.size:
        return
    back = float(grid.axis(1)[body[-1]])
    depth = y - (back + 4.0) + 0.00055 * x**2
    wide = np.clip((205.0 - np.abs(x)) / 3, 0, 1)
    mattress = np.exp(-(((depth + 2) / 4.0) ** 4)) * 75
    upper = np.exp(-(((depth - 5) / 1.7) ** 2)) * 960
    lower = np.exp(-(((depth + 0.0004 * x**2 - 36) / 1.7) ** 2)) * 900
    foam = 34.0 * ((depth > 5) & (depth + 0.0004 * x**2 < 36))
    slices += np.where(slices < -900, ((mattress + upper + lower + foam) * wide)[None], 0).astype(np.float32)


def _white(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """White noise, a little alike from slice to slice."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    alike = noise.copy()
    alike[1:] += np.float32(0.25) * noise[:-1]
    alike /= np.float32(np.sqrt(1 + 0.25**2))
    return alike


def _kernel(grid: Grid, kernel: Kernel) -> tuple[Floats, Floats]:
    """Transfer function of the picture, and amplitude spectrum of noise of standard deviation 1."""
    rows = np.fft.fftfreq(grid.shape[1], grid.spacing[1])[:, None]
    columns = np.fft.rfftfreq(grid.shape[2], grid.spacing[2])[None, :]
    frequency = np.hypot(rows, columns)
    falling = np.exp(-((frequency / CUT_OFF[kernel]) ** 2))
    lifted = falling * (1 + EDGE[kernel] * (frequency / 0.35) ** 2)
    spectrum = np.sqrt(frequency + 0.015) * lifted
    twice = np.full(spectrum.shape, 2.0)
    twice[:, [0, -1]] = 1.0
    power = (spectrum**2 * twice).sum() / (grid.shape[1] * grid.shape[2])
    return lifted.astype(np.float32), (spectrum / np.sqrt(power)).astype(np.float32)


def noise_deviation(slices: Floats, plan: Plan) -> Floats:
    """Standard deviation of the noise in HU at every voxel [k, j, i]."""
    coarse = slices[::COARSE, ::COARSE, ::COARSE]
    attenuation = np.maximum(coarse + 1000, 0) * np.float32(WATER_PER_MM / 1000)
    y = plan.grid.axis(1)[::COARSE, None]
    x = plan.grid.axis(2)[None, ::COARSE]
    pixel = COARSE * plan.grid.spacing[1]
    count = int(np.hypot(*attenuation.shape[1:])) + 4
    which = np.arange(len(coarse))[:, None] * count
    variance = np.zeros(attenuation.shape, np.float64)
    for angle in np.arange(0, np.pi, np.pi / 14):
        line = np.rint((x * np.cos(angle) + y * np.sin(angle)) / pixel).astype(int)
        line = (line - line.min()).ravel()
        flat = (which + line).ravel()
        path = np.bincount(flat, attenuation.ravel(), minlength=len(coarse) * count) * pixel
        variance += np.exp(MODULATED * (path - USUAL_PATH))[flat].reshape(attenuation.shape) / 14
    deviation = np.sqrt(variance).astype(np.float32) * np.float32(plan.noise * LOUD[plan.scan.kernel])
    rows, columns = (_between(fine, coarse) for fine, coarse in zip(slices.shape[1:], deviation.shape[1:], strict=True))
    by_slice = np.repeat(deviation, COARSE, axis=0)[: len(slices)]
    spread: Floats = rows @ by_slice @ columns.T
    return spread


def _between(fine: int, coarse: int) -> Floats:
    """(fine, coarse): what each voxel takes from the coarse ones to its two sides."""
    place = np.clip(np.arange(fine) / COARSE, 0, coarse - 1)
    weights: Floats = np.clip(1 - np.abs(place[:, None] - np.arange(coarse)[None]), 0, 1).astype(np.float32)
    return weights


def _cut_to_circle(slices: Floats, grid: Grid) -> None:
    y, x = (grid.axis(axis) - grid.middle[axis] for axis in (1, 2))
    outside = np.hypot(y[:, None], x[None, :]) > min(-y[0], -x[0]) + grid.spacing[1] / 2
    slices[:, outside] = LOWEST
