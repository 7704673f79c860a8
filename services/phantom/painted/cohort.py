"""An external test cohort: painted scans with each factor in turn, written as DICOM with their truth."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from services.imaging.nifti import LPS_TO_RAS, REVERSED_AXES
from services.phantom.dicom_writer import SeriesFacts, write_series
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.painted.painting import Grid
from services.phantom.painted.vessels import AortaShape
from services.phantom.structures import CLASSES, Factor

if TYPE_CHECKING:
    from pathlib import Path

    from services.imaging.progress import Tell
    from services.phantom.painted.anatomy import PaintedPhantom

GENERATOR, GENERATOR_VERSION = "painted", "2"
EXTERNAL_SEED = 71_101
"""Seeds of this cohort begin here."""


@dataclass(frozen=True)
class ExternalCase:
    """One painted scan, and what its header says."""

    plan: PaintedPlan
    facts: SeriesFacts
    folder: str


def external_cases(count: int, seed: int = EXTERNAL_SEED) -> tuple[ExternalCase, ...]:
    """The first `count` cases from a seed: one with each factor in turn, then one with none, and again."""
    factors = [frozenset({factor}) for factor in Factor] + [frozenset()]
    return tuple(_case(seed, number, factors[number % len(factors)]) for number in range(count))


def _case(seed: int, number: int, factors: frozenset[Factor]) -> ExternalCase:
    rng = np.random.default_rng([seed, number])
    width = float(rng.uniform(142, 172))
    increment = float(rng.choice([2.0, 2.5, 3.0]))
    pixel = round((2 * width + 30) / 256, 3)
    grid = Grid((round(280 / increment), 256, 256), (increment, pixel, pixel))
    sac = float(rng.uniform(17, 33))
    shape = AortaShape(
        radius=float(rng.uniform(9, 11.5)),
        sac_radius=sac,
        sac_centre=float(rng.uniform(-32, -8)),
        sac_length=float(rng.uniform(24, 36)),
        lumen_in_sac=sac * float(rng.uniform(0.38, 0.55)),
        lumen_shift=(float(rng.uniform(-0.25, 0.1)) * sac, float(rng.uniform(-0.2, 0.2)) * sac),
        sway=float(rng.uniform(2, 9)),
    )
    plan = PaintedPlan(
        seed + number,
        grid,
        shape,
        half_width=width,
        half_depth=width * float(rng.uniform(0.66, 0.74)),
        fat_mm=float(rng.uniform(12, 26)),
        contrast=float(rng.choice([150.0, 260.0, 310.0, 350.0])),
        noise=float(rng.uniform(10, 20)),
        calcified=float(rng.uniform(0.1, 0.9)),
        factors=factors,
    )
    facts = SeriesFacts(f"SYNTHETIC-PAINTED-{number + 1:03d}", f"2021{1 + number % 12:02d}15", model="painter")
    return ExternalCase(plan, facts, f"painted{number + 1:03d}")


def write_external(folder: Path, cases: tuple[ExternalCase, ...], *, progress: Tell) -> None:
    """Write the cases under `folder`: DICOM, case.toml, and in truth/ the labels and the diameter."""
    for number, case in enumerate(cases):
        progress("painted scans generated", number, len(cases))
        write_external_case(folder / case.folder, case)
    progress("painted scans generated", len(cases), len(cases))


def write_external_case(folder: Path, case: ExternalCase) -> None:
    """Write one case."""
    phantom, affine = generate_painted(case.plan), case.plan.grid.affine
    write_series(folder / "ct", phantom.hounsfield, affine, case.facts)
    (folder / "case.toml").write_text("# Painted by Second Look: nobody's scan.\nsynthetic = true\n", encoding="utf-8")
    (folder / "truth").mkdir(exist_ok=True)
    image = nib.Nifti1Image(phantom.labels.transpose(2, 1, 0), LPS_TO_RAS @ affine @ REVERSED_AXES)
    (folder / "truth" / "labels.nii.gz").write_bytes(gzip.compress(image.to_bytes(), compresslevel=3, mtime=0))
    (folder / "truth" / "truth.toml").write_text(_truth(phantom), encoding="utf-8")


def _truth(phantom: PaintedPhantom) -> str:
    """What is known of a painted scan, as TOML; its diameter is measured in the axial plane, in which it is painted."""
    known = {
        "synthetic": True,
        "generator": GENERATOR,
        "generator_version": GENERATOR_VERSION,
        "seed": phantom.plan.seed,
        "strata": sorted(factor.value for factor in phantom.plan.factors),
        "axial_diameter_mm": round(phantom.aorta.largest_diameter, 2),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in known.items()]
    lines += ["", "[labels]", *(f"{value} = {json.dumps(name)}" for value, name in CLASSES.items())]
    return "\n".join(lines) + "\n"
