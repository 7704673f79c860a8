"""Ten members take no more memory than a large scan may, in the proportion of a small one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LARGE_SCAN = 512 * 512 * 400
ALLOWED, BEFORE = 6e9, 1.2e9
"""Bytes for the large scan, and what a process takes of them for modules, ten networks and OpenVINO's windows."""


def test_a_large_scan_with_ten_members_fits_into_six_gigabytes() -> None:
    command = [sys.executable, "-m", "tests.services.segmentation.memory_of_prediction", "10"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert float(outcome.stdout) * LARGE_SCAN + BEFORE < ALLOWED


def test_neither_torch_nor_openvino_is_loaded_before_a_network_is() -> None:
    code = "import sys, services.segmentation.inference; print({'torch', 'monai', 'openvino'} & set(sys.modules))"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert outcome.stdout.strip() == "set()"
