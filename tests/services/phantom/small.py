"""Small bodies: coarse voxels, so that a test can afford to generate one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from services.phantom.anatomy import Phantom, generate
from services.phantom.plan import Grid, Plan, Scan

if TYPE_CHECKING:
    from services.phantom.structures import Factor

GRID = Grid((56, 116, 116), (3.0, 3.2, 3.2), (36.0, 4.0, 0.0))
"""168 mm of the body, from below the fork of the aorta to above the renal arteries."""
PLAN = Plan(7, scan=Scan(GRID))


def with_factors(*factors: Factor) -> Plan:
    """The small plan with these factors."""
    return Plan(7, scan=Scan(GRID), factors=frozenset(factors))


@cache
def generated(plan: Plan) -> Phantom:
    """What a plan gives; generated once for all tests of this process, which do not write into it."""
    return generate(plan)
