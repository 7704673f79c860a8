"""What a segmentation model says about itself: a TOML file beside its weights. Read, checked, never executed."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from services.errors import InputRefused
from services.labels import INSIDE_WALL
from services.segmentation import card_rules
from services.segmentation.heads import Heads, heads_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.segmentation.card_rules import CardTable

CARD = "card.toml"
LARGEST_CARD, LARGEST_MEMBER = 1_000_000, 2_000_000_000
"""Bytes."""


class Format(StrEnum):
    """How the weights of a member are kept."""

    UNET = "unet"
    """Our own 3D U-Net, float16 safetensors; its layout stands under [network]."""
    TWO_HEADS = "unet-two-heads"
    """As `unet`, with the channels of `heads`; comes with this program alone."""
    TORCH_EXPORT = "torch.export"
    ONNX = "onnx"
    SELF_PROMPT = "self-prompt"
    """Float16 safetensors that prompt LiteMedSAM; comes with this program alone."""


@dataclass(frozen=True)
class Layout:
    """MONAI's `UNet`: channels of each level, strides between them, convolutions of a residual unit."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    residual_units: int = 1
    dropout: float = 0.0
    """Share of values that is left out in training, at all levels but the last; none is in inference."""


@dataclass(frozen=True)
class Member:
    """One network of an ensemble: a file beside the card, and its SHA-256."""

    file: str
    sha256: str
    seed: int | None = None


@dataclass(frozen=True)
class ModelCard:
    """A model: what goes in, what comes out, and which files hold it.

    In: HU on a grid of `spacing_mm` (k, j, i), clipped to `window_hu` and scaled to 0 to 1, float32 (n, 1, *patch).
    Out: logits (n, 1 + len(classes), *patch); channel 0 is the background, channel c is `classes[c]`. With two heads
    there are more, see `heads`.
    """

    name: str
    version: str
    format: Format
    classes: Mapping[int, str]
    spacing_mm: tuple[float, float, float]
    window_hu: tuple[float, float]
    patch: tuple[int, int, int]
    members: tuple[Member, ...]
    folder: Path
    layout: Layout | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the card says beyond: training data, seeds, licence, intended use."""
    companion_of: str = ""
    """Key of the model whose doubt these networks tell, see `outlines`; '' for all others."""

    @property
    def key(self) -> str:
        """Name and version, as tables and the command line write it."""
        return f"{self.name}@{self.version}"

    @property
    def heads(self) -> Heads | None:
        """Where a network with two heads says what; None for a network with one."""
        return heads_of(1 + len(self.classes)) if self.format is Format.TWO_HEADS else None

    @property
    def outputs(self) -> int:
        """Channels that come out of each network."""
        return self.heads.outputs if self.heads else 1 + len(self.classes)

    @property
    def outlines(self) -> bool:
        """Whether it outlines by itself: a companion with one head tells another model's doubt alone."""
        return not self.companion_of or self.heads is not None

    @property
    def outlines_the_aorta(self) -> bool:
        """Whether the outer wall of the aorta is known where this model has been."""
        return not INSIDE_WALL.isdisjoint(self.classes.values())


def read_card(path: Path) -> ModelCard:
    """Read a card, or the card in a folder, and check all that it says, down to the content of its members' files.

    Raises InputRefused about the first thing that is not as it must be.
    """
    card = read_listed(path)
    for member in card.members:
        require_content(card, member)
    return card


def read_listed(path: Path) -> ModelCard:
    """As `read_card`, for a list: the members' files must be there, and are not read. Raises InputRefused."""
    card = _card(card_rules.checked(listed_toml(path)), card_file(path).parent)
    for member in card.members:
        require_file(card.folder / member.file)
    return card


class Kept(Protocol):
    """A card of any kind, whose files lie beside it."""

    @property
    def folder(self) -> Path:
        """Where the card and its files lie."""


def require_content(card: Kept, member: Member) -> Path:
    """The path of a member's file, once its content is what the card says. Raises InputRefused."""
    path = card.folder / member.file
    require_file(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != member.sha256:
        raise InputRefused(
            f"The file {member.file} must be the one that its card names by SHA-256.",
            f"one whose SHA-256 begins with {found[:12]}, not {member.sha256[:12]}.",
            "Put the right file there, or write its SHA-256 into the card: sha256sum shows it.",
        )
    return path


def card_file(path: Path) -> Path:
    """The card in a folder, or the file itself. Raises InputRefused for a file of another name."""
    file = path / CARD if path.is_dir() else path
    if file.name != CARD:
        raise _no_card("a file of another name")
    return file


def listed_toml(path: Path) -> dict[str, Any]:
    """What the card at `path`, or in that folder, holds, unchecked. Raises InputRefused where it is no TOML."""
    file = card_file(path)
    try:
        if file.stat().st_size > LARGEST_CARD:
            raise _no_card("a file that is too large for one")
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise _no_card(f"{(error.strerror or 'an error of the file system').lower()}") from None
    except UnicodeDecodeError:
        raise _no_card("a file that is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _no_card(f"no TOML: {str(error)[:100]}") from None


def _no_card(found: str) -> InputRefused:
    must = f"A model must be a folder with a {CARD} and its members' files, or that {CARD}."
    return InputRefused(must, f"{found}.", "See docs/how-to/add-a-model.md.")


def require_file(path: Path) -> None:
    """A plain file of its own beside the card: what a link leads to could change. Raises InputRefused."""
    must = f"The member {path.name} must be a file beside its card, no link, of at most {LARGEST_MEMBER / 1e9:g} GB."
    if path.is_symlink() or not path.is_file():
        raise InputRefused(must, "a link, or no such file.", "Copy the file itself into the card's folder.")
    size = path.stat().st_size
    if not 0 < size <= LARGEST_MEMBER:
        raise InputRefused(must, f"{size:,} bytes.", "Export the network in float16, or a smaller one.")


def _card(said: CardTable, folder: Path) -> ModelCard:
    network = said.network
    return ModelCard(
        name=said.name,
        version=said.version,
        format=Format(said.format),
        classes=dict(sorted(said.classes.items())),
        spacing_mm=said.spacing_mm,
        window_hu=said.window_hu,
        patch=said.patch,
        members=tuple(Member(one.file, one.sha256, one.seed) for one in said.member),
        folder=folder,
        layout=Layout(**network.model_dump()) if network else None,
        about=said.about,
        companion_of=said.companion_of,
    )
