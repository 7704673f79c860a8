"""NIfTI images: any orientation is kept as it is, as array [k, j, i] and affine to LPS."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from highdicom import Volume
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from services.errors import InputRefused
from services.imaging.extremes import require_hounsfield
from services.imaging.resampling import straightened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
REVERSED_AXES = np.eye(4)[[2, 1, 0, 3]]
SUFFIXES = (".nii", ".nii.gz")
MOST_VOXELS = 600_000_000
"""As for a DICOM series."""
MOST_TIMES = 1032
"""No gzip stream is longer than this many times its packed size (RFC 1951)."""
LATEST_DATA = 16 * 1024**2
"""Offset of the data; before them lie 352 bytes of header and extensions."""
UNREADABLE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
    struct.error, zlib.error, ImageFileError, HeaderDataError, WrapStructError,
)  # fmt: skip
"""What nibabel raises on a damaged file."""
LABEL = re.compile(r'<Label Key="(\d{1,5})"[^>]*>\s*<!\[CDATA\[(.{1,100}?)\]\]>')
"""One entry of the label table that TotalSegmentator writes; read so, since XML from elsewhere may do harm."""


def is_nifti(path: Path) -> bool:
    """Whether a file is named like a NIfTI file."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """The name without .nii or .nii.gz."""
    return path.name[: -7 if path.name.lower().endswith(".gz") else -4]


def read_array(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Array [k, j, i] and affine (k, j, i) to LPS millimetres. Raises InputRefused."""
    try:
        _require_near_data(path)
        image = nib.Nifti1Image.from_filename(path)
        _require_honest_size(path, image)
        array = np.asanyarray(image.dataobj)
    except UNREADABLE as error:
        raise InputRefused(
            "A NIfTI file must be readable.", "a damaged file, or none.", "Write it again, or remove it."
        ) from error
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise InputRefused("An image must have three axes.", f"{array.ndim} axes.", "Store one volume a file.")
    affine = LPS_TO_RAS @ np.asarray(image.affine, dtype=np.float64) @ REVERSED_AXES
    if not np.isfinite(affine).all():
        raise InputRefused(
            "An image must say where its voxels lie.", "an affine without numbers.", "Write it with its affine."
        )
    return np.ascontiguousarray(array.transpose(2, 1, 0)), affine


def _require_near_data(path: Path) -> None:
    """Raise ValueError where the data begin so late that a reader takes memory for what lies before them."""
    with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
        start = file.read(112)
    order = "<" if start[:4] == struct.pack("<i", 348) else ">"
    (offset,) = struct.unpack(f"{order}f", start[108:112])
    if not offset <= LATEST_DATA:
        message = "The data of a NIfTI file must begin soon after its header."
        raise ValueError(message)


def _require_honest_size(path: Path, image: nib.Nifti1Image) -> None:
    """Raise InputRefused for a size that the file cannot hold, before memory is taken for it; and for no numbers."""
    voxels = math.prod(image.shape)
    wanted = voxels * image.get_data_dtype().itemsize
    held = path.stat().st_size * (MOST_TIMES if _is_packed(path) else 1)
    if not 0 < voxels <= MOST_VOXELS or wanted > held:
        raise InputRefused(
            f"An image must have between 1 and {MOST_VOXELS:,} voxels, all of them in its file.",
            f"{voxels:,} voxels in a file that cannot hold them." if wanted > held else f"{voxels:,} voxels.",
            "Write it again.",
        )
    if image.get_data_dtype().kind not in "iuf":
        raise InputRefused("An image must hold one number a voxel.", "colours or complex numbers.", "Write it again.")


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def has_place(path: Path) -> bool:
    """Whether a file says where its voxels lie: it has an affine, and not the one that writers put there by default."""
    try:
        header = nib.Nifti1Image.from_filename(path).header
        affine = header.get_best_affine()
    except UNREADABLE:
        return False
    default = np.allclose(np.abs(affine[:3, :3]), np.eye(3)) and not affine[:3, 3].any()
    return bool(int(header["sform_code"]) or int(header["qform_code"])) and not default


def label_table(path: Path) -> dict[int, str]:
    """Names of label values that a file carries in its extended header, as TotalSegmentator writes them; else empty."""
    try:
        extensions = nib.Nifti1Image.from_filename(path).header.extensions
        text = " ".join(part.get_content().decode("utf-8", "replace") for part in extensions if part.get_code() == 0)
    except (*UNREADABLE, AttributeError):
        return {}
    return {int(value): name for value, name in LABEL.findall(text)}


def read_ct(path: Path) -> Volume:
    """A CT volume in Hounsfield units, int16. Raises InputRefused."""
    return read_image(path)[0]


def read_image(path: Path) -> tuple[Volume, tuple[str, ...]]:
    """A CT volume in Hounsfield units, int16, and what was mended. Raises InputRefused."""
    array, affine = read_array(path)
    if not np.isfinite(array).all():
        raise InputRefused("A CT must have a finite value in every voxel.", "voxels without.", "Write it again.")
    values = np.clip(np.rint(array), -32768, 32767).astype(np.int16)
    require_hounsfield(values)
    try:
        return Volume(values, affine, "PATIENT"), ()
    except ValueError:
        values, affine, note = straightened(values, affine)
        return Volume(values, affine, "PATIENT"), (note,)
