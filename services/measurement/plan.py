"""What a measuring rests on, as its run keeps it: where nothing of it has changed, nothing is measured again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.measurement import decision, fit, intervals, measure, shape_sampling, voxel_sampling
from services.measurement.drawn import probability_of, readers_of, shown_author

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.records import CasePage, Json
    from services.measurement.drawn import Drawn
    from services.measurement.thresholds import Thresholds

SUBJECTS, SHOWN, DOUBT, MEMBERS = "subjects", "shown", "doubt", "members"
STORED = "1"
"""Version of what rows a measuring stores."""


def plan_of(
    page: CasePage, drawn: Sequence[Drawn], thresholds: Thresholds, *, members: bool, before: Json
) -> dict[str, object]:
    """Ready for JSON: who is measured from which voxels by which version, and against which thresholds.

    members: whether the walls of an ensemble's members are at hand; they are where a measuring before had them, for
    its intervals are then taken over. before: the plan of that measuring, {} where there is none.
    """
    shown = shown_author(drawn)
    doubt = _doubt_of(page, drawn, shown)
    had_members = before.get(DOUBT) == doubt and bool(before.get(MEMBERS))
    return {
        SUBJECTS: {one.subject: f"{one.digest} {measure.VERSION}" for one in drawn},
        SHOWN: shown.subject if shown else "",
        DOUBT: doubt,
        MEMBERS: members or had_members,
        "thresholds": thresholds.model_dump(),
        "sex": page.row.sex.value if page.row.sex else None,
        "decision": decision.VERSION,
        "stored": STORED,
    }


def is_same(plan: Json, before: Json, *names: str) -> bool:
    """Whether two plans agree in these parts."""
    return all(plan.get(name) == before.get(name) for name in names)


def _doubt_of(page: CasePage, drawn: Sequence[Drawn], shown: Drawn | None) -> str:
    """Changes with everything that the intervals are made of, but for the members."""
    if shown is None:
        return ""
    probability = probability_of(page.layers, shown)
    said = (
        shown.digest,
        probability.spec.image.digest if probability else "",
        [one.digest for one in readers_of(drawn)],
        (intervals.VERSION, shape_sampling.VERSION, voxel_sampling.VERSION, measure.VERSION, fit.shipped().version),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
