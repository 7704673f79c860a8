"""DICOM objects with bytes changed at random: read or refused, never a crash, never a name repeated."""

from __future__ import annotations

import contextlib
from itertools import chain
from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np
import pytest
from highdicom import Volume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.errors import InputRefused
from services.imaging.dicom_series import DicomSeries
from services.imaging.foreign import objects
from services.imaging.foreign.naming import Naming
from tests.services.foreign.test_dicom_objects import TWO, write_map
from tests.services.foreign.writers import AFFINE, SHAPE, in_slice, masks, write_ct, write_rtstruct, write_seg
from tests.services.test_fuzz import changed, changes, often

if TYPE_CHECKING:
    from pathlib import Path

SQUARE = [(1.5, 2.5), (1.5, 6.5), (5.5, 6.5), (5.5, 2.5)]
KINDS = ("binary", "label map", "fractional", "map", "rtstruct")


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> tuple[DicomSeries, dict[str, bytes]]:
    """A series and one object of each kind about it."""
    folder = tmp_path_factory.mktemp("valid")
    ct = write_ct(folder / "ct")
    write_seg(folder / "binary", ct, masks(), TWO)
    write_seg(folder / "label map", ct, (masks() * [1, 2]).sum(axis=3).astype(np.uint8), TWO, "LABELMAP")
    write_seg(folder / "fractional", ct, masks() * 0.5, TWO, "FRACTIONAL")
    write_map(folder / "map", ct, np.full(SHAPE, 0.5, np.float32), hd.sr.CodedConcept("1", "99X", "Probability"))
    write_rtstruct(folder / "rtstruct", ct, {"Aorta": [in_slice(2, SQUARE)]})
    volume = Volume(np.zeros(SHAPE, dtype=np.int16), AFFINE, "PATIENT")
    return DicomSeries(volume, ct[0], tuple(ct)), {kind: (folder / kind).read_bytes() for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@settings(often, suppress_health_check=[*HealthCheck])
@given(where=changes, within=st.sampled_from([0.1, 0.5, 1.0]), cut=st.floats(0.05, 1))
def test_a_changed_object_is_read_or_refused(
    tmp_path: Path,
    valid: tuple[DicomSeries, dict[str, bytes]],
    kind: str,
    where: list[tuple[float, bytes, str]],
    within: float,
    cut: float,
) -> None:
    series, files = valid
    path = tmp_path / "Meier.dcm"
    spoilt = changed(files[kind], where, within)
    path.write_bytes(spoilt[: int(cut * len(spoilt))] if cut < 0.3 else spoilt)
    _, about = objects.split([path])
    matched, skipped = objects.match(about, [series], Naming())
    for one in chain.from_iterable(matched.values()):
        with contextlib.suppress(InputRefused):
            assert all(layer.array.size for layer in one.read(series.volume).layers)
    assert "Meier" not in str(skipped)
