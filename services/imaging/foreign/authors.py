"""Who made a DICOM object: a program by its own name and version, or 'reader 1'. Never a person's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from db.vocabulary import AuthorKind, LabelSource
from services.imaging.layers import Author

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom import Dataset

PLAIN = re.compile(r"[^A-Za-z0-9 ._+\-/()]")
LONGEST = 64
PEOPLE = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthDate", "ContentCreatorName",
    "OperatorsName", "ReviewerName", "ReferringPhysicianName", "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy", "InstitutionName", "InstitutionalDepartmentName", "StudyID", "AccessionNumber",
)  # fmt: skip
"""A program's name that shares a word with one of these is no program's name."""
UNKNOWN_PROGRAM = "unnamed program"


@dataclass
class Readers:
    """Numbers for the people whose objects lie beside one image: reader 1, reader 2, and each one's readings."""

    numbers: dict[str, int] = field(default_factory=dict)
    readings: dict[str, int] = field(default_factory=dict)

    def author(self, person: str) -> Author:
        """The author of a further object of this person, who is known by a name that goes no further than here."""
        number = self.numbers.setdefault(person, len(self.numbers) + 1)
        self.readings[person] = self.readings.get(person, 0) + 1
        reading = self.readings[person]
        version = f"reading {reading}" if reading > 1 else ""
        return Author(f"reader {number}", AuthorKind.READER, LabelSource.EXPERT, version)


def person_of(header: Dataset) -> str:
    """What tells one creator from another: a name where there is one, else the object itself."""
    names = (str(header.get(tag) or "").strip() for tag in ("ContentCreatorName", "OperatorsName", "ReviewerName"))
    return next(filter(None, names), "") or str(header.get("SOPInstanceUID"))


def program(header: Dataset, *names: object, version: object = "") -> Author:
    """The program that made an object: the first of `names` that is fit to be shown, else its maker and model."""
    words = _words(header)
    maker = f"{_fit(header.get('Manufacturer'), words)} {_fit(header.get('ManufacturerModelName'), words)}".strip()
    name = next(filter(None, (_fit(name, words) for name in names)), "") or maker or UNKNOWN_PROGRAM
    said = _fit(version, words) or _fit(header.get("SoftwareVersions"), words)
    return Author(name[:LONGEST], AuthorKind.MODEL, LabelSource.SOFTWARE, said)


def _fit(value: object, forbidden: frozenset[str]) -> str:
    """A short text of usual characters that names nobody whom the header names; else ''."""
    first = value[0] if isinstance(value, list) and value else value
    text = "" if first is None else PLAIN.sub("", str(first)).strip()[:LONGEST]
    spoken = text.casefold()
    return "" if any(word in spoken for word in forbidden) else text


def _words(header: Dataset) -> frozenset[str]:
    return frozenset(word for tag in PEOPLE for word in _split(header.get(tag)))


def _split(value: object) -> Iterable[str]:
    return (word for word in re.split(r"[^\w]+", str(value or "").casefold()) if len(word) > 2)
