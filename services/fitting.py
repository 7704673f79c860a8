"""Names that a database would not take are met here, alike on every database. SQLite would take any length."""

from __future__ import annotations

from dataclasses import replace

from services.prepared import PreparedCase, PreparedLayer, Skipped

LONGEST_NAME = 100
"""Letters of an author, a version or a structure: as many as their columns hold."""


def with_fitting_names(case: PreparedCase) -> tuple[PreparedCase, tuple[Skipped, ...]]:
    """The case with the layers whose author, version and structure can be stored, and why the others were left out."""
    fitting = tuple(filter(_fits, case.layers))
    left_out = (layer for layer in case.layers if not _fits(layer))
    return replace(case, layers=fitting), tuple(map(_because, left_out))


def _fits(layer: PreparedLayer) -> bool:
    names = (layer.author, layer.author_version, layer.name)
    return all(len(name) <= LONGEST_NAME and name.isprintable() for name in names)


def _because(layer: PreparedLayer) -> Skipped:
    return Skipped(
        f"a layer by a {layer.author_kind}",
        f"The names of an author, its version and its structure have at most {LONGEST_NAME} printable letters each.",
        "a longer one, or one with letters that no screen shows.",
        "Rename the file, or name its author in case.toml.",
    )
