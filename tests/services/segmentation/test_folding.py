"""The last level on half the grid gives the logits of the level that it stands for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from services.segmentation.card import Layout
from services.segmentation.folding import folded
from services.segmentation.networks import build
from tests.services.segmentation.random_models import SHIPPED, SMALL


@pytest.mark.parametrize("layout", [SMALL, SHIPPED], ids=["small", "shipped"])
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_logits_are_the_same(layout: Layout, classes: int) -> None:
    torch.manual_seed(classes)
    network = build(layout, classes).eval()
    image = torch.randn(2, 1, 32, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(folded(network, layout)(image), network(image), atol=2e-5, rtol=1e-4)


def test_dropout_changes_no_weight_and_no_inference() -> None:
    plain, leaving_out = build(SMALL, 3).eval(), build(replace(SMALL, dropout=0.1), 3).eval()
    leaving_out.load_state_dict(plain.state_dict())
    image = torch.randn(1, 1, 16, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(leaving_out(image), plain(image), atol=0, rtol=0)
        torch.testing.assert_close(folded(leaving_out, SMALL)(image), plain(image), atol=2e-5, rtol=1e-4)
        assert not torch.equal(leaving_out.train()(image), plain(image))


def test_the_network_itself_is_not_changed() -> None:
    network = build(SMALL, 3).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folded(network, SMALL)
    torch.testing.assert_close(network.state_dict(), before, atol=0, rtol=0)
    assert all(weight.requires_grad for weight in network.parameters())


@pytest.mark.parametrize("layout", [Layout((4, 8), (1,)), Layout((4, 8), (2,), 2), Layout((4, 8), (2,), 0)])
def test_another_last_level_is_left_as_it_is(layout: Layout) -> None:
    network = build(layout, 3).eval()
    assert folded(network, layout) is network
