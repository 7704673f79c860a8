"""Whose doubt a case holds, and all of it on one grid: cropped layers come back to their places."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from db.records import Layer, Region
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.prepared import PreparedLayer
from services.uncertainty.names import Measure
from services.uncertainty.on_case import OnGrid, Sources, on_grid, sources_of
from tests import factories

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = (12, 30, 30)
SPACING = (3.0, 1.5, 1.5)
"""6 mm are two slices, and four voxels within a slice."""
PARTS = {1: "lumen", 2: "thrombus"}


class Layers:
    """Layers of a case, and their voxels by digest."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.voxels: dict[str, NDArray[Any]] = {}

    def add(self, array: NDArray[Any], origin: tuple[int, int, int], run: int | None = None, **said: Any) -> None:
        image = factories.image(f"{len(self.layers)}")
        k, j, i = array.shape
        spec = factories.layer(region=Region(origin, (k, j, i)), image=image, **said)
        self.voxels[image.digest] = array
        self.layers.append(Layer(len(self.layers) + 1, datetime(2026, 11, 25, tzinfo=UTC), run, spec))

    def add_map(self, name: str, array: NDArray[Any], origin: tuple[int, int, int], **said: Any) -> None:
        usual: dict[str, Any] = {"classes": {}, "unit": "probability", "slope": 1 / 255, "maximum": 1.0}
        self.add(array, origin, name=name, **usual | {"kind": LayerKind.PROBABILITY} | said)

    def add_reader(self, name: str, array: NDArray[Any], origin: tuple[int, int, int], **said: Any) -> None:
        usual: dict[str, Any] = {
            "author": name,
            "author_kind": AuthorKind.READER,
            "author_version": "",
            "source": LabelSource.EXPERT,
        }
        self.add(array, origin, **usual | said)

    def decode(self, layer: Layer) -> PreparedLayer:
        names = (name for name in PreparedLayer.__dataclass_fields__ if name not in {"array", "affine"})
        said = {name: getattr(layer.spec, name) for name in names}
        return PreparedLayer(**said, array=self.voxels[layer.spec.image.digest], affine=np.eye(4))

    @property
    def sources(self) -> Sources:
        found = sources_of(self.layers)
        assert found is not None
        return found

    def on_grid(self) -> OnGrid:
        return on_grid(self.sources, self.decode, SHAPE, SPACING)


@pytest.fixture
def case() -> Layers:
    """A model with lumen beside thrombus at (5, 10, 10), its probabilities, and one map of doubt over both."""
    layers = Layers()
    mask = np.array([[[1, 2]]], np.uint8)
    layers.add(mask, (5, 10, 10), run=3)
    layers.add_map("lumen", np.full((1, 1, 2), 204, np.uint8), (5, 10, 10))
    layers.add_map("thrombus", np.full((1, 1, 1), 51, np.uint8), (5, 10, 11))
    doubt = {"kind": LayerKind.EPISTEMIC, "unit": "1", "slope": 0.5, "maximum": 0.25}
    layers.add_map("epistemic", np.array([[[1, 3]]], np.uint8), (5, 10, 10), **doubt)
    return layers


def test_the_grid_reaches_six_millimetres_beyond_all_walls(case: Layers) -> None:
    grid = case.on_grid()
    assert (grid.origin, grid.shape) == ((3, 6, 6), (5, 9, 10))
    case.add_reader("reader one", np.ones((1, 1, 1), np.uint8), (11, 29, 0))
    assert (case.on_grid().origin, case.on_grid().shape) == ((3, 6, 0), (9, 24, 16))


def test_layers_come_back_to_their_places_and_are_0_beyond(case: Layers) -> None:
    grid = case.on_grid()
    epistemic = grid.maps[Measure.EPISTEMIC]
    assert epistemic[2, 4, 4:6].tolist() == [0.5, 1.5]
    assert np.count_nonzero(epistemic) == 2
    assert np.argwhere(grid.wall).tolist() == [[2, 4, 4], [2, 4, 5]]
    assert grid.largest[Measure.EPISTEMIC] == 0.25


