"""CT series as a scanner would send them, SYNTHETIC: smooth anatomy with noise, and a header of the usual length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from services.phantom.dicom_writer import SeriesFacts, write_series
from services.phantom.painted.anatomy import PaintedPlan, generate_painted
from services.phantom.painted.painting import Grid

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (283, 512, 512)
SPACING = (1.5, 0.75, 0.75)
USUAL = {
    "SpecificCharacterSet": "ISO_IR 100", "InstanceCreationDate": "20240101", "InstanceCreationTime": "105040",
    "SeriesDate": "20240101", "AcquisitionDate": "20240101", "ContentDate": "20240101", "StudyTime": "104607",
    "SeriesTime": "105000", "AcquisitionTime": "105028.5", "ContentTime": "105040.25", "AccessionNumber": "1",
    "InstitutionName": "SYNTHETIC", "ReferringPhysicianName": "", "StationName": "CT1", "StudyDescription": "Abdomen",
    "InstitutionalDepartmentName": "", "PatientBirthDate": "19500101", "PatientSize": 1.75, "PatientWeight": 80,
    "BodyPartExamined": "ABDOMEN", "ScanOptions": "HELICAL MODE", "DataCollectionDiameter": 500,
    "DeviceSerialNumber": "1", "SoftwareVersions": "1.0", "ProtocolName": "Aorta", "ReconstructionDiameter": 384,
    "DistanceSourceToDetector": 949.075, "DistanceSourceToPatient": 541, "GantryDetectorTilt": 0, "TableHeight": 156.9,
    "RotationDirection": "CW", "ExposureTime": 504, "XRayTubeCurrent": 300, "Exposure": 5100,
    "FilterType": "BODY FILTER", "GeneratorPower": 36000, "FocalSpots": 1.2, "PatientPosition": "HFS",
    "ContrastBolusAgent": "agent", "ContrastBolusRoute": "IV", "SpiralPitchFactor": 0.9, "CTDIvol": 8.5,
    "StudyID": "1", "SeriesNumber": 2, "AcquisitionNumber": 1, "PositionReferenceIndicator": "", "SliceLocation": 0,
    "PixelPaddingValue": 0, "PerformedProcedureStepID": "1", "RequestedProcedureDescription": "CTA",
}  # fmt: skip
"""What a scanner says besides what we read."""
OWN_BLOCK = 0x0045
OWN_ELEMENTS = 24


def write_one(folder: Path) -> list[Path]:
    """One series of 283 uncompressed slices of 512x512."""
    plan = PaintedPlan(11, Grid(SHAPE, SPACING))
    paths = write_series(folder, generate_painted(plan).hounsfield, plan.grid.affine, SeriesFacts("bench"))
    for path in paths:
        image = dcmread(path)
        _speak_as_a_scanner(image)
        image.save_as(path)
    return paths


def write_another(paths: list[Path], folder: Path, number: int) -> None:
    """The same slices as a further series with other voxels, into a folder that may hold some already."""
    folder.mkdir(exist_ok=True)
    series = generate_uid(entropy_srcs=["another series", str(number)])
    for k, path in enumerate(paths):
        image = dcmread(path)
        image.SeriesInstanceUID = series
        image.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(k)])
        image.PixelData = (np.frombuffer(image.PixelData, dtype="<u2") + np.uint16(number)).tobytes()
        image.save_as(folder / f"{number}-{path.name}")


def _speak_as_a_scanner(image: Dataset) -> None:
    for keyword, value in USUAL.items():
        setattr(image, keyword, value)
    image.SliceLocation = image.ImagePositionPatient[2]
    image.BitsStored, image.HighBit = 16, 15
    own = image.private_block(OWN_BLOCK, "SYNTHETIC_01", create=True)
    for number in range(OWN_ELEMENTS):
        own.add_new(number, "SS", number)
