"""The .npz of nnU-Net: probabilities (class, k, j, i), read part by part. Nothing in it is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy

from services.errors import GeometryMismatch, InputRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

KEYS = ("probabilities.npy", "softmax.npy")
"""nnU-Net v2 and v1."""
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
SLAB_VALUES = 2**24
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def channel_slabs(path: Path, shape: tuple[int, ...]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Parts of the array in order: class, first slice, and values (slices, j, i).

    shape: what the array must have, (class, k, j, i). Raises GeometryMismatch for another one, InputRefused where
    the file is damaged or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(key for key in (*KEYS, "") if key in archive.namelist() or not key)
            with archive.open(name) as file:
                yield from _slabs(file, shape)
    except InputRefused:
        raise
    except UNREADABLE as error:
        raise InputRefused(
            "An .npz of nnU-Net must hold its probabilities as plain numbers.",
            "one that is damaged or holds something else.",
            "Run nnUNetv2_predict with --save_probabilities again.",
        ) from error


def _slabs(file: IO[bytes], shape: tuple[int, ...]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    found, fortran, dtype = HEADERS[npy.read_magic(file)](file)
    if dtype.hasobject or dtype.kind != "f" or fortran:
        message = "Only plain floating point numbers in C order are read."
        raise ValueError(message)
    if found != shape:
        raise GeometryMismatch(
            f"Probabilities must have the classes and the shape of their mask, {_times(shape)}.",
            f"{_times(found)}.",
            "Keep the .npz, the mask and dataset.json of one run together.",
        )
    for channel in range(shape[0]):
        for part in parts_of(shape[1:]):
            size = (part.stop - part.start, *shape[2:])
            data = file.read(int(np.prod(size)) * dtype.itemsize)
            yield channel, part.start, np.frombuffer(data, dtype).reshape(size).astype(np.float32)


def parts_of(shape: tuple[int, ...]) -> Iterator[slice]:
    """The slices of a volume (k, j, i), as many at once as memory should hold."""
    slices, rows, columns = shape
    at_once = max(1, SLAB_VALUES // (rows * columns))
    yield from (slice(first, min(first + at_once, slices)) for first in range(0, slices, at_once))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
