"""What is kept of a DICOM header, by allow-list: every attribute with its reason and a closed check of its value.

Everything else is dropped: whatever is not on the list, private attributes, nested sequences and free text.
docs/deidentification.md is this list as a conformance statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage
from pydicom.valuerep import format_number_as_ds

from services.imaging import equipment
from services.imaging.deidentify import Pseudonymiser, day

if TYPE_CHECKING:
    from pydicom import Dataset

OLDEST = 89
"""Ages above are stored as this, as the HIPAA safe harbour (45 CFR 164.514(b)) asks."""
BASIC = "basic profile"
DATES = "modified dates"
CHARACTERISTICS = "patient characteristics"
CT_CLASSES = (CTImageStorage, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
IMAGE_TYPES = (
    "ORIGINAL", "DERIVED", "MIXED", "PRIMARY", "SECONDARY", "AXIAL", "VOLUME", "HELICAL", "REFORMATTED", "MPR", "NONE",
    "AVERAGE", "STANDARD", "ANGIO", "CARDIAC", "PERFUSION", "MIN_IP", "MAX_IP", "RESAMPLED", "FILTERED", "DUAL_ENERGY",
)  # fmt: skip
LOSSY_METHODS = ("ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_13818_2", "ISO_14496_10", "ISO_23008_2")


@dataclass(frozen=True)
class Keys:
    """What replaces the identifiers of one patient."""

    identity: Pseudonymiser
    patient: str
    """What stands for the patient, see deidentify.patient_identity."""


Check = Callable[[list[object], Keys], list[object]]
"""From an element's values to those that are kept; empty where there is none."""


def codes(*known: str) -> Check:
    """Keep the leading values that are among these."""

    def check(values: list[object], _: Keys) -> list[object]:
        kept = [str(value).strip() for value in values]
        return list(kept[: next((n for n, value in enumerate(kept) if value not in known), len(kept))])

    return check


def numbers(low: float, high: float, count: int = 1, step: float = 0.0) -> Check:
    """Keep exactly `count` numbers from low to high, rounded to `step`: no number is large enough to name anybody."""

    def check(values: list[object], _: Keys) -> list[object]:
        try:
            found = [float(str(value)) for value in values[:count]]
        except ValueError:
            return []
        if len(found) != count or not all(low <= value <= high for value in found):
            return []
        return [_short(float(round(round(value / step) * step, 6)) if step else value) for value in found]

    return check


def keyed_uid(values: list[object], keys: Keys) -> list[object]:
    """The keyed UID in place of the first one."""
    return [keys.identity.uid(str(values[0]))]


def shifted(values: list[object], keys: Keys) -> list[object]:
    """The date moved by the patient's own number of days."""
    found = day(values[0])
    return [keys.identity.shift(found, keys.patient).strftime("%Y%m%d")] if found else []


def word(known: Callable[[object], str | None]) -> Check:
    """What a closed list makes of a text."""

    def check(values: list[object], _: Keys) -> list[object]:
        kept = known(values)
        return [kept] if kept else []

    return check


@dataclass(frozen=True)
class Kept:
    """One attribute that stays: its DICOM keyword, what is done to its value, why, and under which option."""

    keyword: str
    check: Check
    why: str
    option: str = BASIC
    each: bool = False
    """Asked of every slice; otherwise of the first, as all of a series have the same."""


