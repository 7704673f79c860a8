"""Real and valid files with bytes changed at random: taken or refused, no crash, no hang, no memory, no name repeated.

`pytest tests/services/test_fuzz.py --hypothesis-profile=long --hypothesis-seed=1` draws thousands of other examples.
"""

from __future__ import annotations

import gzip
import os
import signal
import struct
import tarfile
import time
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from services.imaging.dicom_file import TAGS
from services.phantom.dicom_writer import SeriesFacts, write_series
from tests.conftest import real_data
from tests.services.compression import jpeg_lossless
from tests.services.fuzz_worker import Worker
from tests.services.multi_frame import as_multi_frame
from tests.small_case import write_small_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.fuzz_worker import Reader

AFFINE = np.diag([2.5, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]
SYNTAXES = {
    "rle": RLELossless,
    "jpeg-ls": JPEGLSLossless,
    "jpeg 2000": JPEG2000Lossless,
    "deflated": DeflatedExplicitVRLittleEndian,
}
REAL = {
    "real": ("ct_seg_sr_dicom", "ct-3slice", "02.dcm"),
    "seg": ("seg_fractional_dicom", "seg_image_ct_binary.dcm"),
    "sr": ("ct_seg_sr_dicom", "sr", "sr.dcm"),
}
NAMES = {"nii": "changed.nii", "nii.gz": "changed.nii.gz", "zip": "changed.zip", "tgz": "changed.tgz"}
"""What a file of a kind is called; all others are 'changed.dcm'."""
KINDS = ("plain", *SYNTAXES, "jpeg lossless", "multi-frame", *REAL, *NAMES)
FRAME_MARKS = [b"\xfe\xff\x00\xe0", b"\xff\xf7", b"\xff\x51", b"\xff\xc3"]
"""Where an item of encapsulated pixels begins, and where JPEG-LS, JPEG 2000 and JPEG lossless say their size."""
LONG = settings.get_current_profile_name() == "long"
"""Thousands of examples that no earlier run has seen; otherwise a few, the same in every run."""
often = settings(
    max_examples=settings().max_examples if LONG else 40,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
odd = st.sampled_from(
    [b"\xff\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\0\x80", b"SQ", b"UN", b"OW"]
)
pieces = st.binary(min_size=1, max_size=8) | odd
changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), pieces, st.sampled_from("wwwid")), max_size=12)


class Files(dict[str, bytes]):
    """Valid files by kind; a failing example shows what was changed in them, not them."""

    def __repr__(self) -> str:
        return "valid files"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = Worker(tmp_path_factory.mktemp("changed"))
    yield worker
    worker.end()


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """One file of each kind, the same bytes in every run."""
    folder = tmp_path_factory.mktemp("valid")
    values = np.random.default_rng(0).integers(-900, 900, (4, 40, 48)).astype(np.int16)
    paths = write_series(folder / "ct", values, AFFINE, SeriesFacts("Meier"))
    found = Files({kind: real_data(*parts).read_bytes() for kind, parts in REAL.items()})
    found["plain"] = paths[0].read_bytes()
    found.update({kind: compressed(paths[1], kind) for kind in SYNTAXES})
    found["jpeg lossless"] = jpeg_lossless(paths[2], folder / "jpeg.dcm")
    found["multi-frame"] = as_multi_frame(paths, folder / "multi.dcm").read_bytes()
    found["nii.gz"] = (write_small_case(folder / "case") / "ct.nii.gz").read_bytes()
    found["nii"] = gzip.decompress(found["nii.gz"])
    found["zip"], found["tgz"] = packed(paths, folder)
    return found


def compressed(path: Path, kind: str) -> bytes:
    image = dcmread(path)
    if kind == "deflated":
        image.file_meta.TransferSyntaxUID = SYNTAXES[kind]
    else:
        image.compress(SYNTAXES[kind], generate_instance_uid=False)
    image.save_as(path.with_name(kind))
    return path.with_name(kind).read_bytes()


