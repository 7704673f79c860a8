"""A card is read when all of it is as it must be; otherwise the first thing that is not is named."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InputRefused
from services.segmentation import card as cards
from services.segmentation import card_rules
from services.segmentation.building import Trained, card_text
from services.segmentation.card import Format, Layout, Member, read_card, read_listed
from services.segmentation.heads import heads_of
from services.segmentation.recipes import LIGHT, RECIPES
from tests.services.segmentation.model_folders import card_of, digest, write_card

if TYPE_CHECKING:
    from pathlib import Path

    from services.segmentation.recipes import Recipe

UNET = {"channels": [2, 4, 4], "strides": [2, 2]}
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown key": ({"spacing": [1, 1, 1]}, "known keys only", "spacing"),
    "no name": ({"name": None}, "name", "nothing"),
    "a name that leads elsewhere": ({"name": "../aorta"}, "name", "../aorta"),
    "a number for a version": ({"version": 2}, "version", "2 (input should be a valid string)"),
    "unknown format": ({"format": "pickle"}, "one of unet, torch.export, onnx", "'pickle'"),
    "spacing of zero": ({"spacing_mm": [0, 2, 2]}, "spacing_mm[0]", "greater than 0"),
    "two spacings": ({"spacing_mm": [2, 2]}, "along k, j and i", "nothing"),
    "spacing as a word": ({"spacing_mm": "2 mm"}, "three numbers of mm", '"2 mm"'),
    "window upside down": ({"window_hu": [500, -200]}, "the lower one first", "500 and -200"),
    "window of no width": ({"window_hu": [40, 40]}, "the lower one first", "40 and 40"),
    "no patch": ({"patch": [16, 0, 16]}, "patch[1]", "greater than or equal to 1"),
    "half a voxel": ({"patch": [16, 16.5, 16]}, "patch[1]", "16.5"),
    "an endless patch": ({"patch": [16, 16, 100_000]}, "from 1 to 512", "100000"),
    "classes from 0": ({"classes": {"0": "lumen", "1": "thrombus"}}, "from 1 on", "the numbers 0, 1"),
    "a gap in classes": ({"classes": {"1": "lumen", "3": "thrombus"}}, "without a gap", "the numbers 1, 3"),
    "no class": ({"classes": {}}, "numbers from 1 on", "at least 1 item"),
    "a class without number": ({"classes": {"one": "lumen"}}, "numbers from 1 on", '"one"'),
    "a free name": ({"classes": {"1": "aneurysm"}}, "each with a structure", "'aneurysm'"),
    "half an aorta": ({"classes": {"1": "lumen"}}, "each with a structure", "lumen alone"),
    "one structure twice": ({"classes": {"1": "liver", "2": "liver"}}, "each with a structure", "one structure twice"),
    "no member": ({"member": None}, "one [[member]] or more", "nothing"),
    "a file elsewhere": ({"member": [{"file": "../a.pt2", "sha256": "0" * 64}]}, "member[0].file", "../a.pt2"),
    "an absolute file": ({"member": [{"file": "/etc/passwd", "sha256": "0" * 64}]}, "the plain name", "/etc/passwd"),
    "a short digest": ({"member": [{"file": "a.pt2", "sha256": "0af"}]}, "member[0].sha256", '"0af"'),
    "a file of another name": ({"member": [{"file": "b.pt2", "sha256": "0" * 64}]}, "b.pt2", "no such file"),
    "a network for another format": ({"network": UNET}, "fit together", "a table [network]"),
    "a U-Net without network": ({"format": "unet"}, "fit together", "no table [network]"),
    "strides that are too many": (
        {"format": "unet", "network": UNET | {"strides": [2, 2, 2]}},
        "one stride fewer",
        "3 channels and 3 strides",
    ),
    "a patch between strides": ({"format": "unet", "network": UNET, "patch": [8, 8, 10]}, "fit together", "by 4"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.pt2"
    path.write_bytes(b"a network")
    return path


def refusal(folder: Path) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        read_card(folder)
    return refused.value


def test_a_card_says_what_goes_in_and_what_comes_out(file: Path) -> None:
    write_card(file.parent, card_of(file, about={"licence": "CC0"}))
    found = read_card(file.parent)
    assert (found.key, found.format, found.layout) == ("Tiny@1", Format.TORCH_EXPORT, None)
    assert (found.spacing_mm, found.window_hu, found.patch) == ((2, 2, 2), (-200, 500), (8, 16, 16))
    assert (found.classes, found.outlines_the_aorta) == ({1: "lumen", 2: "thrombus"}, True)
    assert (found.members, found.about) == ((Member("a.pt2", digest(file), 0),), {"licence": "CC0"})


def test_a_card_may_be_named_itself_instead_of_its_folder(file: Path) -> None:
    folder = write_card(file.parent, card_of(file))
    assert read_card(folder / "card.toml") == read_card(folder)


def test_a_unet_has_a_layout(file: Path) -> None:
    write_card(file.parent, card_of(file, format="unet", network=UNET))
    assert read_card(file.parent).layout == Layout((2, 4, 4), (2, 2), 1)


@pytest.mark.parametrize(("changes", "must", "found"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(changes: dict[str, Any], must: str, found: str, file: Path) -> None:
    error = refusal(write_card(file.parent, card_of(file, **changes)))
    assert must in error.must
    assert found in error.found


@pytest.mark.parametrize("other", [{"classes": {"1": "outer wall"}}, {"classes": {"1": "kidney", "2": "bowel"}}])
def test_a_model_may_outline_the_outer_wall_alone_or_organs(other: dict[str, Any], file: Path) -> None:
    write_card(file.parent, card_of(file, **other))
    assert read_card(file.parent).outlines_the_aorta == ("outer wall" in other["classes"].values())


def test_the_same_network_twice_is_no_ensemble(file: Path) -> None:
    twin = file.with_name("b.pt2")
    twin.write_bytes(file.read_bytes())
    assert "one file twice" in refusal(write_card(file.parent, card_of(file, twin))).found


def test_another_file_under_a_members_name_is_refused(file: Path) -> None:
    write_card(file.parent, card_of(file))
    file.write_bytes(b"another")
    assert digest(file)[:12] in refusal(file.parent).found


def test_a_list_of_cards_reads_no_network(file: Path) -> None:
    write_card(file.parent, card_of(file))
    file.write_bytes(b"another")
    assert read_listed(file.parent).key == "Tiny@1"


def test_a_link_is_no_member(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / file.name).symlink_to(file)
    assert "no link" in refusal(write_card(folder, card_of(file))).must


def test_an_empty_or_enormous_file_is_no_member(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card(file.parent, card_of(file))
    monkeypatch.setattr(cards, "LARGEST_MEMBER", 8)
    assert "9 bytes" in refusal(file.parent).found
    file.write_bytes(b"")
    assert "0 bytes" in refusal(file.parent).found


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "no such file"), (b"\xff", "no UTF-8"), (b"name = ", "no TOML"), (b" " * 1_000_001, "too large")],
)
def test_what_is_no_card_is_refused(content: bytes | None, found: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "card.toml").write_bytes(content)
    assert found in refusal(tmp_path).found


@given(st.floats())
def test_any_spacing_is_kept_exactly_or_refused(spacing: float) -> None:
    said = {"spacing_mm": [2.0, spacing, 2.0], "member": [{"file": "a", "sha256": "0" * 64}], "patch": [8, 8, 8]}
    said |= {"name": "a", "version": "1", "format": "onnx", "classes": {"1": "liver"}, "window_hu": [0.0, 1.0]}
    if math.isfinite(spacing) and 0 < spacing <= 100:
        assert card_rules.checked(said).spacing_mm[1] == spacing
    else:
        with pytest.raises(InputRefused, match=r"spacing_mm\[1\]"):
            card_rules.checked(said)


@pytest.mark.parametrize("recipe", [*RECIPES.values(), LIGHT], ids=[*RECIPES, "light"])
def test_the_card_that_training_writes_is_as_it_must_be(recipe: Recipe, file: Path) -> None:
    (file.parent / "card.toml").write_text(card_text(recipe, [Trained(file, 1, recipe.steps, 0.1)]))
    found = read_card(file.parent)
    assert (found.classes, found.layout, found.members[0].seed) == (recipe.classes, recipe.layout, 1)


def test_a_network_with_two_heads_has_channels_for_both_and_the_spread(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"weights")
    said = card_of(tmp_path / "a.safetensors", format="unet-two-heads", companion_of="Tiny@1")
    card = read_card(write_card(tmp_path, said))
    assert (card.outputs, card.companion_of, card.layout) == (7, "Tiny@1", Layout((2, 4, 4), (2, 2), 1))
    assert heads_of(3) == (slice(0, 3), slice(3, 6), 6)


def test_a_network_with_two_heads_must_be_a_companion(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"weights")
    with pytest.raises(InputRefused, match="no model's companion"):
        read_card(write_card(tmp_path, card_of(tmp_path / "a.safetensors", format="unet-two-heads")))
