"""The headers of a series as one document: the same every time, and nothing in it that was not to be kept."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from services.imaging.deidentify import Pseudonymiser, patient_identity
from services.imaging.dicom_series import DicomSeries, read_series
from services.imaging.header import Keys
from services.imaging.progress import silent
from services.imaging.series_headers import PROFILE, header_document, original_of, source_datasets
from services.phantom.dicom_writer import SeriesFacts, write_series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHAPE = (6, 40, 48)
AFFINE = np.array([[0, 0, 0.8, -20], [0, 0.7, 0, -15], [2.5, 0, 0, 100], [0, 0, 0, 1]], dtype=float)
IDENTITY = Pseudonymiser(b"0" * 32)


def write(folder: Path, affine: np.ndarray = AFFINE, **facts: Any) -> list[Path]:
    return write_series(folder, np.zeros(SHAPE, dtype=np.int16), affine, SeriesFacts("patient 1", **facts))


def read(paths: Sequence[Path]) -> DicomSeries:
    (series,), skipped = read_series(paths, silent)
    assert skipped == []
    return series


def document(series: DicomSeries) -> bytes:
    return header_document(series.headers, Keys(IDENTITY, patient_identity(series.header)))


def sources(series: DicomSeries) -> list[Dataset]:
    return source_datasets(document(series))


def change(path: Path, **fields: Any) -> None:
    image = dcmread(path)
    for name, value in fields.items():
        setattr(image, name, value)
    image.save_as(path)


def test_one_slice_is_enough(tmp_path: Path) -> None:
    series = read(write(tmp_path)[:1])
    (image,) = sources(series)
    assert (image.InstanceNumber, image.SliceThickness) == (1, 2.5)


def test_copies_left_out_do_not_stand_in_the_document_and_names_of_files_change_nothing(tmp_path: Path) -> None:
    paths = write(tmp_path)
    copy = dcmread(paths[2])
    copy.SOPInstanceUID = generate_uid()
    first, last = tmp_path / "0.dcm", tmp_path / "z.dcm"
    copy.save_as(first)
    before = document(read([first, *paths]))
    first.rename(last)
    assert document(read([*paths, last])) == before
    assert len(source_datasets(before)) == SHAPE[0]


def test_the_document_is_the_same_every_time_and_another_with_another_key(tmp_path: Path) -> None:
    paths = write(tmp_path)
    assert document(read(paths)) == document(read(paths[::-1]))
    other = Keys(Pseudonymiser(b"1" * 32), "")
    assert header_document(read(paths).headers, other) != document(read(paths))


def test_the_profile_and_its_options_are_named_by_their_codes(tmp_path: Path) -> None:
    image = sources(read(write(tmp_path)))[0]
    assert (image.PatientIdentityRemoved, image.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    named = {item.CodeValue: item.CodeMeaning for item in image.DeidentificationMethodCodeSequence}
    assert named == PROFILE == {code.value: code.meaning for code in known_codes(PROFILE)}


def known_codes(values: dict[str, str]) -> list[Any]:
    found = [getattr(codes.cid7050, name) for name in codes.cid7050.dir()]
    return [code for code in found if code.value in values]


def test_age_sex_size_and_weight_stay_and_the_birth_date_goes(tmp_path: Path) -> None:
    paths = write(tmp_path, age="093Y", sex="F")
    for path in paths:
        change(path, PatientBirthDate="19310203", PatientSize="1.6349", PatientWeight="71.4", EthnicGroup="x")
    image = sources(read(paths))[0]
    assert (image.PatientAge, image.PatientSex, image.PatientSize, image.PatientWeight) == ("089Y", "F", 1.63, 71)
    assert image.PatientBirthDate is None
    assert "EthnicGroup" not in image


def test_a_study_date_is_moved_as_the_case_page_says(tmp_path: Path) -> None:
    series = read(write(tmp_path, study_date="20240517"))
    keys = Keys(IDENTITY, patient_identity(series.header))
    moved = keys.identity.shift(date(2024, 5, 17), keys.patient)
    assert sources(series)[0].StudyDate == f"{moved:%Y%m%d}"


def test_a_damaged_weight_is_left_out_and_refuses_nothing(tmp_path: Path) -> None:
    paths = write(tmp_path)
    for path in paths:
        change(path, PatientWeight="00000071.5")
        path.write_bytes(path.read_bytes().replace(b"00000071.5", b"0000071,5 "))
    assert "PatientWeight" not in sources(read(paths))[0]


def test_a_document_of_another_version_is_not_read(tmp_path: Path) -> None:
    changed = json.loads(document(read(write(tmp_path)))) | {"version": 2}
    with pytest.raises(ValueError, match="version 1"):
        source_datasets(json.dumps(changed).encode())


def test_the_originals_of_a_series_are_gathered_for_the_map_alone(tmp_path: Path) -> None:
    paths = write(tmp_path)
    series = read(paths)
    original = original_of(series.headers, Keys(IDENTITY, patient_identity(series.header)))
    assert original.patient_id == "patient 1"
    assert original.instance_uids == tuple(str(dcmread(path).SOPInstanceUID) for path in paths)
    assert not any(uid.encode() in document(series) for uid in (*original.instance_uids, original.series_uid))
