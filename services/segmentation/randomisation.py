"""Training windows that look like no scanner in particular: shapes and neighbours stay, intensities do not.

After SynthSeg (Billot et al. 2023, doi:10.1016/j.media.2023.102789): every structure gets an intensity by chance, then
fields, blur, resolution, noise and a cut body. Ours beside it: intensities are drawn around what CT shows as often as
from everywhere, the scan's own texture is kept in part, and the lumen mostly stays brighter than the thrombus, since
that is how the two are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from services.phantom.structures import Structure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from services.segmentation.training_set import Scanned

AIR = -1000.0
EDGES_HU = torch.tensor([-500.0, -150.0, -20.0, 60.0, 140.0, 400.0])
"""Between these a structure that holds several tissues (bowel: gas, fluid, contrast) counts as several."""
BINS = len(EDGES_HU) + 1
WHOLE = (
    Structure.LUMEN, Structure.THROMBUS, Structure.CALCIFICATION, Structure.ILIAC_ARTERIES, Structure.LIVER,
    Structure.INFERIOR_VENA_CAVA, Structure.BRANCH_ARTERIES, Structure.OTHER_VEINS, Structure.ENDOGRAFT,
)  # fmt: skip
"""Structures of one tissue."""
TEXTURE_HU = 45.0
"""A voxel keeps at most so much of its difference from its structure: edges between structures are made anew."""
WINDOW = (0.0, 1.0)


@dataclass(frozen=True)
class Looks:
    """How far training windows may stray. Probabilities, and standard deviations or bounds in the units named."""

    plain: float = 0.4
    """Share of windows whose structures keep their own intensity up to `jitter_hu`."""
    jitter_hu: float = 20.0
    shift_hu: float = 60.0
    anywhere: float = 0.3
    """Share of structures, in windows that are not plain, whose intensity is drawn from `range_hu`."""
    range_hu: tuple[float, float] = (-140.0, 460.0)
    turn_degrees: float = 12.0
    scale: tuple[float, float] = (0.8, 1.25)
    bend_mm: float = 5.0
    noise_hu: float = 32.0
    blur_voxels: float = 1.1
    thick: float = 0.25
    cut: float = 0.3
    """Share of windows with a side of the body missing."""


class Window(NamedTuple):
    """An input 0 to 1, float32 [k, j, i], its structures, int64 [k, j, i], and its readers likewise, if it has any."""

    image: torch.Tensor
    structures: torch.Tensor
    readers: torch.Tensor | None = None


def scale_window(hounsfield: torch.Tensor, window_hu: tuple[float, float]) -> torch.Tensor:
    """HU clipped to a window and scaled to 0 to 1, as every network of a card expects it."""
    low, high = window_hu
    return ((hounsfield - low) / (high - low)).clamp(*WINDOW)


def draw_window(
    scan: Scanned,
    rng: np.random.Generator,
    *,
    centre: Sequence[float],
    patch: tuple[int, int, int],
    step: float,
    spacing_mm: float,
    window_hu: tuple[float, float],
    looks: Looks,
) -> Window:
    """One window of `patch` voxels, `step` voxels of the scan apart, around a voxel of the scan."""
    where = _positions(rng, patch, step, spacing_mm, looks)
    hounsfield, maps = _sampled(scan, where, centre, smooth=step > 1)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    picture = _repainted(hounsfield, maps[0], rng, looks)
    picture = _through_a_scanner(picture, rng, generator, looks)
    if rng.random() < looks.cut:
        _cut_off(picture, maps, rng)
    return Window(scale_window(picture, window_hu), *maps)


def _positions(
    rng: np.random.Generator, patch: tuple[int, int, int], step: float, spacing_mm: float, looks: Looks
) -> torch.Tensor:
    """Offsets from the centre in voxels of the scan, float32 [k, j, i, 3]: turned, scaled and bent."""
    axes = [(torch.arange(size, dtype=torch.float32) - (size - 1) / 2) * step for size in patch]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    grid = grid @ torch.tensor(_turned(rng, looks), dtype=torch.float32).T
    height = rng.uniform(0, looks.bend_mm) / spacing_mm
    knots = torch.tensor(rng.standard_normal((1, 3, 5, 5, 5)), dtype=torch.float32) * (height / 2)
    bend = functional.interpolate(knots, size=patch, mode="trilinear", align_corners=True)
    return grid + bend[0].permute(1, 2, 3, 0)


def _turned(rng: np.random.Generator, looks: Looks) -> NDArray[np.float64]:
    """A small rotation about each axis, and a scale along each."""
    matrix = np.eye(3)
    for first, second in ((1, 2), (0, 2), (0, 1)):
        angle = np.deg2rad(rng.uniform(-looks.turn_degrees, looks.turn_degrees))
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    whole = rng.uniform(*np.log(looks.scale))
    turned: NDArray[np.float64] = matrix @ np.diag(np.exp(whole + rng.uniform(-0.07, 0.07, 3)))
    return turned


def _sampled(
    scan: Scanned, where: torch.Tensor, centre: Sequence[float], *, smooth: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """HU (linear), and structures and readers (nearest) at offsets from a voxel; air and nothing beyond the scan."""
    shape = scan.labels.shape
    reach = where.abs().amax(dim=(0, 1, 2)).numpy() + 2
    low = [min(max(0, int(np.floor(c - far))), n - 1) for n, c, far in zip(shape, centre, reach, strict=True)]
    high = [max(min(n, int(np.ceil(c + far)) + 1), 1) for n, c, far in zip(shape, centre, reach, strict=True)]
    box = tuple(slice(one, other) for one, other in zip(low, high, strict=True))
    block = torch.from_numpy(scan.hounsfield[box].astype(np.float32))[None, None] - AIR
    known = (scan.labels,) if scan.readers is None else (scan.labels, scan.readers)
    labels = torch.from_numpy(np.stack([one[box] for one in known]).astype(np.float32))[None]
    if smooth:
        block = _blurred(block[0, 0], (0.8, 0.8, 0.8))[None, None]
    size = torch.tensor(block.shape[2:], dtype=torch.float32)
    inside = where + torch.tensor([c - one for c, one in zip(centre, low, strict=True)], dtype=torch.float32)
    unit = (((2 * inside + 1) / size) - 1).flip(-1)[None]
    hounsfield = functional.grid_sample(block, unit, mode="bilinear", padding_mode="zeros", align_corners=False)
    nearest = functional.grid_sample(labels, unit, mode="nearest", padding_mode="zeros", align_corners=False)
    return hounsfield[0, 0] + AIR, nearest[0].round().long()


def _repainted(
    hounsfield: torch.Tensor, structures: torch.Tensor, rng: np.random.Generator, looks: Looks
) -> torch.Tensor:
    """Every structure, and every tissue of a mixed one, at another intensity; part of its texture stays."""
    bins = torch.bucketize(hounsfield, EDGES_HU)
    single = torch.zeros(len(Structure), dtype=torch.bool)
    single[[int(one) for one in WHOLE]] = True
    tissue = structures * BINS + torch.where(single[structures], torch.zeros_like(bins), bins)
    count = torch.bincount(tissue.flatten(), minlength=len(Structure) * BINS).float()
    total = torch.bincount(tissue.flatten(), weights=hounsfield.flatten(), minlength=len(count)).float()
    middle = total / count.clamp(min=1)
    shifts = torch.tensor(_shifts(middle.view(-1, BINS)[:, 0].numpy(), rng, looks), dtype=torch.float32)
    shift = shifts.repeat_interleave(BINS) + torch.tensor(rng.normal(0, 8, len(count)), dtype=torch.float32)
    texture = (hounsfield - middle[tissue]).clamp(-TEXTURE_HU, TEXTURE_HU) * float(rng.uniform(0.2, 1.1))
    return (middle + shift)[tissue] + texture


def _shifts(middle: NDArray[np.float32], rng: np.random.Generator, looks: Looks) -> NDArray[np.float64]:
    """By how much each structure's HU is moved. `middle`: HU of structures of one tissue."""
    plain = rng.random() < looks.plain
    shifts = rng.normal(0, looks.jitter_hu if plain else looks.shift_hu, len(Structure))
    shifts[Structure.BACKGROUND] = 0.0
    low, high = looks.range_hu
    if not plain:
        for one in np.flatnonzero(rng.random(len(Structure)) < looks.anywhere):
            shifts[one] += rng.uniform(low, high) - (middle[one] if one in WHOLE else (low + high) / 2)
    dose = float(rng.uniform(0.35, 1.25))
    lumen, thrombus = Structure.LUMEN, Structure.THROMBUS
    if middle[lumen] > middle[thrombus] + 60:  # a scan with contrast medium: another dose of it, in all arteries alike
        shifts[lumen] += (dose - 1) * (middle[lumen] - 40)
        shifts[[Structure.ILIAC_ARTERIES, Structure.BRANCH_ARTERIES]] = shifts[lumen]
        shifts[thrombus] = min(shifts[thrombus], middle[lumen] + shifts[lumen] - middle[thrombus] - 45)
    return shifts


