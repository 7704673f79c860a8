"""Hounsfield units of the tissues at 120 kV, by contrast phase, with a spread from case to case.

Middles lie within published adult ranges. Without contrast: liver 55 to 65, spleen about 10 less, blood 40 to 45,
muscle 45 to 60, fat -120 to -80, lung -900 to -800 (Hofer, CT Teaching Manual; Kodama et al. 2007, AJR 188:1307, for
the liver). Arterial: aorta above 250 (AAA protocols aim at 300 or more), kidney cortex bright beside its medulla,
spleen patchy, veins of the legs still unenhanced. Portal venous: aorta 140 to 180, liver 100 to 120, veins as bright
as the aorta (Bae 2010, Radiology 256:32). Thrombus 25 to 55 in every phase, as it takes up no contrast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.phantom.plan import Phase
from services.phantom.structures import Factor

if TYPE_CHECKING:
    from services.phantom.plan import Plan

PHASES = (Phase.ARTERIAL, Phase.PORTAL_VENOUS, Phase.NON_CONTRAST)
BY_PHASE: dict[str, tuple[float, float, float]] = {
    "arterial": (330, 158, 43),
    "false_lumen": (245, 150, 41),
    "vena_cava": (72, 148, 40),
    "renal_cava": (128, 158, 40),
    "vein": (95, 155, 40),
    "portal": (105, 168, 41),
    "liver": (68, 108, 57),
    "spleen": (142, 122, 48),
    "cortex": (205, 192, 33),
    "medulla": (92, 172, 31),
    "pancreas": (104, 94, 42),
    "bowel_wall": (88, 84, 42),
    "muscle": (60, 64, 54),
    "heart": (112, 108, 46),
    "disc": (86, 90, 84),
    "wall": (58, 70, 46),
    "gland": (80, 85, 38),
}
"""Arterial, portal venous, non-contrast."""
ANY_PHASE: dict[str, tuple[float, float]] = {
    "skin": (28, 6),
    "fat": (-106, 3),
    "inner_fat": (-101, 3),
    "lung": (-862, 14),
    "thrombus": (37, 4),
    "cortical_bone": (760, 60),
    "marrow": (120, 18),
    "bile": (9, 3),
    "urine": (6, 3),
    "fluid": (22, 5),
    "oral_contrast": (235, 30),
    "stool": (22, 10),
    "sac": (28, 5),
    "cerebrospinal": (22, 4),
    "plaque": (900, 120),
}
"""Middle and standard deviation between cases."""
BOWEL_DENSITY = 74.0
"""HU of the thrombus under Factor.BOWEL_DENSITY: between the wall of the bowel and what it holds."""


@dataclass(frozen=True)
class Tissues:
    """HU of one case."""

    arterial: float
    false_lumen: float
    vena_cava: float
    renal_cava: float
    vein: float
    portal: float
    liver: float
    spleen: float
    cortex: float
    medulla: float
    pancreas: float
    bowel_wall: float
    muscle: float
    heart: float
    disc: float
    wall: float
    gland: float
    skin: float
    fat: float
    inner_fat: float
    lung: float
    thrombus: float
    cortical_bone: float
    marrow: float
    bile: float
    urine: float
    fluid: float
    oral_contrast: float
    stool: float
    sac: float
    cerebrospinal: float
    plaque: float
    phase: Phase


def tissues_of(plan: Plan) -> Tissues:
    """HU of a plan's case: the phase's middles, each enhanced tissue scaled by one draw a case and one of its own."""
    rng = plan.rng("tissues", of_scan=True)
    dose = float(rng.normal(1.0, 0.09))
    own = {name: float(rng.normal(1.0, 0.04)) for name in BY_PHASE}
    fixed = {name: float(rng.normal(middle, spread)) for name, (middle, spread) in ANY_PHASE.items()}
    column = PHASES.index(plan.phase)
    values = {}
    for name, of_phases in BY_PHASE.items():
        plain = of_phases[-1] * own[name]
        values[name] = plain + dose * (of_phases[column] - of_phases[-1])
    if plan.has(Factor.BOWEL_DENSITY):
        fixed["thrombus"] = BOWEL_DENSITY
    return Tissues(**values, **fixed, phase=plan.phase)
