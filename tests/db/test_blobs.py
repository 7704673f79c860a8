"""An image comes back as it was stored, and a damaged one is found out."""

from __future__ import annotations

import gzip
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from db.blobs import DOCUMENT_SUFFIX, DTYPES, HEXADECIMAL, BlobDamaged, BlobMissing, BlobStore
from db.moments import now
from tests.strategies import affines, images

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

AFFINE = np.array([[0, 0, 0.7, -100], [0, 0.8, 0, -120], [3.0, 0, 0, 40], [0, 0, 0, 1]])
"""Slices along +z, rows along +y, columns along +x, in LPS."""
IMAGE = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


PLACES = ("local", "memory", "s3")


@pytest.fixture(params=PLACES)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty image store: in a folder, in memory, on a real S3 server."""
    if request.param == "s3":
        return BlobStore(request.getfixturevalue("bucket"))
    return BlobStore(f"memory://{tmp_path.name}" if request.param == "memory" else str(tmp_path / "blobs"))


@pytest.fixture
def local(tmp_path: Path) -> BlobStore:
    return BlobStore(str(tmp_path / "blobs"))


def only_file(blobs: BlobStore, digest: str) -> Path:
    path = blobs.local_path(digest)
    assert path is not None
    return path


@quick
@given(image=images, affine=affines())
def test_what_is_stored_comes_back(blobs: BlobStore, image: NDArray[Any], affine: NDArray[np.float64]) -> None:
    array, place = blobs.get(blobs.put(image, affine).digest)
    np.testing.assert_array_equal(array, image)
    assert array.dtype.name == image.dtype.name
    np.testing.assert_allclose(place, affine, rtol=1e-6, atol=1e-4)


@quick
@given(image=images, affine=affines())
def test_an_image_is_never_changed_by_storing_it(blobs: BlobStore, image: NDArray[Any], affine: Any) -> None:
    before, place, order = image.copy(), affine.copy(), image.dtype.byteorder
    blobs.put(image, affine)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(affine, place)
    assert image.dtype.byteorder == order


@quick
@given(image=images, affine=affines())
def test_what_is_stored_again_after_reading_has_the_same_name(
    blobs: BlobStore, image: NDArray[Any], affine: NDArray[np.float64]
) -> None:
    first = blobs.put(image, affine)
    assert blobs.put(*blobs.get(first.digest)) == first
    assert blobs.verify(first.digest)


@pytest.mark.parametrize("dtype", DTYPES)
def test_byte_order_and_memory_layout_do_not_make_another_image(blobs: BlobStore, dtype: str) -> None:
    plain = IMAGE.astype(dtype)
    variants = [
        plain.astype(np.dtype(dtype).newbyteorder(">")),
        np.asfortranarray(plain),
        np.repeat(plain, 2, 2)[..., ::2],
    ]
    names = {blobs.put(variant, AFFINE).digest for variant in [plain, *variants]}
    assert len(names) == 1
    assert list(blobs.digests()) == list(names)


def test_equal_images_are_stored_once_and_with_the_same_bytes(tmp_path: Path) -> None:
    first, second = (BlobStore(str(tmp_path / name)) for name in "ab")
    digest = first.put(IMAGE, AFFINE).digest
    written = only_file(first, digest).stat()
    assert first.put(IMAGE.copy(), AFFINE.copy()) == second.put(IMAGE, AFFINE)
    assert only_file(first, digest).stat() == written
    assert first.read_bytes(digest) == second.read_bytes(digest)


def test_dtype_shape_place_and_voxels_each_make_another_image(blobs: BlobStore) -> None:
    moved, other = AFFINE.copy(), IMAGE.copy()
    moved[0, 3] += 0.01
    other[1, 2, 3] += 1
    variants = [(IMAGE, AFFINE), (IMAGE.astype("uint16"), AFFINE), (IMAGE.reshape(3, 2, 4), AFFINE)]
    variants += [(IMAGE, moved), (other, AFFINE)]
    assert len({blobs.put(*variant).digest for variant in variants}) == 5


def test_the_name_is_known_before_the_image_is_stored(blobs: BlobStore) -> None:
    assert blobs.digest(IMAGE, AFFINE) not in blobs
    assert blobs.digest(IMAGE, AFFINE) == blobs.put(IMAGE, AFFINE).digest
    assert blobs.digest(IMAGE, AFFINE) in blobs


def test_the_size_told_is_the_size_on_the_disk(local: BlobStore) -> None:
    stored = local.put(IMAGE, AFFINE)
    assert stored.size == only_file(local, stored.digest).stat().st_size == len(local.read_bytes(stored.digest))


def test_another_program_reads_the_same_voxels_at_the_same_place(local: BlobStore) -> None:
    image = nib.load(only_file(local, local.put(IMAGE, AFFINE).digest))
    np.testing.assert_array_equal(np.asarray(image.dataobj), IMAGE.transpose(2, 1, 0))
    expected = [[-0.7, 0, 0, 100], [0, -0.8, 0, 120], [0, 0, 3.0, 40], [0, 0, 0, 1]]
    np.testing.assert_allclose(image.affine, expected, rtol=1e-6)
    assert image.header.get_xyzt_units()[0] == "mm"
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 1)


def test_the_voxels_begin_at_byte_352_in_c_order(blobs: BlobStore) -> None:
    content = gzip.decompress(blobs.read_bytes(blobs.put(IMAGE, AFFINE).digest))
    assert content[352:] == IMAGE.astype("<i2").tobytes()


def damage_middle(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes(255 - byte for byte in content[half : half + 8]) + content[half + 8 :]


def another_voxel(content: bytes) -> bytes:
    plain = bytearray(gzip.decompress(content))
    plain[360] ^= 1
    return gzip.compress(bytes(plain))


def wrong_header(content: bytes) -> bytes:
    plain = bytearray(gzip.decompress(content))
    plain[70:72] = b"\xff\x7f"
    return gzip.compress(bytes(plain))


CHANGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "cut to its header": lambda content: gzip.compress(gzip.decompress(content)[:352]),
    "empty": lambda _: b"",
    "no gzip": lambda _: b"not an image",
    "damaged within the gzip stream": damage_middle,
    "one voxel changed": another_voxel,
    "a data type that does not exist": wrong_header,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_image_is_found_out(blobs: BlobStore, change: str) -> None:
    digest = blobs.put(IMAGE, AFFINE).digest
    blobs.write_bytes(digest, CHANGES[change](blobs.read_bytes(digest)))
    assert not blobs.verify(digest)
    with pytest.raises(BlobDamaged, match=digest):
        blobs.verified(digest)


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "one voxel changed"])
def test_an_unreadable_image_is_said_to_be_damaged(blobs: BlobStore, change: str) -> None:
    digest = blobs.put(IMAGE, AFFINE).digest
    blobs.write_bytes(digest, CHANGES[change](blobs.read_bytes(digest)))
    with pytest.raises(BlobDamaged, match=digest):
        blobs.get(digest)


def test_every_single_damaged_byte_is_found_out_or_does_no_harm(local: BlobStore) -> None:
    digest = local.put(IMAGE, AFFINE).digest
    path = only_file(local, digest)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        if local.verify(digest):
            np.testing.assert_array_equal(local.get(digest)[0], IMAGE)


def test_a_missing_image_is_said_to_be_missing(blobs: BlobStore) -> None:
    asks = [blobs.get, blobs.read_bytes, blobs.verify, blobs.verified, blobs.size, blobs.modified, blobs.suffix]
    for ask in [*asks, *([blobs.local_path] if blobs.is_local else [])]:
        with pytest.raises(BlobMissing):
            ask("0" * 64)


def test_a_file_that_a_crash_left_half_written_is_no_image(local: BlobStore) -> None:
    digest = local.digest(IMAGE, AFFINE)
    local.put(IMAGE, AFFINE)
    path = only_file(local, digest)
    path.rename(path.with_name(f"{path.name}.0123456789ab.part"))
    assert digest not in local
    assert list(local.digests()) == []
    assert local.put(IMAGE, AFFINE).digest == digest
    assert local.verify(digest)


def test_nothing_but_images_is_left_after_storing(local: BlobStore, tmp_path: Path) -> None:
    digest = local.put(IMAGE, AFFINE).digest
    files = [os.path.join(folder, name) for folder, _, names in os.walk(tmp_path) for name in names]
    assert files == [str(only_file(local, digest))]


@pytest.mark.parametrize(
    "image", [IMAGE[0], IMAGE[None], IMAGE.astype(float), IMAGE.astype(bool), IMAGE.astype("int32")]
)
def test_an_image_of_another_kind_is_refused(blobs: BlobStore, image: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match=r"must be 3-D and one of int16, uint8, uint16, float32"):
        blobs.put(image, AFFINE)
    assert list(blobs.digests()) == []


def test_a_store_that_is_not_on_this_disk_gives_the_same_images_and_no_path(local: BlobStore, bucket: str) -> None:
    elsewhere = BlobStore(bucket)
    stored = elsewhere.put(IMAGE, AFFINE)
    assert stored == local.put(IMAGE, AFFINE)
    assert elsewhere.local_path(stored.digest) is None
    np.testing.assert_array_equal(elsewhere.get(stored.digest)[0], IMAGE)


def test_a_document_comes_back_and_is_verified(blobs: BlobStore) -> None:
    stored = blobs.put_document(b'{"headers": []}')
    assert blobs.put_document(b'{"headers": []}') == stored
    assert blobs.get_document(stored.digest) == b'{"headers": []}'
    assert blobs.verified(stored.digest) is None
    blobs.write_bytes(stored.digest, gzip.compress(b"{}"), DOCUMENT_SUFFIX)
    assert not blobs.verify(stored.digest)


def test_an_image_that_is_removed_is_gone_and_removing_it_again_is_no_error(blobs: BlobStore) -> None:
    kept, gone = blobs.put(IMAGE + 1, AFFINE).digest, blobs.put(IMAGE, AFFINE).digest
    blobs.delete(gone)
    blobs.delete(gone)
    assert gone not in blobs
    assert list(blobs.digests()) == [kept]


def test_images_are_listed_by_their_first_letter_too(blobs: BlobStore) -> None:
    stored = {blobs.put(IMAGE + number, AFFINE).digest for number in range(24)}
    parts = [set(blobs.digests(first)) for first in HEXADECIMAL]
    assert set().union(*parts) == set(blobs.digests()) == stored
    assert all(digest[0] == first for first, part in zip(HEXADECIMAL, parts, strict=True) for digest in part)


def test_it_is_known_when_an_image_was_stored(blobs: BlobStore) -> None:
    before = now()
    digest = blobs.put(IMAGE, AFFINE).digest
    assert before - timedelta(seconds=2) <= blobs.modified(digest) <= now() + timedelta(seconds=2)


def test_what_another_process_stores_is_seen_at_once(bucket: str) -> None:
    first, second = BlobStore(bucket), BlobStore(bucket)
    assert list(first.digests()) == []
    digest = second.put(IMAGE, AFFINE).digest
    assert digest in first
    second.delete(digest)
    assert digest not in first
    assert list(first.digests()) == []
