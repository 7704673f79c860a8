"""Pseudonyms at the door, and the few facts of a header that stay."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from services.imaging import equipment
from services.imaging.deidentify import (
    LARGEST_SHIFT_DAYS,
    LETTERS,
    PSEUDONYM_LETTERS,
    Pseudonymiser,
    day,
    patient_identity,
)
from services.imaging.header import KEPT, Keys, age_years, facts, kept_values

IDENTITY = Pseudonymiser(b"0" * 32)
OTHER = Pseudonymiser(b"1" * 32)
DAY = date(2024, 5, 17)
KEYS = Keys(IDENTITY, "4711")
names = st.text(min_size=1, max_size=30)


@given(names)
def test_a_pseudonym_is_short_plain_and_always_the_same(name: str) -> None:
    pseudonym = IDENTITY.patient(name)
    assert pseudonym == IDENTITY.patient(name)
    assert pseudonym[0] == "P"
    assert len(pseudonym) == 1 + PSEUDONYM_LETTERS
    assert set(pseudonym[1:]) <= set(LETTERS)
    assert len(name) < 4 or name.upper() not in pseudonym


def test_another_key_gives_another_pseudonym_uid_and_shift() -> None:
    assert IDENTITY.patient("4711") != OTHER.patient("4711")
    assert IDENTITY.uid("1.2.3") != OTHER.uid("1.2.3")
    assert IDENTITY.shift(DAY, "4711") != OTHER.shift(DAY, "4711")


def test_patients_have_pseudonyms_of_their_own() -> None:
    assert len({IDENTITY.patient(f"patient {number}") for number in range(100_000)}) == 100_000


def test_fifty_thousand_patients_share_a_pseudonym_less_than_once_in_half_a_million_stores() -> None:
    """The birthday bound: n patients among N pseudonyms collide with a chance of about n * n / (2 * N)."""
    assert 50_000**2 / (2 * len(LETTERS) ** PSEUDONYM_LETTERS) < 2e-6


def test_blanks_around_an_identifier_do_not_make_another_patient() -> None:
    assert IDENTITY.patient("4711 ") == IDENTITY.patient("4711")


@given(names)
def test_a_uid_is_valid_dicom(original: str) -> None:
    uid = IDENTITY.uid(original)
    assert len(uid) <= 64
    assert uid.startswith("2.25.")
    assert UUID(int=int(uid[5:])).version == 4


@given(names, st.integers(0, 5000))
def test_dates_move_back_and_the_time_between_two_of_one_patient_stays(patient: str, apart: int) -> None:
    later = DAY + timedelta(days=apart)
    first, second = IDENTITY.shift(DAY, patient), IDENTITY.shift(later, patient)
    assert second - first == later - DAY
    assert timedelta(days=1) <= DAY - first <= timedelta(days=LARGEST_SHIFT_DAYS)


def header(**fields: object) -> Dataset:
    dataset = Dataset()
    for name, value in fields.items():
        setattr(dataset, name, value)
    return dataset


def identity(**fields: object) -> str:
    usual = {"PatientID": "4711", "StudyInstanceUID": "1.2.3", "PatientBirthDate": "19510203"}
    return patient_identity(header(**usual | fields))


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "4712"},
        {"PatientID": "47 11"},
        {"PatientID": "4711", "IssuerOfPatientID": "clinic B"},
        {"PatientBirthDate": "19510204"},
        {"PatientBirthDate": ""},
    ],
)
def test_patients_are_kept_apart_where_number_issuer_or_birth_date_differ(other: dict[str, str]) -> None:
    assert identity(**other) != identity()


@pytest.mark.parametrize("same", [{"PatientID": " 4711 \0"}, {"StudyInstanceUID": "1.2.4"}, {"PatientSex": "M"}])
def test_padding_and_another_study_leave_the_patient_the_same(same: dict[str, str]) -> None:
    assert identity(**same) == identity()


@pytest.mark.parametrize("nobody", ["", "0", "000", "0000-0000", "ANON", "Anonymous", "n/a", "xxx", "9999", "?", None])
def test_a_number_that_says_nobody_makes_every_study_a_patient_of_its_own(nobody: str | None) -> None:
    assert identity(PatientID=nobody) == identity(PatientID=nobody, PatientBirthDate="19600101")
    assert identity(PatientID=nobody) != identity(PatientID=nobody, StudyInstanceUID="1.2.4")


@pytest.mark.parametrize("somebody", ["1", "11", "100", "ANON-0042", "X12", "\u6771\u4eac1"])
def test_a_short_number_is_somebody(somebody: str) -> None:
    assert identity(PatientID=somebody) == identity(PatientID=somebody, StudyInstanceUID="1.2.4")


def test_only_allowed_facts_stay() -> None:
    kept = facts(
        header(
            Manufacturer="SIEMENS",
            ManufacturerModelName="SOMATOM Force Meier",
            ConvolutionKernel=["B30f", "x"],
            SliceThickness=3.0,
            WindowWidth=[400, 1500],
            WindowCenter=[40, -600],
            PatientSize=1.7549,
            PatientWeight=81.6,
            InstitutionName="St. Elsewhere",
            StationName="CT01",
            DeviceSerialNumber="123",
            PatientName="Meier^Anna",
            ReferringPhysicianName="Dr^No",
        ),
        KEYS,
    )
    assert kept == {
        "manufacturer": "Siemens",
        "model": "SOMATOM Force",
        "kernel": "B30f",
        "slice_thickness_mm": 3,
        "patient_size_m": 1.75,
        "patient_weight_kg": 82,
        "window": [400, 40],
    }


@pytest.mark.parametrize(
    ("said", "maker"),
    [
        ("Siemens Healthineers", "Siemens"),
        ("GE MEDICAL SYSTEMS", "GE"),
        ("TOSHIBA_MEC", "Toshiba"),
        ("Dr Siemens", None),
        ("Meier & Sons", None),
        ("", None),
    ],
)
def test_a_maker_is_one_that_is_known(said: str, maker: str | None) -> None:
    assert equipment.maker(said) == maker


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("SOMATOM Definition Flash", "SOMATOM Definition Flash"),
        ("Discovery CT750 HD", "Discovery CT750 HD"),
        ("Emotion 16 (2007)", "Emotion 16 (2007)"),
        ("Aquilion ONE St. Elsewhere", "Aquilion ONE"),
        ("Somatom Meier", "Somatom"),
        ("Meier", None),
        ("4711", None),
        ("iCT 19510203", "iCT"),
    ],
)
def test_a_model_is_made_of_known_words_and_short_numbers(said: str, model: str | None) -> None:
    assert equipment.model(said) == model


@pytest.mark.parametrize("kernel", ["B30f", "Br40d", "I31s", "FC03", "STANDARD", "HD STND", "B_SOFT_B", "YA", "3"])
def test_a_kernel_is_kept_as_it_is(kernel: str) -> None:
    assert equipment.kernel(kernel) == kernel


@pytest.mark.parametrize("text", ["Meier", "Anna 1", "4711", "B30f Meier", "19510203", "<b>", ""])
def test_what_does_not_look_like_a_kernel_is_none(text: str) -> None:
    assert equipment.kernel(text) is None


@given(st.text(max_size=40))
def test_no_text_passes_that_is_not_made_of_known_words(text: str) -> None:
    words = {word.strip("0123456789()./+-").lower() for word in (equipment.model(text) or "").split()}
    assert {part for word in words for part in re.findall("[a-z]+", word)} <= equipment.MODEL_WORDS
    assert (equipment.maker(text) or "SYNTHETIC") in equipment.MAKERS.values()


@pytest.mark.parametrize("keyword", [kept.keyword for kept in KEPT if kept.check.__name__ != "keyed_uid"])
@pytest.mark.parametrize("text", ["Meier", "19510203", "4711000", "1.2.840.99999"])
def test_no_attribute_that_is_kept_lets_a_name_a_number_or_a_uid_through(keyword: str, text: str) -> None:
    (kept,) = (one for one in KEPT if one.keyword == keyword)
    values = kept.check([text] * 6, KEYS)
    assert text not in " ".join(map(str, values))


@pytest.mark.parametrize("width", [0, -5, None])
def test_a_window_without_width_is_none(width: float | None) -> None:
    said = header(WindowCenter=40) if width is None else header(WindowCenter=40, WindowWidth=width)
    assert "window" not in facts(said, KEYS)


def test_the_leading_image_types_that_are_known_stay() -> None:
    (kept,) = (one for one in KEPT if one.keyword == "ImageType")
    said = header(ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "MEIER", "AXIAL"])
    assert kept_values(kept, said, KEYS) == ["ORIGINAL", "PRIMARY", "AXIAL"]


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"PatientAge": "067Y"}, 67),
        ({"PatientAge": "018M"}, 1),
        ({"PatientAge": "103Y"}, 89),
        ({"PatientBirthDate": "19500601", "StudyDate": "20240531"}, 73),
        ({"PatientBirthDate": "19500601", "StudyDate": "20240601"}, 74),
        ({"PatientBirthDate": "", "StudyDate": "20240601"}, None),
        ({"PatientBirthDate": "20250601", "StudyDate": "20240601"}, None),
        ({}, None),
    ],
)
def test_age_in_years_and_never_above_89(fields: dict[str, str], age: int | None) -> None:
    assert age_years(header(**fields)) == age


@pytest.mark.parametrize("text", ["", "2024-05-17", "20241399", "00010101", "2024517", None])
def test_a_date_that_is_none_is_none(text: object) -> None:
    assert day(text) is None
    assert day("20240517") == DAY
