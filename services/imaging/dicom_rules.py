"""What one CT file must say of itself to be taken: kind, pixels, scale and place. No pixels are read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom._uid_dict import UID_dictionary
from pydicom.multival import MultiValue
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
    MediaStorageDirectoryStorage,
)

from services.errors import InputRefused
from services.imaging.decoding import COMPRESSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom import Dataset

CT = "CT image"
LOCALISER = "localiser"
DIRECTORY = "DICOMDIR"
UNKNOWN = "file of an unknown kind"
NO_KIND = "file without SOP class"
LOCALISERS = {"LOCALIZER", "LOCALISER", "SCOUT", "TOPOGRAM"}
MULTI_FRAME = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
LONGEST_SIDE = 4096
"""No CT matrix is larger; a file that says so is damaged or made to fill the memory."""
SMALLEST_SPACING, LARGEST_SPACING = 0.01, 20.0
"""Between pixels, in mm. A micro-CT is finer and a planning grid coarser than any CT of a person."""
GEOMETRY = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2, "Rows": 1, "Columns": 1}
"""How many numbers each of them must hold."""
HOUNSFIELD = {"", "HU", "HU_MOD", "US"}
"""Rescale types (DICOM PS3.3 C.11.1.1.2) whose values are in Hounsfield units, or not said to be others."""
EXPORT = "Export the original images."


def kind_of(header: Dataset) -> str:
    """What a file is, in words of the standard or ours: never in the file's own."""
    storage = _storage(header)
    if not storage:
        return NO_KIND
    if storage == CTImageStorage or storage in MULTI_FRAME:
        return LOCALISER if LOCALISERS & {word.upper() for word in texts(header, "ImageType")} else CT
    if storage == MediaStorageDirectoryStorage:
        return DIRECTORY
    name, kind = UID_dictionary.get(storage, ("", ""))[:2]
    return f"{name.removesuffix(' Storage')} file" if kind == "SOP Class" else UNKNOWN


def is_multi_frame(header: Dataset) -> bool:
    """Whether a file holds many slices, each with its own functional groups."""
    return _storage(header) in MULTI_FRAME


def require_ct(kind: str, header: Dataset) -> None:
    """Raise InputRefused for everything but CT slices of a series that has a name."""
    if kind == LOCALISER:
        raise InputRefused("An image must be a slice of a volume.", "a localiser.", "Nothing to do.")
    if kind != CT:
        raise InputRefused("An image must be a CT image.", f"{kind}.", "Send the CT series itself.")
    missing = [tag for tag in ("SeriesInstanceUID", "StudyInstanceUID") if not uid(header, tag)]
    if missing:
        found = f"no {', '.join(missing)}."
        raise InputRefused("An image must say which series and study it belongs to.", found, EXPORT)
    frames = header.get("PerFrameFunctionalGroupsSequence") or ()
    if is_multi_frame(header) and (not frames or numbers(header.get("NumberOfFrames")).tolist() != [len(frames)]):
        raise InputRefused(
            "A multi-frame image must say where each frame lies.", "no such groups, or too few or too many.", EXPORT
        )
    if not is_multi_frame(header) and numbers(header.get("NumberOfFrames", 1)).tolist() not in ([1], []):
        raise InputRefused("A CT image must hold one slice.", "another NumberOfFrames than 1.", EXPORT)


def require_known_pixels(header: Dataset) -> None:
    """Raise InputRefused for a transfer syntax or a kind of pixels that no CT has."""
    syntax = UID(uid(getattr(header, "file_meta", {}), "TransferSyntaxUID"))
    if syntax not in PLAIN and syntax not in COMPRESSED:
        name, kind = UID_dictionary.get(syntax, ("", ""))[:2]
        found = f"{name}." if kind == "Transfer Syntax" else "an unknown one." if syntax else "no transfer syntax."
        todo = "Export it uncompressed, or as JPEG lossless, JPEG-LS, JPEG 2000 or RLE."
        raise InputRefused("The pixels must be stored in a way that can be read.", found, todo)
    bits, samples = (_whole(header, tag) for tag in ("BitsAllocated", "SamplesPerPixel"))
    if bits not in (8, 16) or samples != 1 or (bits == 8 and syntax in PLAIN):
        raise InputRefused(
            "A CT image must have one 16-bit value a pixel.",
            f"BitsAllocated {_said(bits)}, SamplesPerPixel {_said(samples)}.",
            "Export the original images, not screenshots.",
        )
    if not {"MONOCHROME1", "MONOCHROME2"} & set(texts(header, "PhotometricInterpretation")):
        raise InputRefused(
            "A CT image must be grey (PhotometricInterpretation MONOCHROME1 or 2).",
            "another or none.",
            "Export the original images, not screenshots.",
        )
    _require_bits(header, bits)


