"""What a model's card.toml must say, field by field. A field's description is the rule that an error repeats."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from services.errors import InputRefused
from services.labels import LUMEN, OUTER_WALL, STRUCTURES, THROMBUS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FORMATS = ("unet", "torch.export", "onnx", "self-prompt", "unet-two-heads")
"""Of networks. A card of the format sam-onnx has rules of its own: see promptable.card."""
LONGEST_EDGE = 512
"""Voxels along one edge of a patch; more does not fit the memory that this is made for."""
LONGEST_FOUND = 120
"""Letters of what was found that an error repeats."""
TODO = "Correct it; docs/how-to/add-a-model.md shows a whole card."

Said = TypeVar("Said", bound="Table")
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}$")]
Key = Annotated[str, StringConstraints(pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}@[A-Za-z0-9 ._+-]{1,64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Spacing = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
Hounsfield = Annotated[float, Field(ge=-32768, le=32767, allow_inf_nan=False)]
Edge = Annotated[int, Field(ge=1, le=LONGEST_EDGE)]
Count = Annotated[int, Field(ge=1, le=4096)]


class Table(BaseModel):
    """A TOML table: these keys and no others, each of its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class MemberTable(Table):
    """One [[member]]."""

    file: FileName = Field(description="the plain name of a file beside the card")
    sha256: Digest = Field(description="the SHA-256 of that file, 64 digits of 0-9 and a-f")
    seed: int | None = Field(default=None, description="a whole number")


class NetworkTable(Table):
    """The table [network]: the layout of our own U-Net."""

    channels: tuple[Count, ...] = Field(min_length=2, description="two or more whole numbers, one for each level")
    strides: tuple[Count, ...] = Field(description="whole numbers, one fewer than there are channels")
    residual_units: int = Field(default=1, ge=0, le=16, description="a whole number from 0 to 16")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="a number from 0 on and below 1")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.strides) != len(self.channels) - 1:
            raise ValueError(f"{len(self.channels)} channels and {len(self.strides)} strides")
        return self


class CardTable(Table):
    """The whole card."""

    name: Word = Field(description="letters, digits, blanks and . _ + -, at most 64, a letter or digit first")
    version: Word = Field(description='text such as "1" or "2026.1": letters, digits, blanks and . _ + -')
    format: str = Field(description=f"one of {', '.join(FORMATS)}, or sam-onnx")
    spacing_mm: tuple[Spacing, Spacing, Spacing] = Field(description="three numbers of mm above 0, along k, j and i")
    window_hu: tuple[Hounsfield, Hounsfield] = Field(description="two numbers of HU, the lower one first")
    patch: tuple[Edge, Edge, Edge] = Field(description=f"three whole numbers from 1 to {LONGEST_EDGE}: voxels k, j, i")
    classes: dict[int, str] = Field(min_length=1, description="numbers from 1 on without a gap, each with a structure")
    member: tuple[MemberTable, ...] = Field(min_length=1, description="one [[member]] or more, each with another file")
    network: NetworkTable | None = Field(default=None, description="channels, one stride fewer, residual_units")
    about: dict[str, Any] = Field(default_factory=dict, description="a table of whatever else is to be said")
    companion_of: Key = Field(default="", description="the model whose doubt these networks tell: name@version")

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(f"'{value}'")
        return value

    @field_validator("window_hu")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError(f"{value[0]:g} and {value[1]:g}")
        return value

    @field_validator("classes")
    @classmethod
    def _structures(cls, value: dict[int, str]) -> dict[int, str]:
        """The outer wall is lumen and thrombus together: a model with one of them alone would not know it."""
        if sorted(value) != list(range(1, len(value) + 1)):
            raise ValueError(f"the numbers {', '.join(map(str, sorted(value)))}")
        unknown = sorted(set(value.values()) - STRUCTURES)
        if unknown:
            raise ValueError(f"'{unknown[0]}', which is none of those in docs/how-to/your-nnunet-results.md")
        if len(set(value.values())) < len(value):
            raise ValueError("one structure twice")
        halves = {LUMEN, THROMBUS} & set(value.values())
        if len(halves) == 1 and OUTER_WALL not in value.values():
            raise ValueError(f"{''.join(halves)} alone: a model of the aorta outlines lumen and thrombus")
        return value

    @field_validator("member")
    @classmethod
    def _different(cls, value: tuple[MemberTable, ...]) -> tuple[MemberTable, ...]:
        """The same network twice would make an ensemble look surer than it is."""
        if len({one.sha256 for one in value}) < len(value) or len({one.file for one in value}) < len(value):
            raise ValueError("one file twice")
        return value

    @model_validator(mode="after")
    def _network_fits(self) -> Self:
        if (self.network is not None) != (self.format in {"unet", "unet-two-heads"}):
            there = "a" if self.network else "no"
            raise ValueError(f'{there} table [network], which belongs to the format "unet" and to no other')
        step = math.prod(self.network.strides) if self.network else 1
        if any(edge % step for edge in self.patch):
            raise ValueError(f"a patch of {self.patch} voxels, which the strides divide by {step}")
        if self.format == "unet-two-heads" and not self.companion_of:
            raise ValueError("a network with two heads that is no model's companion")
        if self.format == "unet-two-heads" and len(self.member) > 1:
            raise ValueError("several networks with two heads, each of which tells its spread alone")
        return self


TABLES: dict[str, type[BaseModel]] = {
    "member": MemberTable, "network": NetworkTable, "encoder": MemberTable, "decoder": MemberTable,
}  # fmt: skip
"""The tables within a card."""


def checked(said: dict[str, Any]) -> CardTable:
    """What a network's card says, once all of it is as it must be. Raises InputRefused about the first field."""
    return checked_as(said, CardTable)


def checked_as(said: dict[str, Any], table: type[Said]) -> Said:
    """The same for a card that must be such a table."""
    try:
        return table.model_validate_json(json.dumps(said, default=str))
    except ValidationError as invalid:
        raise _refusal(invalid.errors()[0], table) from None


def _refusal(first: ErrorDetails, table: type[BaseModel]) -> InputRefused:
    where, rule = _place(first["loc"], table)
    if first["type"] == "extra_forbidden":
        return InputRefused("A model's card must hold known keys only.", f"{where}, which is none.", TODO)
    found = str(first["ctx"]["error"]) if first["type"] == "value_error" else _shortened(first)
    subject = f"{where} of a model's card must be {rule}" if where else "The parts of a model's card must fit together"
    return InputRefused(f"{subject}.", f"{found[:LONGEST_FOUND]}.", TODO)


def _place(location: tuple[int | str, ...], table: type[BaseModel]) -> tuple[str, str]:
    """A field as one would write it, member[0].file, and its rule."""
    where, rule = "", ""
    for part in location:
        if isinstance(part, int):
            where += f"[{part}]"
        elif part != "[key]":
            where += f".{part}" if where else part
            known = table.model_fields.get(part)
            rule = known.description or rule if known else rule
            table = TABLES.get(part, table)
    return where, rule


def _shortened(first: ErrorDetails) -> str:
    """'input should be greater than 0, not 0'."""
    if first["type"] == "missing":
        return "nothing"
    said = first["msg"]
    return f"{json.dumps(first['input'], default=str)} ({said[:1].lower()}{said[1:]})"
