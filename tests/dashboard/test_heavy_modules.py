"""A page shows what is stored; the libraries that compute stay out of the server's process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dashboard.views import PAGES
from services import workflow
from services.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"torch", "monai", "openvino", "captum"}
FRESH_PROCESS = """
import sys
from streamlit.testing.v1 import AppTest
import dashboard.app
from tests.dashboard.conftest import READER, _view

app = AppTest.from_function(_view, args=(sys.argv[1], sys.argv[2], READER), default_timeout=60)
app.query_params["case"] = sys.argv[3]
app.run()
assert not app.exception, app.exception
print(*sys.modules, sep="\\n")
"""


@pytest.mark.parametrize("page", [page.module for page in PAGES])
def test_a_page_loads_no_heavy_library(page: str, home: Path) -> None:
    key = workflow.cases(workflow.open_home(Settings(home=home)))[0].key
    command = [sys.executable, "-c", FRESH_PROCESS, page, str(home), key]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    modules = set(outcome.stdout.split())
    assert f"dashboard.views.{page}" in modules
    assert modules & HEAVY == set()
