"""Foreign label names to our structures: shipped presets and the user's own labels.toml, both the same small TOML.

[names]
"ILT" = "thrombus"
"my second class" = "outer wall"
"bone" = ""                # left out
[maps]
"confidence" = "probability"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from db.vocabulary import LayerKind
from services.errors import InputRefused
from services.labels import STRUCTURES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "labels.toml"
LEFT_OUT = ""
"""What a name is mapped to that is known and not wanted."""
OWN = {LayerKind.INFLUENCE, LayerKind.CONSENSUS, LayerKind.DISAGREEMENT}
"""What is computed here from what came in."""
MAPS = frozenset(LayerKind) - {LayerKind.LABELS} - OWN


@dataclass(frozen=True)
class Naming:
    """What foreign names mean. Names match whatever their case, blanks, hyphens and underscores."""

    names: Mapping[str, str] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """What the values of a label map are called where it does not say so itself."""

    def structure(self, name: str) -> str | None:
        """One of labels.STRUCTURES, LEFT_OUT, or None for a name that nobody mapped."""
        return self.names.get(_plain(name))

    def kind_of_map(self, name: str) -> LayerKind | None:
        """What a map of this name holds, or None for a name that nobody mapped."""
        kind = self.maps.get(_plain(name))
        return LayerKind(kind) if kind else None

    def over(self, other: Naming) -> Naming:
        """These names, and those of `other` for what is not named here."""
        return replace(self, names={**other.names, **self.names}, maps={**other.maps, **self.maps})

    def classes(self, foreign: Mapping[int, str]) -> tuple[dict[int, str], frozenset[int], list[int]]:
        """Label values to structures, the values that are left out, and those whose name nobody mapped.

        A name that nobody mapped may be anything, a patient's too: it becomes 'other structure 3' for the value 3.
        """
        found = {value: self.structure(name) for value, name in foreign.items() if value}
        unknown = [value for value, structure in found.items() if structure is None]
        left_out = frozenset(value for value, structure in found.items() if structure == LEFT_OUT)
        named = {value: structure or other(value) for value, structure in found.items() if value not in left_out}
        return named, left_out, unknown


def other(number: int) -> str:
    """What a structure is called whose name nobody mapped."""
    return f"other structure {number}"


def unnamed(count: int) -> tuple[str, ...]:
    """The remark about labels whose name nobody mapped."""
    return (f"{count} label name{'' if count == 1 else 's'} unknown: map them in {FILE}",) if count else ()


@cache
def preset(*names: str) -> Naming:
    """The shipped presets of these names, the first one above the next, all above the common one."""
    naming = Naming()
    for name in (*names, "common"):
        text = (files("services") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
        below = _naming(tomllib.loads(text))
        naming = replace(naming.over(below), values=naming.values or below.values)
    return naming


def told(*folders: Path) -> Naming:
    """What the labels.toml of these folders say, the first one above the next. Raises InputRefused."""
    naming = Naming()
    for folder in folders:
        if (folder / FILE).is_file():
            naming = naming.over(_read(folder / FILE))
    return naming


def checked(said: Mapping[str, Any], file: str) -> Naming:
    """The tables [names] and [maps] of a TOML file. Raises InputRefused where one maps to what we do not know."""
    naming = _naming({part: said.get(part, {}) for part in ("names", "maps")})
    wrong = sum(structure not in STRUCTURES | {LEFT_OUT} for structure in naming.names.values())
    wrong += sum(kind not in MAPS for kind in naming.maps.values())
    if wrong:
        raise InputRefused(
            f"{file} must map to the structures and kinds of maps that docs/how-to/your-nnunet-results.md lists.",
            f"{wrong} that are none.",
            'Correct it; "" leaves a name out.',
        )
    return naming


def _read(path: Path) -> Naming:
    try:
        return checked(tomllib.loads(path.read_text(encoding="utf-8")), FILE)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError) as error:
        raise InputRefused(
            f"{FILE} must be TOML with a table [names], [maps] or both.",
            f"a {type(error).__name__}.",
            "Correct it, or remove it to use the shipped names.",
        ) from error


def _naming(said: Mapping[str, Mapping[str, str]]) -> Naming:
    tables = ({_plain(name): str(what) for name, what in said.get(part, {}).items()} for part in ("names", "maps"))
    names, maps = tables
    return Naming(names, maps, {str(value): name for value, name in said.get("values", {}).items()})


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", " ", name.strip()).casefold()
