"""A click or an example becomes the box that a model understands."""

from __future__ import annotations

import numpy as np
import pytest

from services.segmentation.promptable.boxing import boxed
from services.segmentation.promptable.clicking import bounding_box, box_from_click, box_iou
from services.segmentation.promptable.exemplar import box_from_exemplar, likeness
from services.segmentation.promptable.prompts import Box, Click, Exemplar, Prompt
from tests.services.segmentation.promptable.bright import BrightInside, disc, overlap

SHAPE = (64, 64)
MODEL = BrightInside()


def pictured(*masks: np.ndarray) -> np.ndarray:
    """The embedding of a picture with bright things on dark ground."""
    picture = np.full((3, *SHAPE), 0.2, np.float32)
    picture[:, np.any(masks, axis=0)] = 0.9
    return MODEL.embed(picture)


@pytest.mark.parametrize("radius", [6, 10, 14])
def test_a_click_anywhere_in_a_vessel_finds_all_of_it(radius: float) -> None:
    vessel, neighbour = disc(SHAPE, (24, 24), radius), disc(SHAPE, (54, 54), 6)
    for click in (Click(24, 24), Click(24 + radius / 2, 24 - radius / 2)):
        found = box_from_click(MODEL, pictured(vessel, neighbour), click, pixel_mm=1.5)
        assert found is not None
        assert overlap(found.mask, vessel) > 0.95


def test_the_box_gives_the_same_answer_again() -> None:
    embedding = pictured(disc(SHAPE, (24, 24), 8))
    found = box_from_click(MODEL, embedding, Click(24, 24), pixel_mm=1.5)
    assert found is not None
    assert (MODEL.answer(embedding, Prompt(box=found.box)).logits == found.answer.logits).all()


def test_sizes_that_lead_to_one_place_agree() -> None:
    alone = box_from_click(MODEL, pictured(disc(SHAPE, (32, 32), 8)), Click(32, 32), pixel_mm=1.5)
    assert alone is not None
    assert alone.agreement > 0.9


def test_a_click_on_nothing_has_no_box() -> None:
    assert box_from_click(MODEL, pictured(disc(SHAPE, (32, 32), 8)), Click(5, 60), pixel_mm=1.5) is None


def test_a_click_at_the_edge_of_the_picture_is_asked_inside_it() -> None:
    corner = disc(SHAPE, (0, 0), 10)
    found = box_from_click(MODEL, pictured(corner), Click(0, 0), pixel_mm=1.5)
    assert found is not None
    assert min(found.box) >= 0
    assert overlap(found.mask, corner) > 0.95


def test_boxes_by_hand() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[3:6, 10:20] = True
    assert bounding_box(mask) == Box(3, 10, 5, 19)
    assert box_iou(Box(0, 0, 9, 9), Box(0, 5, 9, 14)) == pytest.approx(50 / 150)
    assert box_iou(Box(0, 0, 9, 9), Box(20, 20, 29, 29)) == 0


def coloured(spot: np.ndarray) -> np.ndarray:
    """An embedding whose places differ in direction: ground, the wanted thing, and another bright one."""
    embedding = np.zeros((3, *SHAPE), np.float16)
    embedding[1] = 0.3
    embedding[0, spot] = 1.0
    embedding[2, disc(SHAPE, (50, 12), 7)] = 1.0
    return embedding


def test_an_example_finds_its_like_where_it_has_moved_to() -> None:
    before, after = disc(SHAPE, (20, 20), 7), disc(SHAPE, (30, 40), 7)
    found = box_from_exemplar(MODEL, coloured(after), Exemplar(coloured(before), before), pixel_mm=1.0)
    assert found is not None
    assert overlap(found.mask, after) > 0.95


def test_likeness_is_a_cosine_and_greatest_in_the_example_itself() -> None:
    spot = disc(SHAPE, (20, 20), 7)
    like = likeness(coloured(spot), Exemplar(coloured(spot), spot))
    assert abs(like).max() <= 1 + 1e-5
    assert like[spot].min() > like[~spot].max()


def test_a_picture_of_one_grey_is_like_nothing() -> None:
    spot = disc(SHAPE, (20, 20), 7)
    flat = np.full((3, *SHAPE), 0.5, np.float16)
    assert (likeness(flat, Exemplar(coloured(spot), spot)) == 0).all()


def test_an_empty_example_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        likeness(coloured(np.zeros(SHAPE, bool)), Exemplar(coloured(np.zeros(SHAPE, bool)), np.zeros(SHAPE, bool)))


def test_every_prompt_becomes_a_box_where_it_can() -> None:
    vessel = disc(SHAPE, (24, 24), 8)
    embedding, box = pictured(vessel), Box(14, 14, 34, 34)
    assert boxed(MODEL, embedding, Prompt(box=box), 1.5) == Prompt(box=box)
    clicks = (Click(50, 50, positive=False), Click(24, 24))
    made = boxed(MODEL, embedding, Prompt(clicks=clicks), 1.5)
    assert made is not None
    assert made.box is not None
    assert made.clicks == clicks
    assert boxed(MODEL, embedding, Prompt(clicks=(Click(60, 60),)), 1.5) is None
    shown = boxed(MODEL, coloured(vessel), Prompt(exemplar=Exemplar(coloured(vessel), vessel)), 1.5)
    assert shown is not None
    assert shown.exemplar is None
    with pytest.raises(ValueError, match="none of them"):
        boxed(MODEL, embedding, Prompt(), 1.5)
