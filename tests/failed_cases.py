"""Cases whose errors and doubt are known: values, pieces and reviews as they are stored. SYNTHETIC where said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db import case_values, commands, error_pieces, measurements
from db.failure_records import Basis, CaseError, CaseTrait, ErrorKind
from db.measurement_records import Headline
from db.records import BlobRef
from db.vocabulary import LabelSource
from services.aggregation.names import DEFAULT
from tests import factories

if TYPE_CHECKING:
    from services.desk import Desk

SCORE = DEFAULT


def add(
    desk: Desk,
    patient: str,
    dice: float,
    score: float | None,
    *,
    synthetic: bool = True,
    size: float = 50.0,
    **said: Any,
) -> str:
    """A case with this overlap and this doubt, whose largest error lies at (7, 24, 37) in slices 7 to 9.

    said: facts of its scanner; thickness in mm; density in HU.
    """
    density, thickness = said.pop("density", 250.0), said.pop("thickness", 2.0)
    source = LabelSource.SYNTHETIC if synthetic else None
    series = factories.series(facts={"slice_thickness_mm": thickness} | said)
    thumbnail = BlobRef(f"{len(patient):x}" * 64, 10)
    values = {CaseError.DICE: dice, CaseError.DIAMETER: 10 * (1 - dice), SCORE: score, CaseTrait.DENSITY: density}
    with desk.store.begin() as session:
        new = factories.case(patient, source=source, series=series, thumbnail=thumbnail)
        key = commands.add_case(session, new)
        case_values.set_values(session, key, {str(name): value for name, value in values.items()})
        measurements.set_measurements(session, key, [], Headline(size, None, None, None), {})
        error_pieces.set_errors(session, key, [], pieces(dice), {})
    return key


def pieces(dice: float) -> list[Any]:
    """A large one too much, touching the vena cava, and a small one missing, without an effect that is known."""
    text = {"text": "2.0 mL too much outer wall at 3 o'clock, slices 8 to 10, touching inferior vena cava."}
    large = {"touching": "inferior vena cava", "disagreement": 0.25, "reasons": {}} | text
    small = {"touching": None, "disagreement": None, "reasons": {"effect": "nothing would be left to measure"}}
    return [
        factories.error_piece(volume_ml=20 * (1 - dice), place=(7, 24, 37), slices=(7, 9), facts=large),
        factories.error_piece(
            volume_ml=0.2, kind=ErrorKind.FALSE_NEGATIVE, effect_mm=None, place=(2, 3, 4), facts=small,
            basis=Basis.TRUTH,
        ),
    ]  # fmt: skip