def packed(paths: list[Path], folder: Path) -> tuple[bytes, bytes]:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for path in paths:
            opened.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    with tarfile.open(folder / "a.tar", "w") as tar:
        for path in paths:
            tar.addfile(tarfile.TarInfo(path.name))
    return (folder / "a.zip").read_bytes(), gzip.compress((folder / "a.tar").read_bytes(), mtime=0)


def changed(content: bytes, where: list[tuple[float, bytes, str]], within: float) -> bytes:
    """The content with bytes written over, put in or taken out at places within its first part."""
    spoilt = bytearray(content)
    for share, piece, how in where:
        at = int(share * within * len(spoilt))
        spoilt[at : at + (0 if how == "i" else len(piece))] = b"" if how == "d" else piece
    return bytes(spoilt)


@pytest.mark.real
@pytest.mark.parametrize("kind", KINDS)
@often
@given(where=changes, within=st.sampled_from([0.01, 0.05, 0.2, 1.0]), cut=st.floats(0.05, 1))
def test_a_changed_file_is_taken_or_refused(
    worker: Worker, valid: Files, kind: str, where: list[tuple[float, bytes, str]], within: float, cut: float
) -> None:
    spoilt = changed(valid[kind], where, within)
    said = worker.read(NAMES.get(kind, "changed.dcm"), spoilt[: int(cut * len(spoilt))] if cut < 0.3 else spoilt)
    assert "Meier" not in said


def anchors(content: bytes) -> list[int]:
    """Where elements that a reader looks at, and encoded frames, begin."""
    tags = [tag_for_keyword(keyword) or 0 for keyword in TAGS]
    marks = [struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags] + FRAME_MARKS
    return sorted({at for mark in marks for at in places(content[:20_000], mark)})


def places(content: bytes, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


@pytest.mark.real
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NAMES and kind != "deflated"])
@often
@given(where=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 24), pieces), min_size=1, max_size=6))
def test_a_file_with_changed_elements_is_taken_or_refused(
    worker: Worker, valid: Files, kind: str, where: list[tuple[float, int, bytes]]
) -> None:
    """Tags, types, lengths and values of the elements that matter, and the headers of encoded frames."""
    spoilt, begin = bytearray(valid[kind]), anchors(valid[kind])
    for share, further, piece in where:
        at = begin[int(share * len(begin))] + further
        spoilt[at : at + len(piece)] = piece
    assert "Meier" not in worker.read("changed.dcm", bytes(spoilt))


@pytest.mark.real
@often
@given(where=changes)
def test_a_deflated_file_may_be_changed_before_it_is_deflated(
    worker: Worker, valid: Files, where: list[tuple[float, bytes, str]]
) -> None:
    at = 144 + struct.unpack("<I", valid["deflated"][140:144])[0]
    inside = changed(zlib.decompress(valid["deflated"][at:], -zlib.MAX_WBITS), where, 0.5)
    press = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    assert "Meier" not in worker.read("changed.dcm", valid["deflated"][:at] + press.compress(inside) + press.flush())


def ends(_: Path, __: Path) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def hangs(_: Path, __: Path) -> str:
    time.sleep(60)
    return ""


def swells(_: Path, __: Path) -> str:
    return str(len(b"\1" * (3 * 1024**3)))


def raises(_: Path, __: Path) -> str:
    raise KeyError("unexpected")


@pytest.mark.parametrize(
    ("reader", "found"), [(ends, "ended with -11"), (hangs, "no answer"), (swells, "2 GB"), (raises, "KeyError")]
)
def test_what_the_fuzzer_looks_for_is_found(tmp_path: Path, reader: Reader, found: str) -> None:
    worker = Worker(tmp_path, reader, longest_seconds=1 if reader is hangs else 60)
    with pytest.raises(AssertionError, match=found):
        worker.read("a.dcm", b"")
    worker.end()
