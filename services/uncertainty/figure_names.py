"""What the stored figures of doubt are called, and what their run says of itself."""

from __future__ import annotations

from enum import StrEnum


class Figure(StrEnum):
    """What is stored of each map, behind the name of its measure."""

    MEAN = "mean"
    HIGH = "95th percentile"
    AAC = "area above the accuracy-rejection curve"
    TRA = "throw-away rate to 99 % accuracy"
    NCC = "correlation with the readers' variance"


AGAINST_READERS = (Figure.AAC, Figure.TRA, Figure.NCC)
CALIBRATION = "calibration error"
"""Behind the name of a structure."""
ERROR = "wrong voxels"
"""The share of the region whose most probable class is not what most readers say."""
DISTANCE = "distance from the training data"
MODEL, MODEL_VERSION, LAYERS, READERS, VERSIONS, REASON = (
    "model", "model_version", "layers", "readers", "versions", "reason",
)  # fmt: skip
"""Parameters of the run: whose doubt it is, and what it rests on; or why there is none."""


def name_of(what: str, figure: str) -> str:
    """How a figure about a measure, or a structure, is called where it is stored."""
    return f"{what}, {figure}"
