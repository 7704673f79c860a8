"""A volume as a DICOM CT series: one uncompressed file a slice, as a scanner would send it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

INTERCEPT = -8192
"""As some scanners store it: nothing that a CT can hold is cut off."""
SOME_DAY = "20240101"


@dataclass(frozen=True)
class SeriesFacts:
    """What the header says. UIDs follow from `patient_id`, `study_date` and `description`: same facts, same UIDs."""

    patient_id: str
    study_date: str = SOME_DAY
    """YYYYMMDD."""
    description: str = "generated"
    sex: str = "O"
    age: str = "070Y"
    manufacturer: str = "SYNTHETIC"
    model: str = "generator"
    kernel: str = "medium"
    window: tuple[float, float] = (400.0, 40.0)
    """Width and centre in HU."""
    thickness: float | None = None
    """Slice thickness in mm; None: as far as the slices lie apart."""

    def uid(self, *parts: str) -> str:
        """A UID that is the same for the same facts."""
        return generate_uid(entropy_srcs=[self.patient_id, self.study_date, *parts])


def write_series(
    folder: Path, hounsfield: NDArray[np.int16], affine: NDArray[np.float64], facts: SeriesFacts
) -> list[Path]:
    """Write [k, j, i] in HU with its (k, j, i) to LPS affine, one file a slice; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    common = _common(hounsfield, affine, facts)
    paths = []
    for k, plane in enumerate(hounsfield):
        image = _slice(common, k, affine, facts)
        image.PixelData = (plane.astype(np.int32) - INTERCEPT).astype("<u2").tobytes()
        paths.append(folder / f"{k + 1:04d}.dcm")
        image.save_as(paths[-1], enforce_file_format=True)
    return paths


def _common(hounsfield: NDArray[np.int16], affine: NDArray[np.float64], facts: SeriesFacts) -> Dataset:
    common = Dataset()
    common.SOPClassUID, common.Modality = CTImageStorage, "CT"
    common.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    common.PatientName, common.PatientID = f"{facts.patient_id}^SYNTHETIC", facts.patient_id
    common.PatientSex, common.PatientAge = facts.sex, facts.age
    common.StudyInstanceUID = facts.uid("study")
    common.SeriesInstanceUID = facts.uid("series", facts.description)
    common.FrameOfReferenceUID = facts.uid("frame", facts.description)
    common.StudyDate, common.SeriesDescription = facts.study_date, facts.description
    common.Manufacturer, common.ManufacturerModelName = facts.manufacturer, facts.model
    common.ConvolutionKernel, common.KVP = facts.kernel, 120
    common.WindowWidth, common.WindowCenter = facts.window
    common.Rows, common.Columns = hounsfield.shape[1:]
    common.SamplesPerPixel, common.PhotometricInterpretation = 1, "MONOCHROME2"
    common.BitsAllocated, common.BitsStored, common.HighBit, common.PixelRepresentation = 16, 16, 15, 0
    common.RescaleSlope, common.RescaleIntercept, common.RescaleType = 1, INTERCEPT, "HU"
    apart, row_spacing, column_spacing = np.linalg.norm(affine[:3, :3], axis=0)
    common.SliceThickness = _decimal(facts.thickness or apart)
    common.PixelSpacing = [_decimal(row_spacing), _decimal(column_spacing)]
    along_row, along_column = affine[:3, 2] / column_spacing, affine[:3, 1] / row_spacing
    common.ImageOrientationPatient = [_decimal(value) for value in (*along_row, *along_column)]
    return common


def _slice(common: Dataset, k: int, affine: NDArray[np.float64], facts: SeriesFacts) -> Dataset:
    image = Dataset()
    image.update(common)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPInstanceUID = facts.uid("slice", facts.description, str(k))
    image.InstanceNumber = k + 1
    image.ImagePositionPatient = [_decimal(value) for value in affine[:3, 3] + k * affine[:3, 0]]
    return image


def _decimal(value: float) -> str:
    """A DICOM decimal string: at most 16 characters."""
    return f"{value:.9g}" if abs(value) >= 1e-6 else "0"
