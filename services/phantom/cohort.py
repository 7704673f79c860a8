"""The demonstration's cohort: a recipe that goes on for as many cases as are wanted. SYNTHETIC throughout.

Case n depends on n alone. Every 24 cases are 19 patients, five of whom were scanned twice; each factor comes in every
round.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from services.phantom.dicom_writer import SeriesFacts
from services.phantom.plan import Grid, Kernel, Person, Phase, Plan, Sac, SacKind, Scan
from services.phantom.readers import Failure
from services.phantom.structures import Factor

ROUND = 24
COHORT_SEED = 20_261
"""Seeds of the demonstration begin here; no other cohort may use them."""
FIRST_DAY = date(2018, 1, 8)
FIELD_MARGIN_MM = 34.0


class Entry(NamedTuple):
    """One patient of a round."""

    factors: tuple[Factor, ...] = ()
    kind: SacKind = SacKind.FUSIFORM
    phase: Phase = Phase.ARTERIAL
    growth_mm: float = 0.0
    """Growth of the sac's diameter until a second scan; 0 where there is one scan only."""


ENTRIES = (
    Entry(growth_mm=6.0),
    Entry((Factor.BOWEL_DENSITY,)),
    Entry(kind=SacKind.NONE, phase=Phase.PORTAL_VENOUS),
    Entry((Factor.TOUCHING,), growth_mm=4.0),
    Entry(kind=SacKind.SACCULAR),
    Entry((Factor.THIN_THROMBUS,)),
    Entry((Factor.NON_CONTRAST,)),
    Entry((Factor.NOISE,)),
    Entry((Factor.METAL,)),
    Entry((Factor.THICK_SLICES,), growth_mm=5.0),
    Entry((Factor.ENDOGRAFT,)),
    Entry((Factor.ILIAC_ANEURYSM,), growth_mm=3.0),
    Entry((Factor.DISSECTION,)),
    Entry(phase=Phase.PORTAL_VENOUS),
    Entry((Factor.BOWEL_DENSITY, Factor.TOUCHING)),
    Entry(kind=SacKind.SACCULAR, phase=Phase.PORTAL_VENOUS, growth_mm=8.0),
    Entry((Factor.NON_CONTRAST, Factor.NOISE)),
    Entry((Factor.ENDOGRAFT,), phase=Phase.PORTAL_VENOUS),
    Entry(kind=SacKind.NONE),
)
FAILURES = (
    Failure.NONE, Failure.GAP, Failure.MISSED_THROMBUS, Failure.LEAK, Failure.FRAGMENT, Failure.NONE, Failure.NONE,
)  # fmt: skip


class Scanner(NamedTuple):
    """One of the machines that the cohort was scanned with."""

    model: str
    kernel: Kernel
    increment: float
    thickness: float
    noise: float
    circle: bool


SCANNERS = (
    Scanner("scanner A", Kernel.MEDIUM, 2.5, 2.5, 16.0, circle=False),
    Scanner("scanner B", Kernel.SOFT, 2.0, 3.0, 17.0, circle=False),
    Scanner("scanner C", Kernel.SHARP, 3.0, 3.0, 13.0, circle=True),
    Scanner("scanner D", Kernel.MEDIUM, 2.0, 2.0, 21.0, circle=True),
)
LENGTH_MM = 296.0
"""Length of the body that is scanned."""


@dataclass(frozen=True)
class DemoCase:
    """One generated scan, what its header says, what "Model B" does wrong, and what is known beforehand."""

    plan: Plan
    facts: SeriesFacts
    failure: Failure = Failure.NONE
    folder: str = field(default="case")
    growth_mm: float | None = None
    """How much wider the sac was made since the patient's scan before; None for a first scan."""


def demo_cases(count: int = ROUND, seed: int = COHORT_SEED) -> tuple[DemoCase, ...]:
    """The first `count` cases of the recipe. `seed`: of the first patient; the next ones' follow it."""
    cases: list[DemoCase] = []
    patient = 0
    while len(cases) < count:
        entry = ENTRIES[patient % len(ENTRIES)]
        cases += _scans_of(patient, entry, len(cases), seed)
        patient += 1
    return tuple(cases[:count])