def _through_a_scanner(
    picture: torch.Tensor, rng: np.random.Generator, generator: torch.Generator, looks: Looks
) -> torch.Tensor:
    """A smooth field, blur, thick slices and grain."""
    knots = torch.randn((1, 1, 4, 4, 4), generator=generator) * float(rng.uniform(0, 14))
    field = functional.interpolate(knots, size=picture.shape, mode="trilinear", align_corners=True)[0, 0]
    across = float(rng.uniform(0.35, looks.blur_voxels))
    picture = _blurred(picture, (float(rng.uniform(0.3, looks.blur_voxels)), across, across))
    if rng.random() < looks.thick:
        picture = _thick(picture, int(rng.integers(2, 4)))
    noise = torch.randn(picture.shape, generator=generator)
    grain = float(rng.uniform(0, 0.9))
    if grain > 0.3:
        noise = _blurred(noise, (0.0, grain, grain))
        noise /= noise.std()
    return picture + field + noise * float(rng.uniform(1, looks.noise_hu))


def _thick(picture: torch.Tensor, slices: int) -> torch.Tensor:
    """Slices summed by `slices`, and interpolated again."""
    summed = functional.avg_pool3d(picture[None, None], (slices, 1, 1), ceil_mode=True, count_include_pad=False)
    return functional.interpolate(summed, size=picture.shape, mode="trilinear", align_corners=False)[0, 0]


def _blurred(picture: torch.Tensor, sigma: tuple[float, float, float]) -> torch.Tensor:
    """Gaussian along each axis; sigma in voxels, 0 leaves the axis as it is."""
    result = picture[None, None]
    for axis, width in enumerate(sigma):
        if width < 0.25:
            continue
        reach = max(1, int(2.5 * width + 0.5))
        weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / width) ** 2)
        shape, pad = [1, 1, 1, 1, 1], [0, 0, 0]
        shape[2 + axis], pad[axis] = -1, reach
        padded = functional.pad(result, [n for side in reversed(pad) for n in (side, side)], mode="replicate")
        result = functional.conv3d(padded, (weights / weights.sum()).view(shape))
    return result[0, 0]


def _cut_off(picture: torch.Tensor, maps: torch.Tensor, rng: np.random.Generator) -> None:
    """Put air from one side on, up to two fifths of the window, where nobody draws: the scan ended there."""
    axis = int(rng.integers(3))
    size = picture.shape[axis]
    width = int(rng.uniform(0.05, 0.4) * size)
    first = 0 if rng.random() < 0.5 else size - width
    picture.narrow(axis, first, width).fill_(AIR)
    maps.narrow(1 + axis, first, width).fill_(int(Structure.BACKGROUND))
