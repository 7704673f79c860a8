"""The components' files: only those in their folders, under an address that changes with their content."""

from __future__ import annotations

import re

import pytest

from dashboard import assets
from dashboard.app import streamlit_options


@pytest.mark.parametrize("component", assets.COMPONENTS)
def test_every_component_has_its_main_module(component: str) -> None:
    found = assets.find(component, "main.js")
    assert found is not None
    assert "export default" in found.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("component", "name"),
    [("viewer", "../__init__.py"), ("viewer", ""), ("views", "case.py"), ("..", "app.py"), ("viewer", "nothing.js")],
)
def test_nothing_outside_the_component_folders_is_served(component: str, name: str) -> None:
    assert assets.find(component, name) is None


@pytest.mark.parametrize("component", assets.COMPONENTS)
def test_the_loader_names_the_version_and_imports_nothing_else(component: str) -> None:
    loader = assets.loader_js(component)
    assert f"/assets/{assets.version()}/{component}/main.js" in loader
    assert not re.search(r"https?://", loader)


def test_the_version_is_a_short_hash() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", assets.version())


def test_usage_statistics_are_off_and_static_folders_are_not_served() -> None:
    options = streamlit_options()
    assert options["browser.gatherUsageStats"] is False
    assert options["server.enableStaticServing"] is False
