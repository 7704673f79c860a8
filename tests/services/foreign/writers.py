"""A small CT series and objects about it, as other programs write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import highdicom as hd
import numpy as np
from highdicom.seg import Segmentation, SegmentDescription
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from services import workflow
from services.phantom.dicom_writer import SeriesFacts, write_series
from services.volume import slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.sr.coding import Code

    from db.records import Layer
    from services.desk import Desk

SHAPE = (5, 12, 10)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
FACTS = SeriesFacts("Meier")


def write_ct(folder: Path, description: str = "arterial", patient: str = "Meier") -> list[Dataset]:
    """The slices of a small series, written to `folder`."""
    image = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    facts = SeriesFacts(patient, description=description)
    slices = [dcmread(path) for path in write_series(folder, image, AFFINE, facts)]
    for one in slices:
        for tag in ("PatientBirthDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID"):
            if tag not in one:
                setattr(one, tag, "")
    return slices


def masks(count: int = 2) -> NDArray[np.uint8]:
    """(k, j, i, segment): boxes beside one another."""
    array = np.zeros((*SHAPE, count), dtype=np.uint8)
    for number in range(count):
        array[1:4, 2:6, 1 + 3 * number : 4 + 3 * number, number] = 1
    return array


def description(
    number: int, label: str, code: Code = codes.SCT.Aorta, how: str = "MANUAL", name: str = "wall finder"
) -> SegmentDescription:
    said: dict[str, Any] = {}
    if how != "MANUAL":
        said["algorithm_identification"] = hd.AlgorithmIdentificationSequence(
            name=name, version="3.1", family=codes.DCM.ArtificialIntelligence
        )
    return SegmentDescription(number, label, codes.SCT.AnatomicalStructure, code, how, **said)


def write_seg(
    path: Path,
    ct: Sequence[Dataset],
    pixels: NDArray[Any],
    segments: Sequence[SegmentDescription],
    kind: str = "BINARY",
    **said: Any,
) -> Segmentation:
    """A SEG about these slices, by highdicom."""
    usual: dict[str, Any] = {
        "series_number": 9,
        "instance_number": 1,
        "manufacturer": "Maker",
        "manufacturer_model_name": "Model",
        "software_versions": "7",
        "device_serial_number": "1",
        "content_creator_name": "Meier^Anna",
        "series_description": "Anna Meier secret-study",
    }
    seg = Segmentation(
        source_images=list(ct),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=list(segments),
        series_instance_uid=generate_uid(),
        sop_instance_uid=generate_uid(),
        **usual | said,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    seg.save_as(path)
    return seg


def write_rtstruct(path: Path, ct: Sequence[Dataset], regions: Mapping[str, Sequence[Any]], **said: Any) -> Dataset:
    """A structure set; regions: name to contours, each (n, 3) in LPS millimetres."""
    about, series, reference = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = ct[0].SeriesInstanceUID
    about.RTReferencedSeriesSequence = [series]
    reference.FrameOfReferenceUID = ct[0].FrameOfReferenceUID
    reference.RTReferencedStudySequence = [about]
    rt = Dataset()
    rt.file_meta = FileMetaDataset()
    rt.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    rt.file_meta.MediaStorageSOPClassUID = rt.SOPClassUID = RTStructureSetStorage
    rt.SOPInstanceUID, rt.SeriesInstanceUID = generate_uid(), generate_uid()
    rt.PatientID, rt.PatientName, rt.OperatorsName = ct[0].PatientID, ct[0].PatientName, "Anna"
    rt.Modality, rt.Manufacturer, rt.ManufacturerModelName = "RTSTRUCT", "Maker", "Contourer"
    rt.StructureSetLabel = rt.SeriesDescription = "Anna Meier"
    rt.ReferencedFrameOfReferenceSequence = [reference]
    rt.StructureSetROISequence, rt.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        roi.ROIGenerationAlgorithm = said.get("how", "MANUAL")
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = [contour(points) for points in contours]
        rt.StructureSetROISequence.append(roi)
        rt.ROIContourSequence.append(drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    rt.save_as(path, enforce_file_format=True)
    return rt


def contour(points: Any, kind: str = "CLOSED_PLANAR") -> Dataset:
    one = Dataset()
    one.ContourGeometricType = kind
    one.NumberOfContourPoints = len(points)
    one.ContourData = [f"{value:.9g}" for point in points for value in point]
    return one


def in_slice(k: float, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Places (j, i) in voxels of slice k, in LPS millimetres."""
    voxels = np.array([(k, j, i, 1) for j, i in places], dtype=float)
    return (voxels @ AFFINE.T)[:, :3]


def layers(desk: Desk, folder: Path) -> tuple[Layer, ...]:
    report = workflow.ingest(desk, folder)
    assert len(report.cases) == 1, report.items
    assert report.skipped == ()
    return workflow.case_page(desk, report.cases[0].key).layers


def stored(desk: Desk, layer: Layer) -> NDArray[Any]:
    """A layer's stored values on its whole image."""
    whole = np.zeros(SHAPE, dtype=layer.spec.dtype)
    whole[slices_of(layer.spec.region)] = desk.store.blobs.get(layer.spec.image.digest)[0]
    return whole


def refused(desk: Desk, folder: Path) -> str:
    report = workflow.ingest(desk, folder)
    assert len(report.skipped) == 1, report.items
    said = f"{report.skipped[0].must} {report.skipped[0].found} {report.skipped[0].todo}"
    assert not any(mark in said for mark in ("Meier", "Anna", "1.2.826", str(folder)))
    return said
