"""From what lies in a case's folder to prepared cases: read, matched, without identifiers. No database here."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from db.records import NewPatient
from db.vocabulary import Sex
from services.discovery import CaseFolder, IntakeOptions, discover
from services.errors import InputRefused
from services.imaging import nifti
from services.imaging.deidentify import Pseudonymiser, day, patient_identity
from services.imaging.dicom_rules import CT
from services.imaging.dicom_series import DicomSeries, each_series, sort_files
from services.imaging.foreign import objects
from services.imaging.header import OLDEST, Keys, age_years, facts
from services.imaging.layers import joined, told_apart
from services.imaging.progress import silent
from services.imaging.series_headers import header_document, original_of, require_one_patient
from services.imaging.series_rules import counted
from services.prepared import PreparedCase, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from highdicom import Volume

    from services.imaging.foreign.objects import DicomObject
    from services.imaging.layers import Result
    from services.imaging.progress import Tell
    from services.manifest import Manifest

__all__ = ["CaseFolder", "IntakeOptions", "discover", "prepare"]


def prepare(
    folder: CaseFolder, identity: Pseudonymiser, options: IntakeOptions, tell: Tell = silent
) -> Iterator[PreparedCase | Skipped]:
    """Read a case's folder, image by image, and take the identifiers off. Bad parts are reported, good ones kept.

    An image is read when it is asked for: who lets go of the last one holds one at a time.
    """
    yield from folder.skipped
    images = _images(folder, identity, options, tell)
    yield from _with_predictions(images, folder.predictions, tell) if folder.predictions else images


def _images(
    folder: CaseFolder, identity: Pseudonymiser, options: IntakeOptions, tell: Tell
) -> Iterator[PreparedCase | Skipped]:
    if folder.image is not None:
        yield _from_nifti_or_reason(folder.image, identity, folder.manifest)
    if folder.dicom:
        yield from _dicom_images(folder, identity, options, tell)


def _dicom_images(
    folder: CaseFolder, identity: Pseudonymiser, options: IntakeOptions, tell: Tell
) -> Iterator[PreparedCase | Skipped]:
    """The CT series of a folder, each with the DICOM objects about it, which are matched before identifiers go."""
    files, about = objects.split(folder.dicom)
    found = sort_files(files, tell, allow_burned_in=options.allow_burned_in)
    matched, refused = objects.match(about, found.headers(), folder.manifest.naming)
    take = partial(_with_objects, identity, folder.manifest, matched, tell)
    yield from chain.from_iterable(map(take, each_series(found, tell)))
    yield from refused
    yield from objects.without_series(chain.from_iterable(matched.values()))


def _with_objects(
    identity: Pseudonymiser,
    manifest: Manifest,
    matched: dict[str, list[DicomObject]],
    tell: Tell,
    found: DicomSeries | Skipped,
) -> list[PreparedCase | Skipped]:
    """A function and no part of the generator, which would hold this series while the next one is read."""
    if isinstance(found, Skipped):
        return [found]
    try:
        case = _from_dicom(found, identity, manifest)
    except InputRefused as refusal:
        return [Skipped.because(f"{found.place}{counted(len(found.headers), CT)}", refusal)]
    about = matched.pop(str(found.header.SeriesInstanceUID), ())
    return list(_with_results(case, about, tell))


def _with_predictions(
    images: Iterator[PreparedCase | Skipped], predictions: Sequence[Result], tell: Tell
) -> Iterator[PreparedCase | Skipped]:
    """The images; the masks and maps go to the only one there is."""
    only: list[PreparedCase] = []
    count = 0
    for image in images:
        if isinstance(image, Skipped):
            yield image
            continue
        count += 1
        only.append(image)
        while count > 1 and only:
            yield only.pop(0)
    if count == 1:
        yield from _with_results(only.pop(), predictions, tell)
    else:
        yield _no_single_image(count)


def _with_results(case: PreparedCase, results: Sequence[Result], tell: Tell) -> Iterator[PreparedCase | Skipped]:
    """The results that were left out, then the case with what others made of it."""
    readings = []
    for number, result in enumerate(results, start=1):
        tell("masks and maps read", number, len(results))
        try:
            readings.append(result.read(case.volume))
        except InputRefused as refusal:
            yield Skipped.because(f"{result.what} {number} of {len(results)}", refusal)
    found = joined(told_apart(readings))
    yield replace(
        case,
        layers=case.layers + found.layers,
        mended=case.mended + found.mended,
        remarks=case.remarks + found.remarks,
    )


def _from_nifti_or_reason(path: Path, identity: Pseudonymiser, manifest: Manifest) -> PreparedCase | Skipped:
    try:
        return _from_nifti(path, identity, manifest)
    except InputRefused as refusal:
        return Skipped.because("the image", refusal)


def _from_nifti(path: Path, identity: Pseudonymiser, manifest: Manifest) -> PreparedCase:
    """A NIfTI image names no patient, so its own content stands for one."""
    volume, mended = nifti.read_image(path)
    content = f"{volume.array.shape}{volume.affine.round(4).tolist()}{_checksum(volume)}"
    return PreparedCase(
        patient=NewPatient(identity.patient(content), manifest.sex),
        study_uid=identity.uid(f"study {content}"),
        series_uid=identity.uid(f"series {content}"),
        study_date=None,
        age_years=None if manifest.age_years is None else min(max(manifest.age_years, 0), OLDEST),
        modality="CT",
        facts={"notes": list(mended)} if mended else {},
        synthetic=manifest.synthetic,
        volume=volume,
        mended=mended,
    )


def _from_dicom(series: DicomSeries, identity: Pseudonymiser, manifest: Manifest) -> PreparedCase:
    header = series.header
    require_one_patient(series.headers)
    who = patient_identity(header)
    keys = Keys(identity, who)
    date = day(header.get("StudyDate"))
    sex = str(header.get("PatientSex") or "")
    identity.remember(original_of(series.headers, keys))
    return PreparedCase(
        patient=NewPatient(identity.patient(who), Sex(sex) if sex in set(Sex) else None),
        study_uid=identity.uid(str(header.StudyInstanceUID)),
        series_uid=identity.uid(str(header.SeriesInstanceUID)),
        study_date=identity.shift(date, who) if date else None,
        age_years=age_years(header),
        modality="CT",
        facts=facts(header, keys)
        | ({"notes": [*series.mended, *series.remarks]} if series.mended or series.remarks else {}),
        synthetic=manifest.synthetic,
        volume=series.volume,
        headers=header_document(series.headers, keys),
        mended=series.mended,
        remarks=series.remarks,
        place=series.place,
    )


def _checksum(volume: Volume) -> str:
    return hashlib.sha256(np.ascontiguousarray(volume.array).reshape(-1).view(np.uint8).data).hexdigest()


def _no_single_image(count: int) -> Skipped:
    return Skipped(
        "all masks and maps of a case",
        "Masks must lie beside exactly one image.",
        f"{count} images." if count else "no readable image.",
        "Keep one series in a case's folder.",
    )