def _scans_of(patient: int, entry: Entry, number: int, first_seed: int) -> list[DemoCase]:
    seed = first_seed + patient
    rng = np.random.default_rng([seed, 1])
    sex = "F" if rng.random() < 0.3 else "M"
    age = round(float(rng.uniform(58, 84)))
    day = FIRST_DAY + timedelta(days=int(rng.integers(0, 5 * 365)))
    person = random_person(rng, sex, age)
    sac = random_sac(rng, entry.kind, sex)
    first = _scan(person, SCANNERS[int(rng.integers(len(SCANNERS)))], entry.phase, rng)
    plan = Plan(seed, person, sac, first[0], frozenset(entry.factors))
    found = [_case(plan, _facts(patient, day, sex, age, first[1]), number)]
    if entry.growth_mm:
        months = int(rng.integers(7, 27))
        later = day + timedelta(days=round(months * 30.4))
        again = _scan(person, SCANNERS[int(rng.integers(len(SCANNERS)))], entry.phase, rng)
        grown = replace(plan, sac=sac.grown(entry.growth_mm / 2), scan=replace(again[0], seed=1))
        facts = _facts(patient, later, sex, age + (later - day).days // 365, again[1])
        found.append(_case(grown, facts, number + 1, entry.growth_mm))
    return found


def _case(plan: Plan, facts: SeriesFacts, number: int, growth: float | None = None) -> DemoCase:
    facts = replace(facts, description=f"abdomen, {plan.phase}", thickness=plan.thickness)
    return DemoCase(plan, facts, FAILURES[number % len(FAILURES)], f"case{number + 1:02d}", growth)


def random_person(rng: np.random.Generator, sex: str, age: int) -> Person:
    """Men wider than women; bone loses density with age."""
    width = float(rng.uniform(150, 184) if sex == "M" else rng.uniform(140, 170))
    return Person(
        half_width=width,
        half_depth=width * float(rng.uniform(0.67, 0.75)),
        fat=float(rng.uniform(8, 27)) * (width / 160) ** 3 * (1.15 if sex == "F" else 1.0),
        bone=float(rng.normal(168, 14)) - 2.2 * (age - 65),
    )


def random_sac(rng: np.random.Generator, kind: SacKind, sex: str) -> Sac:
    """Outer radius 17 to 34 mm: aneurysms from below the threshold of treatment to far above it."""
    radius = float(rng.uniform(18, 33)) * (0.92 if sex == "F" else 1.0)
    return Sac(
        kind=kind,
        radius=radius * (0.72 if kind is SacKind.SACCULAR else 1.0),
        height=float(rng.uniform(34, 48)),
        length=float(rng.uniform(26, 36)),
        neck=float(rng.uniform(9.6, 11.8) if sex == "M" else rng.uniform(8.2, 10.2)),
        lumen=float(rng.uniform(0.36, 0.55)) * radius,
        shift=(float(rng.uniform(-0.30, 0.05)) * radius, float(rng.uniform(-0.25, 0.25)) * radius),
        calcified=float(rng.uniform(0.15, 0.95)),
        sway=float(rng.uniform(2, 11)),
    )


def _scan(person: Person, scanner: Scanner, phase: Phase, rng: np.random.Generator) -> tuple[Scan, Scanner]:
    pixel = round((2 * person.half_width * 1.03 + FIELD_MARGIN_MM) / 256, 3)
    grid = Grid((round(LENGTH_MM / scanner.increment), 256, 256), (scanner.increment, pixel, pixel))
    noise = scanner.noise * float(rng.uniform(0.85, 1.2))
    return Scan(grid, phase, scanner.kernel, noise, scanner.thickness, scanner.circle), scanner


def _facts(patient: int, day: date, sex: str, age: int, scanner: Scanner) -> SeriesFacts:
    return SeriesFacts(
        f"SYNTHETIC-{patient + 1:03d}",
        day.strftime("%Y%m%d"),
        sex=sex,
        age=f"{age:03d}Y",
        model=scanner.model,
        kernel=scanner.kernel.value,
    )
