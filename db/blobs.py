"""Immutable images (.nii.gz) and documents (.json.gz) named by their content, in one place (see places)."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from db import packing
from db.places import DRAFT_SUFFIX, Place
from db.records import BlobRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

HEADER_BYTES = 352
"""NIfTI-1 header and the four bytes that say there is no extension; the voxels follow."""
DTYPES = ("int16", "uint8", "uint16", "float32")
SUFFIX, DOCUMENT_SUFFIX = ".nii.gz", ".json.gz"
HEXADECIMAL = "0123456789abcdef"
UNREADABLE = (*packing.UNREADABLE, ValueError, HeaderDataError, WrapStructError)
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
REVERSED_AXES = np.eye(4)[[2, 1, 0, 3]]
"""Turns an affine over (k, j, i) into one over (i, j, k), and back."""


class BlobMissing(KeyError):
    """No image of that name is stored."""


class BlobDamaged(ValueError):
    """A stored image does not have the content that its name says."""


class BlobStore:
    """Images by content. `url`: a folder or any fsspec URL."""

    def __init__(self, url: str) -> None:
        """Open the store; a local folder is made when it is missing. Raises PlaceUnreachable."""
        self._fs = Place(url)

    @property
    def is_local(self) -> bool:
        """Whether the images lie on a local disk."""
        return self._fs.is_local

    @property
    def root(self) -> str:
        """The folder or bucket that holds the images."""
        return self._fs.root

    def digest(self, array: NDArray[Any], affine: NDArray[np.float64]) -> str:
        """SHA-256 of dtype, shape, affine and voxels: the name under which `put` stores this image.

        The affine counts as NIfTI keeps it, in 32-bit floats: below a thousandth of a millimetre nothing differs.
        """
        return _digest(_canonical(array), _sform(affine))

    def put(self, array: NDArray[Any], affine: NDArray[np.float64]) -> BlobRef:
        """Store an image [k, j, i] with its affine (k, j, i) to LPS millimetres; an equal one is stored once.

        Raises ValueError unless the array is 3-D and int16, uint8, uint16 or float32.
        """
        voxels, sform = _canonical(array), _sform(affine)
        digest = _digest(voxels, sform)
        path = self._path(digest)
        return BlobRef(digest, self._bytes_stored(path, (_header(voxels, sform), _bytes_of(voxels))))

    def renew(self, array: NDArray[Any], affine: NDArray[np.float64]) -> BlobRef:
        """As `put`, and written anew where something of that name is stored already, for it may be damaged."""
        voxels, sform = _canonical(array), _sform(affine)
        digest = _digest(voxels, sform)
        parts = (_header(voxels, sform), _bytes_of(voxels))
        return BlobRef(digest, self._fs.write(self._path(digest), partial(packing.pack, parts)))

    def get(self, digest: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """The array [k, j, i] and its affine to LPS. Raises BlobMissing or BlobDamaged."""
        try:
            content = packing.unpack(self.read_bytes(digest))
            image = nib.Nifti1Image.from_bytes(content)
            array = np.asarray(image.dataobj).transpose(2, 1, 0)
        except UNREADABLE as error:
            raise BlobDamaged(digest) from error
        return np.ascontiguousarray(array), LPS_TO_RAS @ np.asarray(image.affine, dtype=np.float64) @ REVERSED_AXES

    def put_document(self, content: bytes) -> BlobRef:
        """Store bytes that are no image, such as the headers of a series; equal ones are stored once."""
        digest = _document_digest(content)
        path = self._path(digest, DOCUMENT_SUFFIX)
        return BlobRef(digest, self._bytes_stored(path, (content,)))

    def get_document(self, digest: str) -> bytes:
        """The bytes of a document. Raises BlobMissing or BlobDamaged."""
        try:
            return packing.unpack(self.read_bytes(digest, DOCUMENT_SUFFIX))
        except UNREADABLE as error:
            raise BlobDamaged(digest) from error

    def verify(self, digest: str) -> bool:
        """Whether what is stored still has the content that its name says. Raises BlobMissing."""
        try:
            self.verified(digest)
        except BlobDamaged:
            return False
        return True

    def verified(self, digest: str) -> NDArray[Any] | None:
        """The voxels [k, j, i] of an image, None for a document. Raises BlobMissing or BlobDamaged."""
        if self.suffix(digest) == DOCUMENT_SUFFIX:
            array, found = None, _document_digest(self.get_document(digest))
        else:
            array, affine = self.get(digest)
            found = _digest(_canonical(array), _sform(affine))
        if found != digest:
            raise BlobDamaged(digest)
        return array

    def suffix(self, digest: str) -> str:
        """SUFFIX for an image or DOCUMENT_SUFFIX for a document. Raises BlobMissing."""
        for suffix in (SUFFIX, DOCUMENT_SUFFIX):
            if self._fs.exists(self._path(digest, suffix)):
                return suffix
        raise BlobMissing(digest)

    def size(self, digest: str) -> int:
        """Bytes that an image or document takes. Raises BlobMissing."""
        try:
            return self._fs.size(self._path(digest, self.suffix(digest)))
        except FileNotFoundError as error:
            raise BlobMissing(digest) from error

    def modified(self, digest: str) -> datetime:
        """When it was stored. Raises BlobMissing."""
        try:
            return self._fs.modified(self._path(digest, self.suffix(digest)))
        except FileNotFoundError as error:
            raise BlobMissing(digest) from error

    def read_bytes(self, digest: str, suffix: str = SUFFIX) -> bytes:
        """The stored gzip bytes. Raises BlobMissing."""
        try:
            return self._fs.read(self._path(digest, suffix))
        except FileNotFoundError as error:
            raise BlobMissing(digest) from error

    def write_bytes(self, digest: str, content: bytes, suffix: str = SUFFIX) -> None:
        """Store the gzip bytes of another store's image or document under the same name."""
        self._fs.write(self._path(digest, suffix), lambda file: file.write(content))

    def local_path(self, digest: str) -> Path | None:
        """Where the image lies on the local disk, or None where the store is elsewhere. Raises BlobMissing."""
        if not self.is_local:
            return None
        path = Path(self._path(digest))
        if not path.exists():
            raise BlobMissing(digest)
        return path

    def digests(self, first: str = "") -> Iterator[str]:
        """The names of all images and documents stored, or of those that begin with one hexadecimal digit."""
        for path in self._fs.files(first):
            name = path.rsplit("/", 1)[-1]
            if name.endswith((SUFFIX, DOCUMENT_SUFFIX)):
                yield name.partition(".")[0]

    def drafts(self, before: datetime) -> list[str]:
        """The paths of files that were begun before a moment and never finished."""
        drafts = [path for path in self._fs.files() if path.endswith(DRAFT_SUFFIX)]
        return [path for path in drafts if self._age(path, before) < before]

    def delete_draft(self, path: str) -> None:
        """Remove what `drafts` found."""
        self._fs.delete(path)

    def delete(self, digest: str) -> None:
        """Remove an image or document; one that is not there is no error. Only db.upkeep may say which."""
        for suffix in (SUFFIX, DOCUMENT_SUFFIX):
            self._fs.delete(self._path(digest, suffix))

    def __contains__(self, digest: str) -> bool:
        """Whether an image or document of that name is stored."""
        return any(self._fs.exists(self._path(digest, suffix)) for suffix in (SUFFIX, DOCUMENT_SUFFIX))

    def _path(self, digest: str, suffix: str = SUFFIX) -> str:
        return self._fs.path(digest[:2], f"{digest}{suffix}")

    def _bytes_stored(self, path: str, parts: Sequence[bytes | memoryview]) -> int:
        """Pack the parts into the file at `path`, whole or not at all, unless it is there; returns its size.

        A file that nobody names yet may be collected at any moment, so its size is asked for once, or known.
        """
        try:
            return self._fs.size(path)
        except FileNotFoundError:
            return self._fs.write(path, partial(packing.pack, parts))

    def _age(self, path: str, otherwise: datetime) -> datetime:
        try:
            return self._fs.modified(path)
        except FileNotFoundError:
            return otherwise