KEPT = (
    Kept("SOPClassUID", codes(*CT_CLASSES), "references", each=True),
    Kept("SOPInstanceUID", keyed_uid, "references", each=True),
    Kept("StudyInstanceUID", keyed_uid, "references"),
    Kept("SeriesInstanceUID", keyed_uid, "references"),
    Kept("FrameOfReferenceUID", keyed_uid, "geometry"),
    Kept("ReferencedFrameNumber", numbers(1, 100_000), "references into a multi-frame image", each=True),
    Kept("NumberOfFrames", numbers(1, 100_000), "references into a multi-frame image", each=True),
    Kept("InstanceNumber", numbers(0, 99_999), "the number that a reader of the original saw", each=True),
    Kept("ImagePositionPatient", numbers(-1e5, 1e5, 3), "geometry", each=True),
    Kept("ImageOrientationPatient", numbers(-1, 1, 6), "geometry"),
    Kept("PixelSpacing", numbers(0, 4096, 2), "geometry"),
    Kept("SliceThickness", numbers(0, 100), "geometry"),
    Kept("SpacingBetweenSlices", numbers(-100, 100), "geometry"),
    Kept("Rows", numbers(1, 4096), "geometry"),
    Kept("Columns", numbers(1, 4096), "geometry"),
    Kept("Modality", codes("CT"), "what it is"),
    Kept("ImageType", codes(*IMAGE_TYPES), "what it is"),
    Kept("BurnedInAnnotation", codes("YES", "NO"), "whether text may be in the pixels"),
    Kept("LossyImageCompression", codes("00", "01"), "goes with every result"),
    Kept("LossyImageCompressionRatio", numbers(0, 10_000), "goes with every result"),
    Kept("LossyImageCompressionMethod", codes(*LOSSY_METHODS), "goes with every result"),
    Kept("Manufacturer", word(equipment.maker), "scanner"),
    Kept("ManufacturerModelName", word(equipment.model), "scanner"),
    Kept("ConvolutionKernel", word(equipment.kernel), "scanner"),
    Kept("KVP", numbers(20, 300), "scanner"),
    Kept("StudyDate", shifted, "growth between studies", DATES),
    Kept("PatientSex", codes("M", "F", "O"), "population", CHARACTERISTICS),
    Kept("PatientSize", numbers(0.2, 2.5, step=0.01), "indexed diameters; whole centimetres", CHARACTERISTICS),
    Kept("PatientWeight", numbers(0.5, 300, step=1), "indexed diameters; whole kilograms", CHARACTERISTICS),
)
"""PatientAge is made by `age_years`, PatientID is the pseudonym, and the marks of the profile are added."""
_BY_KEYWORD = {kept.keyword: kept for kept in KEPT}
FACTS = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "kernel": "ConvolutionKernel",
    "slice_thickness_mm": "SliceThickness",
    "kvp": "KVP",
    "patient_size_m": "PatientSize",
    "patient_weight_kg": "PatientWeight",
}
"""Name on the case page and DICOM keyword."""


def facts(header: Dataset, keys: Keys) -> dict[str, object]:
    """Scanner maker, model, kernel, thickness, voltage, size, weight, and the file's window [width, centre] in HU."""
    kept: dict[str, object] = {}
    for name, keyword in FACTS.items():
        if values := kept_values(_BY_KEYWORD[keyword], header, keys):
            kept[name] = values[0]
    width, centre = (numbers(-1e5, 1e5)(_values(header.get(tag)), keys) for tag in ("WindowWidth", "WindowCenter"))
    if width and centre and width[0] > 0:  # type: ignore[operator]
        kept["window"] = [width[0], centre[0]]
    return kept


def kept_values(kept: Kept, header: Dataset, keys: Keys) -> list[object]:
    """What stays of one attribute; empty where it is absent or fails its check."""
    values = _values(header.get(kept.keyword))
    return kept.check(values, keys) if values else []


def age_years(header: Dataset) -> int | None:
    """The age in whole years from PatientAge ('067Y'), or from birth and study date; None where neither is given."""
    found = re.fullmatch(r"(\d{3})([DWMY])", str(header.get("PatientAge") or ""))
    if found:
        years = int(found[1]) // {"D": 365, "W": 52, "M": 12, "Y": 1}[found[2]]
        return min(years, OLDEST)
    born, seen = day(header.get("PatientBirthDate")), day(header.get("StudyDate"))
    if born is None or seen is None or seen < born:
        return None
    return min(seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day)), OLDEST)


def _values(value: object) -> list[object]:
    if value is None or value == "":
        return []
    many = isinstance(value, Sequence) and not isinstance(value, str)
    return list(value) if many else [value]  # type: ignore[call-overload]


def _short(value: float) -> int | float:
    """The number as a decimal string of DICOM can hold it: at most 16 characters."""
    if value.is_integer():
        return int(value)
    return value if len(repr(value)) <= 16 else float(format_number_as_ds(value))