def test_probabilities_have_the_background_first_and_give_the_softmax_response(case: Layers) -> None:
    grid = case.on_grid()
    assert grid.probability is not None
    assert grid.probability[:, 2, 4, 4] == pytest.approx([0.2, 0.8, 0.0])
    assert grid.probability[:, 2, 4, 5] == pytest.approx([0.0, 0.8, 0.2])
    assert grid.probability[:, 0, 0, 0].tolist() == [1, 0, 0]
    assert grid.maps[Measure.SOFTMAX][2, 4, 4] == pytest.approx(0.2)
    assert grid.largest[Measure.SOFTMAX] == pytest.approx(2 / 3)


def test_readers_vote_with_lumen_and_thrombus_where_all_tell_them_apart(case: Layers) -> None:
    case.add_reader("reader one", np.array([[[2, 1]]], np.uint8), (5, 10, 10))
    case.add_reader("reader two", np.array([[[1]]], np.uint8), (5, 10, 10))
    grid = case.on_grid()
    assert [vote[2, 4, 4:6].tolist() for vote in grid.votes] == [[2, 1], [1, 0]]


def test_one_reader_who_knows_only_the_wall_makes_the_wall_what_is_judged(case: Layers) -> None:
    """The softmax response stays that of the model's own classes, so that it can be compared from case to case."""
    case.add_reader("reader one", np.array([[[2, 1]]], np.uint8), (5, 10, 10))
    case.add_reader("reader two", np.array([[[1]]], np.uint8), (5, 10, 10), classes={1: "outer wall"})
    grid = case.on_grid()
    assert [vote[2, 4, 4:6].tolist() for vote in grid.votes] == [[1, 1], [1, 0]]
    assert grid.probability is not None
    assert grid.probability[:, 2, 4, 5] == pytest.approx([0.0, 1.0])
    assert grid.maps[Measure.SOFTMAX][2, 4, 5] == pytest.approx(0.2)


def test_a_model_with_the_probability_of_the_wall_alone_is_judged_by_that() -> None:
    case = Layers()
    case.add(np.array([[[1, 2]]], np.uint8), (5, 10, 10), run=3)
    case.add_map("outer wall", np.full((1, 1, 2), 204, np.uint8), (5, 10, 10))
    grid = case.on_grid()
    assert grid.probability is not None
    assert grid.probability[:, 2, 4, 4] == pytest.approx([0.2, 0.8])
    assert (set(grid.maps), grid.largest[Measure.SOFTMAX]) == ({Measure.SOFTMAX}, 0.5)


def test_the_lumen_alone_says_nothing_about_the_wall() -> None:
    case = Layers()
    case.add(np.array([[[1]]], np.uint8), (5, 10, 10), run=3, classes={1: "lumen"})
    case.add_map("lumen", np.full((1, 1, 1), 204, np.uint8), (5, 10, 10))
    grid = case.on_grid()
    assert (grid.probability, dict(grid.maps)) == (None, {})


def test_the_newest_model_with_any_doubt_counts_and_maps_of_single_members_do_not(case: Layers) -> None:
    newer = {"author": "B"}
    case.add(np.ones((1, 1, 1), np.uint8), (1, 1, 1), run=4, **newer)
    assert case.sources.model.subject == "A 1"
    case.add_map("lumen", np.ones((1, 1, 1), np.uint8), (1, 1, 1), parameters={"member": 1}, **newer)
    assert case.sources.model.subject == "A 1"
    case.add_map("outer wall", np.ones((1, 1, 1), np.uint8), (1, 1, 1), **newer)
    assert case.sources.model.subject == "B 1"


def test_a_map_of_another_name_or_kind_is_none_of_doubt(case: Layers) -> None:
    case.add_map("softness", np.ones((1, 1, 1), np.uint8), (5, 10, 10), kind=LayerKind.TOTAL)
    case.add_map("total", np.ones((1, 1, 1), np.uint8), (5, 10, 10), kind=LayerKind.ERROR)
    assert set(case.sources.maps) == {Measure.EPISTEMIC}


def test_a_consensus_is_no_reader_and_without_a_model_there_is_no_doubt(case: Layers) -> None:
    case.add_reader("consensus", np.ones((1, 1, 1), np.uint8), (5, 10, 10), source=LabelSource.CONSENSUS)
    assert case.sources.readers == ()
    assert sources_of(case.layers[-1:]) is None