def _canonical(array: NDArray[Any]) -> NDArray[Any]:
    """The same voxels, little-endian and contiguous; the input is never written to."""
    if array.ndim != 3 or array.dtype.name not in DTYPES:
        message = f"A stored image must be 3-D and one of {', '.join(DTYPES)}, got {array.ndim}-D {array.dtype.name}."
        raise ValueError(message)
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def _sform(affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """The affine as NIfTI keeps it: (i, j, k) to RAS millimetres, 32-bit, without negative zeros."""
    ras = LPS_TO_RAS @ np.asarray(affine, dtype=np.float64) @ REVERSED_AXES
    return ras.astype(np.float32) + np.float32(0)


def _document_digest(content: bytes) -> str:
    return hashlib.sha256(b"document\0" + content).hexdigest()


def _digest(voxels: NDArray[Any], sform: NDArray[np.float32]) -> str:
    digest = hashlib.sha256(f"{voxels.dtype.name} {voxels.shape}".encode())
    digest.update(np.ascontiguousarray(sform, dtype="<f4").tobytes())
    digest.update(_bytes_of(voxels))
    return digest.hexdigest()


def _bytes_of(voxels: NDArray[Any]) -> memoryview:
    """The bytes of a contiguous array, without a copy."""
    return voxels.reshape(-1).view(np.uint8).data


def _header(voxels: NDArray[Any], sform: NDArray[np.float32]) -> bytes:
    """NIfTI-1 header of exactly HEADER_BYTES bytes; dim is (i, j, k), so the voxels follow in C order of [k, j, i]."""
    header = nib.Nifti1Header(endianness="<")
    header.set_data_dtype(voxels.dtype)
    header.set_data_shape(voxels.shape[::-1])
    header.set_qform(sform, code="scanner", strip_shears=True)
    header.set_sform(sform, code="scanner")
    header.set_xyzt_units("mm")
    header["vox_offset"] = HEADER_BYTES
    header["magic"] = b"n+1"
    return bytes(header.binaryblock) + b"\0" * (HEADER_BYTES - len(header.binaryblock))
