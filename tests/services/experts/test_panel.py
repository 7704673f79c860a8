"""The readers of one case together: maps, places and figures, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from db.records import Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind, ReadersFigure
from services.experts import figures, places
from services.experts.maps import MAJORITY, METHODS, POOL, STAPLE, Layers, consensus_of
from tests.services.experts.panels import SHAPE, drawn, panel

if TYPE_CHECKING:
    from db.records import NewScore
    from services.prepared import PreparedLayer

AFFINE = np.diag([2.0, 1.0, 1.0, 1.0])
VOXEL_ML = 0.002


def layers_of(found: Layers, kind: LayerKind) -> list[PreparedLayer]:
    names = [("net", str(number)) for number, _ in enumerate(found.panel.models, start=1)]
    return [layer for layer in found.all(consensus_of(found.panel), names) if layer.kind is kind]


def figure(scores: list[NewScore], name: ReadersFigure, subject: str) -> float | None:
    (found,) = (score.value for score in scores if (score.name, score.subject) == (name, subject))
    value: float | None = found
    return value


def test_masks_are_laid_on_one_box_readers_first() -> None:
    found = panel([drawn(4, 14), drawn(5, 15)], [drawn(2, 16)])
    assert found.grid.box == Region((2, 2, 2), (8, 14, 14))
    assert found.walls.sum(axis=(1, 2, 3)).tolist() == [800, 800, 8 * 14**2]
    assert found.authors == ("a", "b", "net 1")
    assert found.readers_box == Region((0, 2, 2), (8, 11, 11))


def test_a_soft_label_is_the_exact_share_of_readers_of_each_structure() -> None:
    three = [drawn(4, 14), drawn(4, 14), drawn(5, 15)]
    soft = layers_of(Layers(panel(three), AFFINE, LabelSource.SOFTWARE), LayerKind.SOFT_LABEL)
    assert [layer.name for layer in soft] == ["outer wall", "lumen", "thrombus"]
    assert {round(float(value), 6) for value in np.unique(soft[0].values())} == {0.0, 0.333333, 0.666667, 1.0}
    wall, lumen, thrombus = (float(layer.values().sum()) for layer in soft)
    assert wall == pytest.approx(800)
    assert lumen + thrombus == pytest.approx(wall)
    assert soft[0].affine[:3, 3].tolist() == [4.0, 4.0, 4.0]


def test_one_reader_who_knows_no_lumen_leaves_the_outer_wall_alone() -> None:
    some = panel([drawn(4, 14), drawn(4, 14, lumen=False)])
    every = Layers(some, AFFINE, LabelSource.SOFTWARE)
    assert [layer.name for layer in layers_of(every, LayerKind.SOFT_LABEL)] == ["outer wall"]
    assert all(layer.classes == {1: "outer wall"} for layer in layers_of(every, LayerKind.CONSENSUS))


def test_a_consensus_names_its_method_and_is_nobodys_drawing() -> None:
    made = layers_of(Layers(panel([drawn(4, 14)] * 3), AFFINE, LabelSource.SYNTHETIC), LayerKind.CONSENSUS)
    assert tuple(layer.author_version for layer in made) == METHODS
    for layer in made:
        assert (layer.author, layer.source) == ("consensus", LabelSource.CONSENSUS)
        assert layer.parameters["readers"] == 3
        assert layer.parameters["synthetic"] is True
        assert (layer.region, int((layer.array == 1).sum())) == (Region((2, 4, 4), (8, 10, 10)), 8 * 4**2)


def test_three_readers_against_one_outvote_the_fourth() -> None:
    """But within a voxel of the border, where a smoothed label is less sure than his who drew on: the pool follows."""
    wide = panel([drawn(4, 14)] * 3 + [drawn(2, 16)])
    found = {one.method: int(one.wall.sum()) for one in consensus_of(wide)}
    assert found[MAJORITY] == found[STAPLE] == 800
    assert 800 <= found[POOL] <= 8 * 12**2


def test_two_readers_who_differ_are_a_tie_which_the_majority_leaves_out_and_counts() -> None:
    (majority, *_) = consensus_of(panel([drawn(4, 14), drawn(5, 15)]))
    assert majority.method == MAJORITY
    assert int(majority.wall.sum()) == 8 * 9**2
    assert majority.said["tied_voxels"] == 2 * 8 * (10**2 - 9**2) + 8 * 2 * (4 * 4 - 3 * 3)


def test_disagreement_is_the_share_of_readers_who_contradict_the_model() -> None:
    some = Layers(panel([drawn(4, 14)] * 3 + [drawn(2, 16)], [drawn(2, 16)]), AFFINE, LabelSource.SYNTHETIC)
    (layer,) = layers_of(some, LayerKind.DISAGREEMENT)
    assert (layer.author, layer.author_version, layer.author_kind) == ("net", "1", AuthorKind.MODEL)
    assert (layer.unit, layer.minimum, layer.maximum) == ("share of readers", 0.0, 1.0)
    assert np.unique(layer.values()).tolist() == [0.0, 0.75]
    assert float(layer.values().sum()) == 0.75 * 8 * (14**2 - 10**2)


def test_places_say_how_many_readers_draw_less_or_more_than_whom_and_where() -> None:
    """The model is 14 wide, three readers 10: 8 slices of 96 voxels are 1.536 mL."""
    (piece,) = places.pieces(panel([drawn(4, 14)] * 3 + [drawn(2, 16)], [drawn(2, 16)]), 0)
    assert piece.text == "3 of 4 readers draw less here than net 1: 1.5 mL, slices 3 to 10."
    assert (piece.slices, piece.less) == ((2, 9), True)
    assert piece.volume_ml == pytest.approx(768 * VOXEL_ML)
    k, j, i = piece.place
    assert 2 <= k <= 9
    assert not (4 <= j < 14 and 4 <= i < 14)
    (more,) = places.pieces(panel([drawn(2, 16)] * 4, [drawn(4, 14)]), 0)
    assert more.text == "4 of 4 readers draw more here than net 1: 1.5 mL, slices 3 to 10."


def test_what_fewer_than_half_of_the_readers_say_is_no_place() -> None:
    assert places.pieces(panel([drawn(2, 16)] + [drawn(4, 14)] * 3, [drawn(4, 14)]), 0) == []


def test_places_come_by_size_and_small_ones_not_at_all() -> None:
    """Boxes pushed apart by one voxel: 8 x 19 voxels on either side, 0.3 mL; nearly alike, 8 x 3 is 0.05 mL."""
    found = places.pieces(panel([drawn(5, 15)] * 2, [drawn(4, 14)]), 0)
    assert [piece.less for piece in found].count(True) == 1
    assert [piece.volume_ml for piece in found] == pytest.approx([152 * VOXEL_ML] * 2)
    model = drawn(4, 14)
    model.array[:, 0, :3] = 0
    assert places.pieces(panel([drawn(4, 14)] * 2, [model]), 0) == []


def test_pairs_have_their_dice_and_the_slice_where_most_is_apart() -> None:
    other = drawn(4, 14)
    other.array[3, :5] = 0
    scores = figures.scores_of(panel([drawn(4, 14), other]), [])
    assert figure(scores, ReadersFigure.DICE, "a vs b") == pytest.approx(2 * 750 / (800 + 750))
    (said,) = (score.parameters for score in scores if score.name == ReadersFigure.DICE)
    assert (said["slice"], said["apart_cm2"]) == (5, 0.5)
    assert figure(scores, ReadersFigure.DISPUTED, "2 readers") == pytest.approx(50 * VOXEL_ML)


def test_models_are_compared_with_every_reader_and_with_all_of_them() -> None:
    three = panel([drawn(4, 14)] * 3, [drawn(3, 15)])
    scores = figures.scores_of(three, consensus_of(three))
    wanted = 2 * 800 / (800 + 8 * 144)
    assert figure(scores, ReadersFigure.DICE, "b vs net 1") == pytest.approx(wanted)
    assert figure(scores, ReadersFigure.CONSENSUS_DICE, "majority vs net 1") == pytest.approx(wanted)
    bias = figure(scores, ReadersFigure.BIAS, "net 1")
    assert bias is not None
    assert 0.4 < bias < 1.0, "1 mm wider at the sides, the same at both ends"
    assert figure(scores, ReadersFigure.BIAS, "a") == 0.0
    named = {score.parameters["distance"]: score.value for score in scores if score.name == ReadersFigure.TO_READERS}
    assert named == {"1 - Dice": pytest.approx(1 - wanted), "1 - IoU": pytest.approx(1 - 800 / (8 * 144))}
    assert not any(score.subject.startswith("net 1 vs") for score in scores)


def test_an_undefined_figure_is_none_with_its_reason() -> None:
    nothing = drawn(4, 14)
    nothing.array[:] = 0
    one, two = nothing, nothing
    empty = panel([one, two])
    scores = figures.scores_of(empty, consensus_of(empty))
    undefined = [score for score in scores if score.value is None]
    assert {ReadersFigure.DICE, ReadersFigure.HD95, ReadersFigure.KAPPA} <= {score.name for score in undefined}
    assert all(score.reason for score in undefined)
    assert figure(scores, ReadersFigure.DISPUTED, "2 readers") == 0.0


def test_curves_say_what_readers_dispute_and_how_far_they_leave_each_model() -> None:
    """On slices 2 to 9: 196 - 100 voxels of 1 mm2 are disputed; three of four readers leave the model there."""
    curves = figures.profiles_of(panel([drawn(4, 14)] * 3 + [drawn(2, 16)], [drawn(2, 16)]))
    readers, model = (curve.values for curve in curves)
    assert [curve.subject for curve in curves] == ["readers", "net 1"]
    assert len(readers) == len(model) == SHAPE[0]
    assert (readers[1], readers[2], readers[9], readers[10]) == (0.0, 0.96, 0.96, 0.0)
    assert model[5] == pytest.approx(0.72)


def test_figures_do_not_depend_on_what_models_drew_beside_the_readers() -> None:
    """A model that leaks widens the panel's box; kappa, alpha and the readers' specificity are of their own box."""
    readers = [drawn(4, 14), drawn(5, 15), drawn(4, 15)]
    alone, beside = (figures.scores_of(panel(readers, models), []) for models in ([], [drawn(0, 20)]))
    of_readers = {score.subject: score for score in alone}
    assert [score for score in beside if score.subject in of_readers] == alone
