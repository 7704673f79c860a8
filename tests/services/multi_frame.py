"""A CT series as one multi-frame file, as newer archives send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import highdicom as hd
from pydicom import dcmread
from pydicom.uid import generate_uid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


NEW_EVERY_TIME = (
    "ContributingEquipmentSequence", "DimensionOrganizationSequence", "DimensionIndexSequence",
    "InstanceCreationDate", "InstanceCreationTime", "ReferencedSeriesSequence",
)  # fmt: skip
"""What holds the time, a random UID or a set in any order; nothing that a reader looks at."""


def as_multi_frame(slices: Sequence[Path], path: Path) -> Path:
    """The slices as one legacy converted enhanced CT image, frames in the order given; the same bytes every time."""
    datasets = [dcmread(one) for one in slices]
    for number, dataset in enumerate(datasets):
        dataset.InstanceNumber = number + 1
        dataset.AcquisitionNumber, dataset.StudyTime, dataset.ContentTime = 1, "101010", "101010"
        dataset.PatientBirthDate, dataset.ReferringPhysicianName, dataset.StudyID = "", "", "1"
        dataset.AccessionNumber, dataset.SeriesNumber, dataset.ContentDate = "", 1, "20240101"
        dataset.ManufacturerModelName, dataset.DeviceSerialNumber = "generator", "0"
        dataset.SoftwareVersions = "1"
    names = [generate_uid(entropy_srcs=["multi-frame", part]) for part in ("series", "image")]
    image = hd.legacy.LegacyConvertedEnhancedCTImage(
        datasets, names[0], 2, names[1], 1, transfer_syntax_uid="1.2.840.10008.1.2.1"
    )
    for keyword in NEW_EVERY_TIME:
        if keyword in image:
            delattr(image, keyword)
    image.save_as(path)
    return path
