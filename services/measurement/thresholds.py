"""Thresholds that a decision hangs on: versioned, cited configuration, an example and never advice.

One TOML file holds a set: services/presets/thresholds/esvs-2024.toml is shipped, SECONDLOOK_THRESHOLDS names another.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.vocabulary import Sex
from services.errors import InputRefused

SHIPPED = "esvs-2024"
Text = Annotated[str, Field(min_length=1, max_length=300)]
Short = Annotated[str, Field(min_length=1, max_length=60)]
Millimetres = Annotated[float, Field(gt=0, le=200)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class Diameters(_Table):
    """From which largest diameter on a decision is another one, in mm."""

    men: Millimetres
    women: Millimetres


class GrowthLimit(_Table):
    """From which growth on an aneurysm is said to grow rapidly."""

    rapid_mm_per_year: Millimetres


class Flagging(_Table):
    """From which P(flip) on a case is flagged."""

    flip_from: Annotated[float, Field(gt=0, lt=1)]


class Thresholds(_Table):
    """A set of thresholds, its version and where it comes from."""

    name: Short
    version: Short
    source: Text
    note: Text
    diameter_mm: Diameters
    growth: GrowthLimit
    flag: Flagging

    def of(self, sex: Sex | None, diameter_mm: float) -> tuple[float, float | None]:
        """The threshold for a patient and, where the sex is neither M nor F, the other one as well; in mm.

        Which of two comes first: the one nearer to `diameter_mm`, the lower one where both are as near.
        """
        men, women = self.diameter_mm.men, self.diameter_mm.women
        if sex in {Sex.MALE, Sex.FEMALE}:
            return (men if sex is Sex.MALE else women), None
        near, far = sorted((men, women), key=lambda threshold: (abs(threshold - diameter_mm), threshold))
        return near, far


def shipped() -> Thresholds:
    """The example that is shipped."""
    return read((files("services") / "presets" / "thresholds" / f"{SHIPPED}.toml").read_text(encoding="utf-8"))


def chosen(file: str) -> Thresholds:
    """Those of a file; the shipped ones where it is ''. Raises InputRefused, which never names the file."""
    if not file:
        return shipped()
    try:
        return read(Path(file).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"a file that cannot be read ({type(error).__name__}).") from None


def read(text: str) -> Thresholds:
    """A set of thresholds from TOML. Raises InputRefused."""
    try:
        return Thresholds(**tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        raise _refused("something that is no TOML.") from None
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise _refused(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None


def _refused(found: str) -> InputRefused:
    return InputRefused(
        "SECONDLOOK_THRESHOLDS must name a file like services/presets/thresholds/esvs-2024.toml.",
        found,
        "Correct the file, or unset the variable to use the shipped example.",
    )
