"""Inputs full of marks: every place of a file, a name or an archive that could hold something of a patient has one."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import highdicom as hd
import nibabel as nib
import numpy as np
from pydicom import Dataset, dcmread
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.sr.codedict import codes
from pydicom.uid import MRImageStorage

from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.services.compression import jpeg_lossless
from tests.services.multi_frame import as_multi_frame
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STEM = "Qxzvkj"
"""Every mark of letters begins with it, and goes on with the place that it stands in."""
PERSON = "\u0141ukasz\u00df\u00e9"
BORN, SEEN, TIME, NUMBER = "19510203", "20240229", "031415.926", "77119933"
UID = "1.2.840.99999"
MARKS = (STEM, PERSON, BORN, "1951-02-03", SEEN, "2024-02-29", TIME, "03:14:15", NUMBER, UID)
TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
VALUES = {"DA": BORN, "TM": TIME, "DT": f"{BORN}{TIME}", "UI": f"{UID}.7", "AS": "067Y", "IS": NUMBER}
WHAT_IMAGES_NEED = {"BurnedInAnnotation", "SpecificCharacterSet", "SOPClassUID", "Modality", "DirectoryRecordType"}
AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
SHAPE = (4, 8, 8)


def mark(place: object) -> str:
    return f"{STEM}{place}"


def write_all(folder: Path) -> Path:
    """Everything below one folder whose own name is marked."""
    root = folder / mark(f" root {PERSON} {NUMBER}")
    write_dicom(root / mark("dicom") / PERSON, "one")
    as_multi_frame(write_dicom(root / mark("multi") / "single", "multi"), root / mark("multi") / mark("frames.dcm"))
    shutil.rmtree(root / mark("multi") / "single")
    write_results(root / mark("results"))
    write_failing(root / mark("failing") / "deeper")
    write_nifti(root / mark("nifti"))
    write_archives(root / mark("archives"))
    return root


def write_dicom(folder: Path, name: str, **changed: Any) -> list[Path]:
    """A series whose every attribute that is not needed holds a mark."""
    paths = write_series(
        folder, np.full(SHAPE, 40, np.int16), AFFINE, SeriesFacts(mark(f"id{name}"), study_date=SEEN, description=name)
    )
    for k, path in enumerate(paths):
        image = dcmread(path)
        fill(image)
        image.PatientName, image.PatientBirthDate, image.PatientAge = f"{PERSON}^{STEM}", BORN, "067Y"
        image.SpecificCharacterSet, image.BurnedInAnnotation = "ISO_IR 192", "NO"
        for level in ("Study", "Series"):
            setattr(image, f"{level}InstanceUID", f"{UID}.{len(name)}{ord(name[0])}.{level.count('e')}")
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{image.SeriesInstanceUID}.{k}"
        for keyword, value in changed.items():
            setattr(image, keyword, value)
        image.save_as(path)
        paths[k] = path.rename(path.with_name(f"{mark(k)} {PERSON}.dcm"))
    return paths


def fill(image: Dataset) -> None:
    """A mark in every attribute of the standard's dictionary that can hold one, in sequences and in private ones."""
    for tag, (representation, *_) in DicomDictionary.items():
        keyword = keyword_for_tag(tag)
        group = tag >> 16
        if not keyword or keyword in image or keyword in WHAT_IMAGES_NEED or group in {0, 2, 4, 0x28, 0x5400}:
            continue
        if representation in TEXT:
            image.add_new(tag, representation, mark(f"{tag:08X}").upper())
        elif representation in VALUES:
            image.add_new(tag, representation, VALUES[representation])
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID, other.PatientComments = mark("other"), mark("issuer"), PERSON
    image.OtherPatientIDsSequence, image.RequestAttributesSequence = [other], [other]
    image.ImageType = [*image.ImageType, mark("TYPE").upper()]
    image.ConvolutionKernel = mark("kern")
    image.Manufacturer = mark("maker")
    private = image.private_block(0x0099, mark("creator"), create=True)
    private.add_new(1, "LO", mark("private"))
    private.add_new(2, "UN", f"{PERSON} {STEM}".encode())


def write_results(folder: Path) -> None:
    """A SEG and an SR about a marked series, with marks in all that a person may write there."""
    images = [dcmread(path) for path in write_dicom(folder / mark("ct"), "results")]
    described = hd.seg.SegmentDescription(
        1,
        mark("label"),
        codes.SCT.Organ,
        codes.SCT.Aorta,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=f"{UID}.5",
        tracking_id=mark("tracking"),
    )
    made = {"series_number": 1, "instance_number": 1, "software_versions": mark("version"), "manufacturer": mark("m")}
    device = {"manufacturer_model_name": mark("model"), "device_serial_number": mark("serial")}
    seg = hd.seg.Segmentation(
        images, np.ones(SHAPE, np.uint8), "BINARY", [described], f"{UID}.8", sop_instance_uid=f"{UID}.9",
        content_creator_name=f"{PERSON}^{STEM}", content_label=mark("SEG").upper(), series_description=mark("series"),
        content_description=mark("content"), **made, **device,
    )  # fmt: skip
    seg.SegmentSequence[0].SegmentDescription = mark("description")
    seg.save_as(folder / f"{mark('seg')} {PERSON}.dcm")
    write_report(images, folder / mark("sr.dcm"))


