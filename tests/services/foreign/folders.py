"""A small NIfTI case on a grid of its own, and what is stored of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from services import workflow
from services.imaging.nifti import LPS_TO_RAS, REVERSED_AXES
from services.volume import slices_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from db.records import Layer
    from services.desk import Desk

SHAPE = (6, 10, 8)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)


def write(path: Path, array: NDArray[Any], affine: NDArray[np.float64] = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array.transpose(2, 1, 0), LPS_TO_RAS @ affine @ REVERSED_AXES), path)
    return path


def image(number: int = 0) -> NDArray[np.int16]:
    return np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE) + np.int16(number)


def case_layers(desk: Desk, folder: Path) -> tuple[Layer, ...]:
    report = workflow.ingest(desk, folder)
    assert report.skipped == ()
    assert len(report.cases) == 1
    return workflow.case_page(desk, report.cases[0].key).layers


def stored(desk: Desk, layer: Layer) -> NDArray[Any]:
    whole = np.zeros(SHAPE, dtype=layer.spec.dtype)
    whole[slices_of(layer.spec.region)] = desk.store.blobs.get(layer.spec.image.digest)[0]
    return whole
