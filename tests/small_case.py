"""A tiny case in the folder convention: a bright tube in a dark box, two models, two readers, one probability map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SHAPE = (20, 48, 56)
"""Slices, rows, columns."""
SPACING = (3.0, 1.5, 1.5)
CENTRE = (24, 28)


def write_small_case(folder: Path, *, offset: int = 0, synthetic: bool = True) -> Path:
    """Write the case to `folder`; `offset` makes another image of it. Model B leaves out the thrombus."""
    distance = _distance()
    lumen, thrombus = distance < 5, (distance >= 5) & (distance < 9)
    image = np.where(lumen, 300, np.where(thrombus, 60, -50)).astype(np.int16) + offset
    full = (lumen * 1 + thrombus * 2).astype(np.uint8)
    _write(folder / "ct.nii.gz", image)
    _write(folder / "models" / "A@1.nii.gz", full)
    _write(folder / "models" / "B@2.nii.gz", (lumen * 1).astype(np.uint8))
    _write(folder / "models" / "A@1.probability.nii.gz", _soft(distance))
    _write(folder / "readers" / "reader one.nii.gz", np.roll(full, 1, axis=2))
    _write(folder / "readers" / "reader two.nii.gz", np.roll(full, -1, axis=1))
    (folder / "case.toml").write_text(f"synthetic = {str(synthetic).lower()}\n", encoding="utf-8")
    return folder


def _distance() -> NDArray[np.float64]:
    _, rows, columns = np.indices(SHAPE)
    return np.hypot(rows - CENTRE[0], columns - CENTRE[1])


def _soft(distance: NDArray[np.float64]) -> NDArray[np.float32]:
    return (1.0 / (1.0 + np.exp(distance - 9.0))).astype(np.float32)


def _write(path: Path, array: NDArray[np.generic]) -> None:
    """NIfTI of an axial LPS scan: (i, j, k) order, RAS affine with -x and -y."""
    path.parent.mkdir(parents=True, exist_ok=True)
    slices, rows, columns = SPACING
    affine = np.diag([-columns, -rows, slices, 1.0])
    affine[:3, 3] = (42.0, 36.0, -30.0)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(array.transpose(2, 1, 0)), affine), path)
