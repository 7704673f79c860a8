"""What a segment or region of interest stands for: by the user's names, the shipped ones, or its code in DICOM."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from services.imaging.foreign.naming import other, preset
from services.labels import STRUCTURES

if TYPE_CHECKING:
    from pydicom import Dataset

    from services.imaging.foreign.naming import Naming

SIDES = {"7771000": "left", "24028007": "right", "G-A101": "left", "G-A100": "right"}
"""SNOMED CT and SRT codes of the modifier."""
RETIRED = ("SRT", "SNM3", "99SDM")
LONGEST_MEANING = 64


def structure_of(label: str, code: Dataset | None, number: int, naming: Naming) -> tuple[str, bool]:
    """One of our structures or a term of the standard's dictionary, LEFT_OUT, or 'other structure' with False.

    label: free text, which is looked up and never kept. code: an item of a coded sequence such as
    SegmentedPropertyTypeCodeSequence. The text of the code is not used either, only its value.
    """
    named = naming.structure(label)
    if named is None and code is not None:
        named = _by_code(code, naming)
    return (other(number), False) if named is None else (named, True)


def _by_code(code: Dataset, naming: Naming) -> str | None:
    scheme, value = _current(str(code.get("CodingSchemeDesignator") or ""), str(code.get("CodeValue") or ""))
    structure = naming.over(preset("dicom")).structure(f"{scheme} {value}")
    if structure is None:
        structure = _meanings().get(value) if scheme == "SCT" else None
    if not structure:
        return structure
    modifiers = code.get("SegmentedPropertyTypeModifierCodeSequence") or ()
    side = next((SIDES[str(item.get("CodeValue"))] for item in modifiers if str(item.get("CodeValue")) in SIDES), "")
    sided = f"{structure} {side}".strip()
    return sided if sided in STRUCTURES or structure not in STRUCTURES else structure


def _current(scheme: str, value: str) -> tuple[str, str]:
    """The SNOMED CT code of a retired SRT one; any other as it is."""
    from pydicom.sr._snomed_dict import mapping  # noqa: PLC0415 -- the only list of the retired codes

    return ("SCT", mapping["SRT"].get(value, "")) if scheme in RETIRED else (scheme, value)


@cache
def _meanings() -> dict[str, str]:
    """The shortest meaning that the standard's dictionary (DICOM PS3.16) gives each SNOMED CT code."""
    from pydicom.sr.codedict import codes  # noqa: PLC0415

    meanings: dict[str, str] = {}
    for term in codes.SCT.concepts.values():
        if term.value not in meanings or len(term.meaning) < len(meanings[term.value]):
            meanings[term.value] = term.meaning.lower()[:LONGEST_MEANING]
    return meanings
