"""The constants of the intervals: a file that is read as it was written, and refused where it says something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from services.errors import InputRefused
from services.measurement import fit as fits

if TYPE_CHECKING:
    from pathlib import Path


def test_the_shipped_constants_are_those_of_the_shipped_ensemble() -> None:
    fit = fits.shipped()
    assert fit.model == "Phantom ensemble@1"
    assert "SYNTHETIC" in fit.fitted_on
    assert fit.error_mm > 0
    assert fit.correlation_mm > 0


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    fit = replace(fits.shipped(), floor_mm=1.25, bias_mm=-0.375, cases=40)
    fits.write(tmp_path / "fit.toml", fit)
    assert fits.parsed((tmp_path / "fit.toml").read_text()) == fit


@pytest.mark.parametrize(
    ("old", "new"), [("floor_mm", "flour_mm"), ("per_member = ", "per_member = 'two' #"), ("seed = ", "# seed = ")]
)
def test_other_constants_are_refused_by_name(tmp_path: Path, old: str, new: str) -> None:
    fits.write(tmp_path / "fit.toml", fits.shipped())
    with pytest.raises(InputRefused, match=r"evaluate --doubt --fit"):
        fits.parsed((tmp_path / "fit.toml").read_text().replace(old, new))


def test_the_amplitude_grows_with_doubt_from_a_floor() -> None:
    """sqrt(3^2 + (2 * 2)^2) = 5."""
    fit = replace(fits.shipped(), floor_mm=3.0, per_doubt=2.0, floor_alone_mm=1.0, per_doubt_alone=0.0)
    np.testing.assert_allclose(fit.amplitude(np.array([0.0, 2.0]), members=True), [3.0, 5.0])
    np.testing.assert_allclose(fit.amplitude(np.array([0.0, 2.0]), members=False), [1.0, 1.0])
