"""Ten networks take no more memory than a large scan may, in the proportion of a small one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LARGE_SCAN = 512 * 512 * 400
ALLOWED, BEFORE = 6e9, 1.2e9
"""Bytes for the large scan, and what a process takes of them before it: modules, networks, OpenVINO's windows."""


def test_a_large_scan_with_ten_networks_fits_into_six_gigabytes() -> None:
    command = [sys.executable, "-m", "tests.services.segmentation.memory_of_prediction", "10"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert float(outcome.stdout) * LARGE_SCAN + BEFORE < ALLOWED
