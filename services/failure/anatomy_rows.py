"""Error anatomy as rows to be stored: scores, pieces, and the values that cases are sorted by. Pure functions.

Against labels of another program the same figures are called agreement: `basis` says so in every row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.failure_records import UNITS, CaseError, NewErrorPiece
from db.records import NewScore
from services.evaluation.measures import Measured
from services.failure import callipers, pieces
from services.failure.anatomy import METHOD, TOLERANCE_MM, VERSION
from services.flags import said_slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.failure.anatomy import Anatomy, Known, OfStructure
    from services.failure.pieces import Piece
    from services.failure.references import Reference

WHOLE = "whole image"
UNIT = {"Dice": "1", "HD95": "mm", "surface Dice 2 mm": "1"}


@dataclass(frozen=True)
class DiameterError:
    """Model's minus reference's largest orthogonal diameter in mm; nan only with a reason."""

    signed: Measured
    said: str = ""
    """What the reference's diameter is."""


def scores_of(anatomy: Anatomy, diameter: DiameterError, subject: str, reference: Reference) -> Iterator[NewScore]:
    """All figures. subject: the model with its version."""
    said: dict[str, object] = {"reference": reference.name, "basis": reference.basis.value}
    for name, found in anatomy.structures.items():
        figures = {"Dice": found.dice, "HD95": found.hd95, "surface Dice 2 mm": found.surface_dice}
        for figure, measured in figures.items():
            more: dict[str, object] = {"tolerance_mm": TOLERANCE_MM} if figure == "surface Dice 2 mm" else {}
            yield _row(f"{figure} {name}", subject, measured, UNIT[figure], said | more)
    wall = anatomy.wall.pieces
    counted: dict[str, object] = {
        "stray_below_ml": pieces.SMALLEST_ML,
        "stray": wall.stray,
        "stray_ml": round(wall.stray_ml, 3),
    }
    largest = Measured(wall.largest_ml, anatomy.wall.dice.reason if math.isnan(wall.largest_ml) else "")
    yield _row(CaseError.LARGEST_PIECE, subject, largest, "mL", said | counted)
    signed = diameter.signed
    own: dict[str, object] = {
        "of": diameter.said,
        "signed_mm": None if math.isnan(signed.value) else round(signed.value, 3),
    }
    yield _row(CaseError.DIAMETER, subject, Measured(abs(signed.value), signed.reason), "mm", said | own)


def undefined_scores(subject: str, reason: str) -> Iterator[NewScore]:
    """Of a case without reference or model."""
    return (_row(name, subject, Measured(math.nan, reason), UNITS[name], {}) for name in CaseError)


def values_of(anatomy: Anatomy, diameter: DiameterError) -> dict[str, float | None]:
    """What the case is sorted by."""
    wall = anatomy.wall
    found = {
        CaseError.DICE: wall.dice.value,
        CaseError.HD95: wall.hd95.value,
        CaseError.SURFACE_DICE: wall.surface_dice.value,
        CaseError.LARGEST_PIECE: wall.pieces.largest_ml,
        CaseError.DIAMETER: abs(diameter.signed.value),
    }
    return {name.value: _number(value) for name, value in found.items()}


def pieces_of(anatomy: Anatomy, subject: str, reference: Reference) -> Iterator[NewErrorPiece]:
    """Every listed piece with what is known of it."""
    for name, found in anatomy.structures.items():
        for piece, known in zip(found.pieces.listed, found.known, strict=True):
            yield _piece(name, piece, known, found, subject, reference)


def _piece(
    structure: str, piece: Piece, known: Known, found: OfStructure, subject: str, reference: Reference
) -> NewErrorPiece:
    facts: dict[str, object] = {
        "doubt": {measure: round(value, 5) for measure, value in known.doubt.items()},
        "disagreement": known.disagreement,
        "touching": known.touching,
        "effect_on": callipers.NAME,
        "reasons": dict(known.reasons),
        "text": sentence(structure, piece, known),
        "of": len(found.pieces.listed),
    }
    return NewErrorPiece(
        subject=subject,
        reference=reference.name,
        basis=reference.basis,
        kind=piece.kind,
        structure=structure,
        volume_ml=piece.volume_ml,
        distance_mm=piece.distance_mm,
        effect_mm=known.effect_mm,
        clock=piece.clock,
        place=piece.place,
        slices=piece.slices,
        facts=facts,
    )


def sentence(structure: str, piece: Piece, known: Known) -> str:
    """As in: 2.1 mL too much outer wall at 3 o'clock, slices 88 to 104, touching inferior vena cava."""
    what = "too much" if piece.kind.value == "false positive" else "missing from"
    clock = f" at {piece.clock} o'clock" if piece.clock else ""
    touching = f", touching {known.touching}" if known.touching else ""
    return f"{piece.volume_ml:.1f} mL {what} {structure}{clock}, {said_slices(piece.slices)}{touching}."


def _row(name: str, subject: str, found: Measured, unit: str, said: Mapping[str, object]) -> NewScore:
    value = _number(found.value)
    reason = found.reason if value is None else ""
    return NewScore(str(name), subject, value, unit, WHOLE, METHOD, VERSION, dict(said), reason)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
