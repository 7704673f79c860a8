"""What is known of every piece of an error, and the figures of each structure, worked by hand on whole voxels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from db.failure_records import Basis, CaseError
from services.evaluation.measures import Measured
from services.failure import anatomy
from services.failure.anatomy import anatomy_of
from services.failure.anatomy_rows import DiameterError, pieces_of, scores_of, values_of
from services.failure.grids import CaseGrids, Outlined
from services.failure.references import Reference
from tests.services.failure.cubes import AFFINE, SPACING, Mask, box, column, grids, outlined

LEFT = ((4, 8), (25, 35), (40, 48))
READERS = Reference(Basis.CONSENSUS, "majority of 4 readers", (), ())
OFF = DiameterError(Measured(-3.2), "median of 4 readers")


def test_figures_of_the_outer_wall_by_hand() -> None:
    """320 voxels too many beside 4,000; most of both surfaces lie on each other."""
    found = anatomy_of(grids(column() | box(*LEFT), column())).wall
    assert found.dice.value == pytest.approx(2 * 4000 / (4000 + 4320))
    assert found.hd95.value == pytest.approx(6.0, abs=2.0)
    assert 0.8 < found.surface_dice.value < 1.0


def test_equal_masks_agree_in_everything() -> None:
    found = anatomy_of(grids(column(), column())).wall
    assert (found.dice.value, found.hd95.value, found.surface_dice.value) == (1.0, 0.0, 1.0)
    assert (found.pieces.listed, found.pieces.largest_ml) == ((), 0.0)


def test_a_shift_within_the_tolerance_is_none_for_the_surface_dice() -> None:
    """Two voxels of 1 mm to the left: every outermost voxel lies within 2 mm of the other surface."""
    found = anatomy_of(grids(box((1, 11), (20, 40), (22, 42)), column())).wall
    assert found.surface_dice.value == 1.0


def test_doubt_within_a_piece_is_the_mean_of_its_voxels() -> None:
    doubt = np.full(column().shape, 0.1, np.float32)
    doubt[box(*LEFT)] = 0.4
    (known,) = anatomy_of(grids(column() | box(*LEFT), column(), maps={"mutual information": doubt})).wall.known
    assert known.doubt == {"mutual information": pytest.approx(0.4)}


def test_disagreement_is_the_share_of_readers_who_contradict_the_reference_there() -> None:
    """One of four readers drew half of the piece: an eighth."""
    readers = [outlined(column()) for _ in range(3)] + [outlined(column() | box((4, 8), (25, 35), (40, 44)))]
    found = anatomy_of(grids(column() | box(*LEFT), column(), readers=tuple(readers))).wall
    assert found.known[0].disagreement == pytest.approx(1 / 8)


def test_the_neighbour_that_it_touches_most_is_named() -> None:
    others = np.zeros(column().shape, np.uint16)
    others[box((4, 8), (20, 40), (48, 55))] = 1
    others[box((4, 8), (35, 36), (40, 41))] = 2
    said = {"neighbours": others, "names": {1: "inferior vena cava", 2: "bowel"}}
    assert anatomy_of(grids(column() | box(*LEFT), column(), **said)).wall.known[0].touching == "inferior vena cava"
    far = anatomy_of(grids(column() | box((4, 8), (25, 35), (10, 20)), column(), **said)).wall.known[0]
    assert (far.touching, far.reasons["touching"]) == (None, anatomy.TOUCHES_NONE)


def test_what_is_not_known_has_its_reason() -> None:
    (known,) = anatomy_of(grids(column() | box(*LEFT), column())).wall.known
    assert known.reasons == {
        "doubt": anatomy.NO_MAPS,
        "disagreement": anatomy.FEW_READERS,
        "touching": anatomy.NO_NEIGHBOURS,
    }


def test_lumen_and_thrombus_are_told_apart_where_both_do() -> None:
    """A lumen of 10 x 10 in the column; the model has it 2 voxels too far to the left."""
    classes = {1: "outer wall", 2: "thrombus", 3: "lumen"}
    labels = [np.where(column(), 2, 0).astype(np.uint8) for _ in range(2)]
    labels[0][box((1, 11), (25, 35), (27, 37))] = 3
    labels[1][box((1, 11), (25, 35), (25, 35))] = 3
    model, reference = (Outlined(one, classes) for one in labels)
    found = anatomy_of(CaseGrids((0, 0, 0), AFFINE, model, reference))
    assert list(found.structures) == ["outer wall", "lumen", "thrombus"]
    assert found.structures["lumen"].dice.value == pytest.approx(0.8)
    assert found.structures["lumen"].known[0].reasons["effect"] == anatomy.ONLY_WALL
    assert found.wall.dice.value == 1.0


def test_an_empty_outline_has_no_distance_and_an_overlap_of_nothing() -> None:
    found = anatomy_of(grids(np.zeros_like(column()), column())).wall
    assert (found.dice.value, found.hd95.reason) == (0.0, anatomy.NOT_OUTLINED)
    assert values_of(anatomy_of(grids(np.zeros_like(column()), column())), OFF)[CaseError.HD95] is None


def test_an_empty_reference_says_nothing() -> None:
    found = anatomy_of(grids(column(), np.zeros_like(column())))
    values = values_of(found, DiameterError(Measured(math.nan, "no diameter")))
    assert set(values.values()) == {None}
    assert all(score.value is None and score.reason for score in scores_of(found, OFF, "A 1", READERS) if
               score.name != CaseError.DIAMETER)  # fmt: skip


def test_rows_name_reference_basis_and_version() -> None:
    found = anatomy_of(grids(column() | box(*LEFT), column()))
    rows = {score.name: score for score in scores_of(found, OFF, "A 1", READERS)}
    assert rows[CaseError.DIAMETER].value == pytest.approx(3.2)
    assert rows[CaseError.DIAMETER].parameters["signed_mm"] == -3.2
    assert {score.parameters["basis"] for score in rows.values()} == {"consensus of readers"}
    (piece,) = pieces_of(found, "A 1", READERS)
    assert piece.facts["text"] == "1.0 mL too much outer wall at 3 o'clock, slices 10 to 13."
    assert values_of(found, OFF)[CaseError.LARGEST_PIECE] == piece.volume_ml


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")
@pytest.mark.parametrize("added", [box(*LEFT), box((2, 9), (38, 44), (18, 30)), box((0, 12), (0, 60), (0, 8))])
def test_the_surface_dice_is_monais(added: Mask) -> None:
    """MONAI counts the outermost voxels too. It crops to both masks, so no mask touches the edge of the array."""
    from monai.metrics.surface_dice import compute_surface_dice  # loads torch
    from torch import from_numpy

    drawn, right = (from_numpy(np.pad(mask, 1)[None, None].astype(np.float32)) for mask in (column() | added, column()))
    theirs = compute_surface_dice(drawn, right, [anatomy.TOLERANCE_MM], include_background=True, spacing=list(SPACING))
    assert anatomy_of(grids(column() | added, column())).wall.surface_dice.value == pytest.approx(float(theirs[0, 0]))
