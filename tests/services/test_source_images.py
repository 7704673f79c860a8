"""highdicom writes SEG, Parametric Map and SR from the kept headers alone, and each names the right slice."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np
import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.sr.codedict import codes
from pydicom.uid import LegacyConvertedEnhancedCTImageStorage, generate_uid

from tests.conftest import real_data
from tests.services.multi_frame import as_multi_frame
from tests.services.test_series_headers import AFFINE, IDENTITY, SHAPE, read, sources, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MASK = np.zeros(SHAPE, dtype=np.uint8)
MASK[1:4, 10:20, 12:30] = 1
DEVICE = {"manufacturer": "none", "manufacturer_model_name": "none", "device_serial_number": "1"}
NAMED = {"series_number": 1, "instance_number": 1, "software_versions": "1"}
FINDING = codes.SCT.Aorta


def written(dataset: Dataset) -> Dataset:
    """The data set as another program reads it."""
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    file.seek(0)
    return dcmread(file)


def segmentation(images: list[Dataset], volume: hd.Volume) -> Dataset:
    described = hd.seg.SegmentDescription(
        1,
        "aorta",
        codes.SCT.Organ,
        codes.SCT.Aorta,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
    mask = hd.Volume(MASK, volume.affine, "PATIENT", images[0].FrameOfReferenceUID)
    made = hd.seg.Segmentation(
        images, mask, "BINARY", [described], generate_uid(), sop_instance_uid=generate_uid(), **NAMED, **DEVICE
    )
    return written(made)


def references(derived: Dataset) -> list[tuple[str, int, str]]:
    """(SOP instance, frame or 0, whether locations are preserved) of every frame, from the lowest one up."""
    found = []
    for frame in sorted(derived.PerFrameFunctionalGroupsSequence, key=lambda frame: place(frame)[2]):
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        number = source.get("ReferencedFrameNumber", 0)
        found.append((str(source.ReferencedSOPInstanceUID), int(number), str(source.SpatialLocationsPreserved)))
    return found


def multi_frame(folder: Path, order: Sequence[int]) -> Path:
    """The series as one file with its frames in this order; all pixels are the same."""
    path = as_multi_frame(write(folder / "single"), folder / "enhanced.dcm")
    image = dcmread(path)
    upwards = sorted(image.PerFrameFunctionalGroupsSequence, key=lambda frame: place(frame)[2])
    image.PerFrameFunctionalGroupsSequence = [upwards[k] for k in order]
    image.NumberOfFrames = len(order)
    image.PixelData = image.PixelData[: len(image.PixelData) // SHAPE[0]] * len(order)
    image.save_as(path)
    return path


def test_a_segmentation_refers_to_the_slice_that_each_of_its_frames_lies_on(tmp_path: Path) -> None:
    paths = write(tmp_path)
    series = read(paths)
    made = segmentation(sources(series), series.volume)
    originals = [dcmread(path).SOPInstanceUID for path in paths]
    assert references(made) == [(IDENTITY.uid(originals[k]), 0, "YES") for k in (1, 2, 3)]
    back = hd.seg.Segmentation.from_dataset(made).get_volume(combine_segments=True)
    np.testing.assert_array_equal(back.match_geometry(series.volume).array, MASK)


def test_a_parametric_map_lies_where_its_images_lie(tmp_path: Path) -> None:
    series = read(write(tmp_path))
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="p",
        lut_explanation="probability",
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        slope=1,
        intercept=0,
    )
    images = sources(series)
    values = hd.Volume(MASK.astype(np.float32) / 2, AFFINE, "PATIENT", images[0].FrameOfReferenceUID)
    made = written(
        hd.pm.ParametricMap(
            images,
            values,
            generate_uid(),
            sop_instance_uid=generate_uid(),
            contains_recognizable_visual_features=False,
            real_world_value_mappings=[mapping],
            voi_lut_transformations=[hd.VOILUTTransformation(0.5, 1.0)],
            **NAMED,
            **DEVICE,
        )
    )
    assert [uid for uid, _, _ in references(made)] == [str(image.SOPInstanceUID) for image in images]
    places = sorted(map(place, made.PerFrameFunctionalGroupsSequence), key=lambda lies: lies[2])
    np.testing.assert_allclose(places, [AFFINE[:3, 3] + k * AFFINE[:3, 0] for k in range(SHAPE[0])])


def test_a_structured_report_names_its_images_as_evidence(tmp_path: Path) -> None:
    series = read(write(tmp_path))
    images = sources(series)
    made = written(report(images, segmentation(images, series.volume)))
    evidence = made.CurrentRequestedProcedureEvidenceSequence[0]
    named = {
        str(one.ReferencedSOPInstanceUID)
        for item in evidence.ReferencedSeriesSequence
        for one in item.ReferencedSOPSequence
    }
    assert {str(image.SOPInstanceUID) for image in images} <= named
    assert (made.PatientID, made.StudyInstanceUID) == (images[0].PatientID, images[0].StudyInstanceUID)


def report(images: list[Dataset], made: Dataset) -> Dataset:
    """A TID 1500 report with one volume of one segment."""
    sr = hd.sr
    group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(), identifier="aorta"),
        referenced_segment=sr.ReferencedSegment(
            made.SOPClassUID,
            made.SOPInstanceUID,
            1,
            source_images=[sr.SourceImageForSegmentation.from_source_image(image) for image in images],
        ),
        finding_type=FINDING,
        measurements=[sr.Measurement(codes.SCT.Volume, 12.5, codes.UCUM.CubicCentimeter)],
    )
    observer = sr.ObserverContext(
        codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(uid=generate_uid(), name="none")
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    return sr.ComprehensiveSR(
        [*images, made], content[0], generate_uid(), sop_instance_uid=generate_uid(), series_number=2,
        instance_number=1, manufacturer="none",
    )  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (3, 0, 5, 1, 4, 2)])
def test_a_reference_into_a_multi_frame_image_names_instance_and_frame(tmp_path: Path, order: Sequence[int]) -> None:
    path = multi_frame(tmp_path, order)
    series = read([path])
    (image,) = sources(series)
    assert image.SOPClassUID == LegacyConvertedEnhancedCTImageStorage
    assert [place(frame)[2] for frame in image.PerFrameFunctionalGroupsSequence] == [100 + 2.5 * k for k in order]
    uid = IDENTITY.uid(str(dcmread(path).SOPInstanceUID))
    assert references(segmentation([image], series.volume)) == [(uid, order.index(k) + 1, "YES") for k in (1, 2, 3)]


def place(frame: Dataset) -> list[float]:
    return [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]


def test_nothing_refers_to_a_frame_that_was_left_out_as_a_copy(tmp_path: Path) -> None:
    series = read([multi_frame(tmp_path, (0, 2, 1, 2, 3, 4, 5))])
    assert series.mended
    made = segmentation(sources(series), series.volume)
    assert [number for _, number, _ in references(made)] == [3, 2, 5]


def test_under_a_tilted_gantry_a_result_refers_to_the_slice_at_its_height(tmp_path: Path) -> None:
    tilted = AFFINE.copy()
    tilted[1, 0] = 0.5
    paths = write(tmp_path, tilted)
    series = read(paths)
    assert "tilt" in series.mended[0]
    made = segmentation(sources(series), series.volume)
    originals = [dcmread(path).SOPInstanceUID for path in paths]
    assert references(made) == [(IDENTITY.uid(originals[k]), 0, "NO") for k in (1, 2, 3)]


def test_a_series_without_frame_of_reference_gets_one_of_its_own(tmp_path: Path) -> None:
    paths = write(tmp_path)
    for path in paths:
        image = dcmread(path)
        del image.FrameOfReferenceUID
        image.save_as(path)
    series = read(paths)
    assert len(references(segmentation(sources(series), series.volume))) == 3


@pytest.mark.real
def test_a_real_series_serves_as_source_of_a_segmentation() -> None:
    paths = sorted(real_data("ct_seg_sr_dicom", "ct-3slice").glob("*.dcm"))
    series = read(paths)
    images = sources(series)
    mask = hd.Volume(np.ones((3, 512, 512), np.uint8), series.volume.affine, "PATIENT", images[0].FrameOfReferenceUID)
    described = hd.seg.SegmentDescription(
        1, "aorta", codes.SCT.Organ, codes.SCT.Aorta, hd.seg.SegmentAlgorithmTypeValues.MANUAL
    )
    made = hd.seg.Segmentation(
        images, mask, "BINARY", [described], generate_uid(), sop_instance_uid=generate_uid(), **NAMED, **DEVICE
    )
    uids = {IDENTITY.uid(str(dcmread(path).SOPInstanceUID)) for path in paths}
    assert {uid for uid, _, preserved in references(written(made)) if preserved == "YES"} == uids
