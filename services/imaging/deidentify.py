"""Pseudonyms at the door: keyed, so that the same patient gets the same one and nobody without the key can guess it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom import Dataset

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a pseudonym can be read over the telephone."""
PSEUDONYM_LETTERS = 10
"""50 bits: among 50,000 patients two share a pseudonym with a chance of one in a million (decision 0011)."""
PSEUDONYM = re.compile(rf"(?P<patient>P[{LETTERS}]{{{PSEUDONYM_LETTERS}}})(-\d{{1,6}})?")
"""A patient's pseudonym, or the key of one of its cases."""
LARGEST_SHIFT_DAYS = 3650
EARLIEST_YEAR = 1850
_NOBODY = """
    ANON ANONYM ANONYMOUS ANONYMISED ANONYMIZED DEFAULT DEIDENTIFIED DUMMY EMPTY NA NAME NIL NOID NONE NULL
    PATIENT PATIENTID PHANTOM QA REMOVED TEST UNKNOWN UNBEKANNT X XX XXX XXXX
"""
NOBODY = frozenset(_NOBODY.split())
"""A PatientID that says nobody, in capitals without punctuation: anonymisers write it for many patients."""
_TO_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", LETTERS)
_PADDING = "\0 \t\r\n"


@dataclass(frozen=True)
class Original:
    """Who a pseudonym stands for, and what one series was called before. Only the re-identification map keeps it."""

    pseudonym: str
    patient_id: str
    issuer: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    instance_uids: tuple[str, ...]
    """Of every slice, in the volume's order."""


class Pseudonymiser:
    """Names, UIDs and dates by HMAC-SHA256 (RFC 2104) with the installation's key."""

    def __init__(self, key: bytes, remember: Callable[[Original], None] | None = None) -> None:
        """`key`: 32 secret bytes, see Settings.secret. `remember` is told every original, where a map is kept."""
        self._key = key
        self._remember = remember

    def patient(self, identifier: str) -> str:
        """'P' and ten letters, the same for the same identifier."""
        letters = base64.b32encode(self._hash("patient", identifier)).decode().translate(_TO_CROCKFORD)
        return f"P{letters[:PSEUDONYM_LETTERS]}"

    def uid(self, original: str) -> str:
        """A UID under 2.25 made of a UUID (DICOM PS3.5 B.2), at most 44 characters, the same for the same original."""
        return f"2.25.{uuid.UUID(bytes=self._hash('uid', original)[:16], version=4).int}"

    def shift(self, day: date, patient_identifier: str) -> date:
        """The day moved back by 1 to 3650 days: by as many for every date of one patient, so intervals stay true."""
        offset = int.from_bytes(self._hash("date", patient_identifier)[:8], "big") % LARGEST_SHIFT_DAYS + 1
        return day - timedelta(days=offset)

    def remember(self, original: Original) -> None:
        """Hand an original to the re-identification map; nothing happens where there is none."""
        if self._remember is not None:
            self._remember(original)

    def _hash(self, purpose: str, text: str) -> bytes:
        return hmac.new(self._key, f"{purpose}\0{text.strip(_PADDING)}".encode(), hashlib.sha256).digest()


def patient_identity(header: Dataset) -> str:
    """What stands for the patient: PatientID, its issuer and the birth date; the study where PatientID says nobody.

    Two pseudonyms for one patient lose a comparison over time; one pseudonym for two patients shows a clinician the
    wrong scan. So what differs in any of the three is kept apart, and case is not folded (decision 0011).
    """
    number = said(header, "PatientID")
    if says_nobody(number):
        return json.dumps(["study", said(header, "StudyInstanceUID")])
    born = day(header.get("PatientBirthDate"))
    return json.dumps([number, said(header, "IssuerOfPatientID"), born.isoformat() if born else ""])


def says_nobody(number: str) -> bool:
    """Whether a PatientID is empty, all zeros, one character four times or more, or a word that stands for no one."""
    letters = re.sub(r"[\W_]", "", number).upper()
    return not letters.strip("0") or (len(letters) >= 4 and len(set(letters)) == 1) or letters in NOBODY


def said(header: Dataset, keyword: str) -> str:
    """The text of an element without padding, in Unicode's composed form; '' where there is none."""
    return unicodedata.normalize("NFC", str(header.get(keyword) or "").strip(_PADDING))


def day(text: object) -> date | None:
    """A DICOM date (YYYYMMDD), or None where it is none or lies before any patient that can have a CT."""
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", str(text).strip(_PADDING))
    try:
        read = date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
    return read if read and read.year >= EARLIEST_YEAR else None