def write_report(images: list[Dataset], path: Path) -> None:
    tracking = hd.sr.TrackingIdentifier(uid=f"{UID}.13", identifier=mark("tracking"))
    observer = hd.sr.ObserverContext(codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(f"{PERSON}^{STEM}"))
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=[hd.sr.MeasurementsAndQualitativeEvaluations(tracking)],
    )
    text = hd.sr.TextContentItem(codes.DCM.Comment, mark(f"report {PERSON}"), hd.sr.RelationshipTypeValues.CONTAINS)
    content[0].ContentSequence.append(text)
    report = hd.sr.ComprehensiveSR(
        images, content[0], f"{UID}.11", sop_instance_uid=f"{UID}.12", series_number=2, instance_number=1,
        manufacturer=mark("maker"), institution_name=mark("institution"),
    )  # fmt: skip
    report.save_as(path)


def write_failing(folder: Path) -> None:
    """What cannot be taken, each for another reason, and each full of marks."""
    cut = write_dicom(folder / mark("cut"), "cut")
    cut[0].write_bytes(cut[0].read_bytes()[:-40])
    squeezed = write_dicom(folder / mark("squeezed"), "squeezed")
    for path in squeezed:
        jpeg_lossless(path, path)
        path.write_bytes(path.read_bytes()[:-60])
    for name, changed in FAILING.items():
        write_dicom(folder / mark(name), name, **changed)
    write_dicom(folder / mark("gap"), "gap")[1].unlink()
    mixed = write_dicom(folder / mark("mixed"), "mixed")
    other = dcmread(mixed[0])
    other.PatientID = mark("somebody else")
    other.save_as(mixed[0])
    for path in write_dicom(folder / mark("damaged"), "damaged", PixelSpacing=["0.12345", "0.12345"]):
        path.write_bytes(path.read_bytes().replace(b"0.12345", STEM.encode() + b"z"))
    for path in write_dicom(folder / mark("odd"), "odd"):
        content = path.read_bytes().replace(b"840.99999.", f"840.{STEM}".encode())
        path.write_bytes(content.replace(SEEN.encode(), f"{STEM}29".encode()).replace(b"067Y", b"Qxzv"))
    (folder / mark("broken.dcm")).write_bytes(cut[1].read_bytes()[:600])


FAILING: dict[str, dict[str, Any]] = {
    "burned": {"BurnedInAnnotation": "YES"},
    "localizer": {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER", mark("T").upper()]},
    "mr": {"SOPClassUID": MRImageStorage},
    "nowhere": {"ImagePositionPatient": None},
}


def write_nifti(folder: Path) -> None:
    """An image with marks in its header's texts and extensions, broken masks with marked names, files beside it."""
    write_small_case(folder, synthetic=False)
    path = folder / "ct.nii.gz"
    image = nib.load(path)
    header = image.header
    header["descrip"], header["aux_file"] = f"{mark('descrip')} {BORN}".encode(), mark("aux").encode()
    header["db_name"], header["intent_name"] = mark("db").encode(), mark("intent").encode()
    header.extensions.append(nib.nifti1.Nifti1Extension("comment", f"{PERSON} {mark('extension')}".encode()))
    header.extensions.append(nib.nifti1.Nifti1Extension("afni", f"<xml>{mark('afni')}</xml>".encode()))
    nib.save(image, path)
    for name in ("models", "readers"):
        (folder / name / f"{mark(name)} {PERSON}.nii.gz").write_bytes(gzip_like(b"none"))
    (folder / mark("unnamed.nii.gz")).write_bytes((folder / "models" / "A@1.nii.gz").read_bytes())
    said = {"name": mark("dataset"), "labels": {mark("label"): 1}, "training": [{"image": f"{PERSON}{NUMBER}"}]}
    (folder / "dataset.json").write_text(json.dumps(said))
    (folder / mark("notes.txt")).write_text(f"{PERSON} {BORN}")
    broken = folder.with_name(mark("toml"))
    write_small_case(broken, offset=1)
    (broken / "case.toml").write_text(f'sex = "{mark("sex")}"\nimage = "{PERSON}.nii.gz"\n', encoding="utf-8")


def gzip_like(content: bytes) -> bytes:
    """Bytes that begin as gzip does and are none."""
    return b"\x1f\x8b\x08\x00" + content + mark("bytes").encode()


def write_archives(folder: Path) -> None:
    """A good archive, one that is damaged and one that leads outside, all with marked members."""
    inside = write_dicom(folder / "packed", "packed")
    pack(folder / f"{mark('good')} {PERSON}.zip", inside, mark("member"))
    pack(folder / mark("outside.zip"), inside[:2], f"../../{mark('outside')}")
    damaged = folder / mark("damaged.zip")
    pack(damaged, inside, mark("member"))
    damaged.write_bytes(damaged.read_bytes()[:-200])
    shutil.rmtree(folder / "packed")


def pack(archive: Path, paths: Iterable[Path], name: str) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for path in paths:
            opened.write(path, f"{name}/{path.name}")
