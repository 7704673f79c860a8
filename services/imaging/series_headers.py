"""The de-identified headers of a series as one document, and the data sets that results refer to, made from it.

A SEG, Parametric Map or SR names the images that it was made from. The store keeps no DICOM, so this is what it knows
of them: DICOM JSON model (PS3.18 annex F), what all slices have in common once, then slice by slice in the order k.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword

from services.errors import InputRefused
from services.imaging.deidentify import Original, patient_identity, said
from services.imaging.header import KEPT, Keys, age_years, kept_values

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT, VERSION = "secondlook series headers", 1
PROFILE = {
    "113100": "Basic Application Confidentiality Profile",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
}
"""Codes of PS3.16 CID 7050 for the profile of PS3.15 annex E and its options."""
EMPTY_WHERE_UNKNOWN = (
    "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
    "ReferringPhysicianName", "Manufacturer", "SliceThickness", "KVP", "InstanceNumber",
)  # fmt: skip
"""Attributes of type 2: an image must have them, and may have them empty."""
ELSEWHERE_MM = 2e5
"""Where a frame is put that is not in the volume: further away than any slice can lie, so that nothing refers to it."""


def require_one_patient(headers: Sequence[Dataset]) -> None:
    """Raise InputRefused where the images of a series name several patients or studies."""
    if len({patient_identity(header) for header in headers}) > 1:
        found = "images of several patients (PatientID, its issuer or the birth date differ)."
    elif len({said(header, "StudyInstanceUID") for header in headers}) > 1:
        found = "images of several studies."
    else:
        return
    raise InputRefused("A series must belong to one patient and one study.", found, "Correct it in the archive.")


def original_of(headers: Sequence[Dataset], keys: Keys) -> Original:
    """What the series was called, for the re-identification map alone."""
    first = headers[0]
    return Original(
        pseudonym=keys.identity.patient(keys.patient),
        patient_id=said(first, "PatientID"),
        issuer=said(first, "IssuerOfPatientID"),
        study_uid=said(first, "StudyInstanceUID"),
        series_uid=said(first, "SeriesInstanceUID"),
        frame_of_reference_uid=said(first, "FrameOfReferenceUID"),
        instance_uids=tuple(said(header, "SOPInstanceUID") for header in headers),
    )


def header_document(headers: Sequence[Dataset], keys: Keys) -> bytes:
    """The headers of a series in the volume's order, de-identified: the same bytes for the same series and key."""
    slices = [_varying(header, k, keys) for k, header in enumerate(headers)]
    common = {tag: element for tag, element in slices[0].items() if all(one.get(tag) == element for one in slices)}
    own = [{tag: element for tag, element in one.items() if tag not in common} for one in slices]
    common |= _constant(headers[0], keys)
    document = {"format": FORMAT, "version": VERSION, "common": common, "slices": own}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def source_datasets(document: bytes) -> list[Dataset]:
    """The images of a series as highdicom takes them for `source_images`, without pixels.

    Single-frame images come one a slice in the volume's order k. A multi-frame image comes once, with its frames in
    its own order, so that a reference names instance and frame; highdicom takes one such image at a time. All places
    are those of the original slices: under a gantry tilt they differ from the straightened volume's, and a result
    written on the volume's own geometry then refers to the slice at its height, SpatialLocationsPreserved NO.
    Raises ValueError on another format or version.
    """
    content = json.loads(document)
    if (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        message = f"The headers of a series must be '{FORMAT}' version {VERSION}, found another document."
        raise ValueError(message)
    common = Dataset.from_json(content["common"])
    images = [_completed(common, Dataset.from_json(own)) for own in content["slices"]]
    single = [image for image in images if "ReferencedFrameNumber" not in image]
    frames = [image for image in images if "ReferencedFrameNumber" in image]
    frames.sort(key=lambda image: (str(image.SOPInstanceUID), int(image.ReferencedFrameNumber)))
    instances = groupby(frames, lambda image: str(image.SOPInstanceUID))
    return single + [_multi_frame(list(group)) for _, group in instances]


def _varying(header: Dataset, k: int, keys: Keys) -> dict[str, object]:
    """What may differ from slice to slice, in the JSON model."""
    elements: dict[str, object] = {}
    for kept in KEPT:
        if kept.each and (values := kept_values(kept, header, keys)):
            _add(elements, kept.keyword, values)
    if "SOPInstanceUID" not in header:
        _add(elements, "SOPInstanceUID", [keys.identity.uid(f"{said(header, 'SeriesInstanceUID')} slice {k}")])
    return elements


def _constant(header: Dataset, keys: Keys) -> dict[str, object]:
    """What all slices have in common, with what de-identification adds, in the JSON model."""
    elements: dict[str, object] = {}
    for kept in KEPT:
        if not kept.each and (values := kept_values(kept, header, keys)):
            _add(elements, kept.keyword, values)
    if not header.get("FrameOfReferenceUID"):
        _add(elements, "FrameOfReferenceUID", [keys.identity.uid(f"{said(header, 'SeriesInstanceUID')} frame")])
    age = age_years(header)
    if age is not None:
        _add(elements, "PatientAge", [f"{age:03d}Y"])
    _add(elements, "PatientID", [keys.identity.patient(keys.patient)])
    _add(elements, "PatientIdentityRemoved", ["YES"])
    _add(elements, "LongitudinalTemporalInformationModified", ["MODIFIED"])
    _add(elements, "DeidentificationMethodCodeSequence", [_code(*named) for named in PROFILE.items()])
    return elements


def _code(value: str, meaning: str) -> dict[str, object]:
    item: dict[str, object] = {}
    _add(item, "CodeValue", [value])
    _add(item, "CodingSchemeDesignator", ["DCM"])
    _add(item, "CodeMeaning", [meaning])
    return item


def _add(elements: dict[str, object], keyword: str, values: list[Any]) -> None:
    elements[f"{tag_for_keyword(keyword):08X}"] = {"vr": dictionary_VR(keyword), "Value": values}


def _completed(common: Dataset, own: Dataset) -> Dataset:
    """One slice as a data set of its own, with the empty attributes that DICOM wants."""
    image = Dataset()
    image.update(common)
    image.update(own)
    for keyword in EMPTY_WHERE_UNKNOWN:
        if keyword not in image:
            setattr(image, keyword, None)
    return image


def _multi_frame(frames: list[Dataset]) -> Dataset:
    """The image that these frames belong to, with the functional groups that say where each lies."""
    first = frames[0]
    image = Dataset()
    image.update(first)
    count = max(int(first.get("NumberOfFrames") or 1), int(frames[-1].ReferencedFrameNumber))
    places = {int(frame.ReferencedFrameNumber): frame.ImagePositionPatient for frame in frames}
    image.NumberOfFrames = count
    image.SharedFunctionalGroupsSequence = [_shared(first)]
    image.PerFrameFunctionalGroupsSequence = [
        _group("PlanePositionSequence", ImagePositionPatient=places.get(number, [ELSEWHERE_MM] * 3))
        for number in range(1, count + 1)
    ]
    for keyword in ("ReferencedFrameNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        del image[keyword]
    return image


def _shared(frame: Dataset) -> Dataset:
    shared = _group("PlaneOrientationSequence", ImageOrientationPatient=frame.ImageOrientationPatient)
    measures = {"PixelSpacing": frame.PixelSpacing, "SliceThickness": frame.SliceThickness}
    shared.update(_group("PixelMeasuresSequence", **measures))
    return shared


def _group(sequence: str, **values: object) -> Dataset:
    """A functional group: a data set with a sequence of one item."""
    item, group = Dataset(), Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    setattr(group, sequence, [item])
    return group