def _require_bits(header: Dataset, allocated: int) -> None:
    stored, high, sign = (_whole(header, tag) for tag in ("BitsStored", "HighBit", "PixelRepresentation"))
    if stored is None or sign not in (0, 1):
        found = f"BitsStored {_said(stored)}, PixelRepresentation {_said(sign)}."
        raise InputRefused("An image must say how its values are stored, signed (1) or not (0).", found, EXPORT)
    if not 0 < stored <= allocated or high not in (None, stored - 1):
        raise InputRefused(
            "BitsAllocated, BitsStored and HighBit must agree.", f"{allocated}, {stored} and {_said(high)}.", EXPORT
        )


def require_nothing_burned_in(header: Dataset, *, allowed: bool) -> None:
    """Raise InputRefused where text is burned into the pixels and nobody has looked at them."""
    if "YES" in {word.upper() for word in texts(header, "BurnedInAnnotation")} and not allowed:
        raise InputRefused(
            "An image must not have text burned into its pixels: it may name the patient.",
            "BurnedInAnnotation YES.",
            "Export it without annotations; or look at it, and say --allow-burned-in.",
        )


def require_place(header: Dataset) -> None:
    """Raise InputRefused unless position, orientation, spacing and size are there and are numbers that can be."""
    missing = [tag for tag in GEOMETRY if header.get(tag) in (None, "", [])]
    if missing:
        found = f"no {', '.join(missing)}."
        raise InputRefused("An image must say where it lies in the patient.", found, EXPORT)
    wrong = [tag for tag, count in GEOMETRY.items() if not _holds_numbers(header, tag, count)]
    if wrong:
        raise InputRefused(
            "Position, orientation, spacing and size of an image must be numbers.",
            f"none that can be in {', '.join(wrong)}.",
            EXPORT,
        )


def require_scale(header: Dataset) -> None:
    """Raise InputRefused unless stored values can become Hounsfield units.

    Without rescale they may already be HU, but only where they are signed: air is -1000.
    """
    slope, intercept = (numbers(header.get(tag)) for tag in ("RescaleSlope", "RescaleIntercept"))
    given = [values for values in (slope, intercept) if values.size]
    if any(values.shape != (1,) or not np.isfinite(values).all() for values in given) or slope.tolist() == [0]:
        raise InputRefused(
            "RescaleSlope and RescaleIntercept must be numbers, the slope not 0.", "one that is none, or 0.", EXPORT
        )
    if len(given) < 2 and not (not given and header.PixelRepresentation == 1):
        raise InputRefused(
            "A CT image must say how its values become Hounsfield units.",
            "no RescaleSlope and RescaleIntercept.",
            EXPORT,
        )
    if "ModalityLUTSequence" in header or not set(texts(header, "RescaleType") or [""]) <= HOUNSFIELD:
        raise InputRefused(
            "The values of a CT image must be Hounsfield units.",
            "another RescaleType, or a table.",
            "Send the reconstruction in Hounsfield units.",
        )


def uid(header: Dataset | Mapping[str, object], tag: str) -> str:
    """A UID as text without padding; '' where there is none."""
    found = texts(header, tag)
    return found[0] if found else ""


def texts(header: Dataset | Mapping[str, object], tag: str) -> tuple[str, ...]:
    """The values of an element as texts, whatever it holds; () where it is empty."""
    value = header.get(tag)
    many = value if isinstance(value, (MultiValue, list, tuple)) else (value,)
    return tuple(text for one in many if one is not None and (text := str(one).strip(" \0")))


def numbers(value: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:  # noqa: ANN401 -- what a DICOM element may hold
    """The numbers of an element, an array of one axis; empty where it holds none."""
    if value is None or value == "":
        return np.empty(0)
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (ValueError, TypeError):
        return np.full(1, np.nan)


def _storage(header: Dataset) -> str:
    """The SOP class; a header without it may say it in its file meta information."""
    return uid(header, "SOPClassUID") or uid(getattr(header, "file_meta", {}), "MediaStorageSOPClassUID")


def _whole(header: Dataset, tag: str) -> int | None:
    found = numbers(header.get(tag))
    return int(found[0]) if found.shape == (1,) and float(found[0]).is_integer() else None


def _said(number: int | None) -> str:
    return "no" if number is None else str(number)


def _holds_numbers(header: Dataset, tag: str, count: int) -> bool:
    """Whether an element holds `count` finite numbers: positive where they are sizes, directions where they point."""
    values = numbers(header[tag].value)
    if values.shape != (count,) or not np.isfinite(values).all():
        return False
    if tag == "ImageOrientationPatient":
        along_row, along_column = values[:3], values[3:]
        lengths = np.linalg.norm([along_row, along_column], axis=1)
        return bool(np.abs(lengths - 1).max() < 0.01 and abs(along_row @ along_column) < 0.01)
    if tag == "ImagePositionPatient":
        return bool(np.abs(values).max() < 1e5)
    if tag == "PixelSpacing":
        return bool(values.min() >= SMALLEST_SPACING and values.max() <= LARGEST_SPACING)
    return bool(values.min() > 0 and values.max() <= LONGEST_SIDE)
