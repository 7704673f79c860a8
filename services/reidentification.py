"""The optional map from pseudonyms back to patients: a file of its own, encrypted, never in the store or its home.

One line of JSON says how the key is made, then one line a series: AES-256-GCM with a nonce of its own, base64. Lines
are only added; `forget` writes the file anew. Writers take turns by a lock on a file beside it. A last line without its
end is what a crash left, and the next writer takes it away.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import zlib
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import scrypt
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InputRefused, NotFound, StoreUnsound
from services.imaging.deidentify import Original
from services.settings import write_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from services.settings import Settings

FORMAT, VERSION = "secondlook re-identification map", 1
WORK = {"n": 2**15, "r": 8, "p": 1}
"""scrypt (RFC 7914): a tenth of a second and 32 MiB for every guess at a passphrase."""
SHORTEST_KEY = 20
"""Bytes of a key file; the one that we make has 64."""
NONCE_BYTES = 12


class ReidentificationMap:
    """Originals by pseudonym, in one encrypted file."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the map, or make an empty one. Raises StoreUnsound where it is damaged or has another key."""
        self._path, self._key = path, key
        self._head, self._read_to = b"", 0
        self._known: dict[str, list[Original]] = {}
        with self._locked():
            self._catch_up()

    def add(self, original: Original) -> None:
        """Keep an original, on the disk when this returns. One that is there already changes nothing."""
        with self._locked():
            self._catch_up()
            if original in self._known.get(original.pseudonym, []):
                return
            line = _sealed(self._cipher, self._head, original)
            _append(self._path, line)
            self._read_to += len(line)
            self._known.setdefault(original.pseudonym, []).append(original)

    def find(self, pseudonym: str) -> list[Original]:
        """What is kept of a pseudonym, oldest first; empty where nothing is."""
        with self._locked():
            self._catch_up()
        return list(self._known.get(pseudonym, []))

    def forget(self, pseudonym: str) -> int:
        """Take a patient out: the file is written anew without it. Returns how many series went."""
        with self._locked():
            self._catch_up()
            gone = self._known.pop(pseudonym, [])
            if gone:
                self._rewrite()
        return len(gone)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time. The lock is a file of its own: the map's is replaced when it is written anew."""
        with _refusals():
            descriptor = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _catch_up(self) -> None:
        """Read what others wrote since; everything where the file is another one."""
        with _refusals():
            if not self._path.exists():
                write_once(self._path, _new_head(self._key))
            with self._path.open("rb") as file:
                head = file.readline()
                if head != self._head:
                    self._cipher = _opened(head, self._key)
                    self._head, self._read_to, self._known = head, len(head), {}
                file.seek(self._read_to)
                fresh = file.read()
            whole = fresh[: fresh.rfind(b"\n") + 1]
            if len(whole) < len(fresh):
                os.truncate(self._path, self._read_to + len(whole))
        for line in whole.splitlines(keepends=True):
            original = _unsealed(self._cipher, self._head, line)
            self._known.setdefault(original.pseudonym, []).append(original)
        self._read_to += len(whole)

    def _rewrite(self) -> None:
        head = _new_head(self._key)
        cipher = _opened(head, self._key)
        lines = [_sealed(cipher, head, original) for many in self._known.values() for original in many]
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(6)}.part")
        with _refusals():
            write_once(draft, head + b"".join(lines))
            draft.replace(self._path)
            _sync_folder(self._path.parent)
        self._cipher, self._head, self._read_to = cipher, head, len(head) + sum(map(len, lines))


def open_map(settings: Settings) -> ReidentificationMap | None:
    """The map of this installation; None where SECONDLOOK_REIDENTIFICATION is not set.

    Raises InputRefused where the two settings do not keep map, key and store apart, StoreUnsound as the map does.
    """
    if not settings.reidentification:
        return None
    path = Path(settings.reidentification).expanduser().resolve()
    key_path = Path(settings.reidentification_key).expanduser().resolve() if settings.reidentification_key else None
    home = settings.home.expanduser().resolve()
    if key_path is None or path.is_relative_to(home) or key_path.is_relative_to(home) or path.parent == key_path.parent:
        raise InputRefused(
            "SECONDLOOK_REIDENTIFICATION and SECONDLOOK_REIDENTIFICATION_KEY must name files in two folders, and"
            " neither in SECONDLOOK_HOME: whoever has one must not have the other.",
            "no key file named." if key_path is None else "two of them in one folder.",
            "Name other files, or unset both to keep no map.",
        )
    return ReidentificationMap(path, _key(key_path, may_be_new=not path.exists()))


def forget(settings: Settings, pseudonym: str) -> int:
    """Take a patient out of the map; returns how many series went, 0 where no map is kept."""
    kept = open_map(settings)
    return kept.forget(pseudonym) if kept else 0


def cannot_answer(kept: ReidentificationMap | None) -> InputRefused:
    """Why nothing can be asked: no map, or a name that is no pseudonym. The name is not repeated."""
    if kept is None:
        return InputRefused(
            "Re-identification must have a map, kept from before the cases came in.",
            "no SECONDLOOK_REIDENTIFICATION.",
            "Name the map and its key, or ask who sent the cases.",
        )
    return InputRefused(
        "A patient is named by a pseudonym or the key of a case, such as P7K3QX91MD-1.", "another name.", "Correct it."
    )


def not_known() -> NotFound:
    """The map does not hold a pseudonym."""
    return NotFound(
        "The map must have been kept when the case came in.",
        "nothing of that patient.",
        "NIfTI images name no patient; for others ask who sent the case.",
    )


def _key(path: Path, *, may_be_new: bool) -> bytes:
    """The content of the key file: a passphrase, or what we made. Only a map that is new may get a new key."""
    with _refusals():
        if not path.exists() and may_be_new:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_once(path, secrets.token_hex(32).encode())
        key = path.read_bytes().strip()
        open_to_others = path.stat().st_mode & 0o077
    if len(key) < SHORTEST_KEY or open_to_others:
        raise InputRefused(
            f"The key file of the map must hold {SHORTEST_KEY} characters or more, for its owner alone.",
            "one that others may read." if open_to_others else "a shorter one.",
            "chmod 600 it, or choose a longer passphrase before the map is made.",
        )
    return key


def _new_head(key: bytes) -> bytes:
    """The first line: how the key is made, and a proof that one has it. New salt, new key."""
    salt = secrets.token_bytes(16)
    facts = {"format": FORMAT, "version": VERSION, "salt": base64.b64encode(salt).decode(), **WORK}
    proof = _cipher(key, salt).encrypt(bytes(NONCE_BYTES), FORMAT.encode(), None)
    return json.dumps(facts | {"proof": base64.b64encode(proof).decode()}).encode() + b"\n"


def _opened(head: bytes, key: bytes) -> AESGCM:
    """The cipher of a map with this first line. Raises StoreUnsound."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- only who keeps a map needs it

    try:
        facts = json.loads(head)
        if (facts["format"], facts["version"]) != (FORMAT, VERSION):
            raise _unsound("another file, or one of another version.")
        cipher = _cipher(key, base64.b64decode(facts["salt"]))
        cipher.decrypt(bytes(NONCE_BYTES), base64.b64decode(facts["proof"]), None)
    except InvalidTag as error:
        raise _unsound("one that this key does not open.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _unsound("a damaged first line.") from error
    return cipher


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(scrypt(key, salt=salt, **WORK, maxmem=2**26, dklen=32))


def _sealed(cipher: AESGCM, head: bytes, original: Original) -> bytes:
    """One line of the file. The first line is authenticated with it, so that no line fits into another map."""
    plain = zlib.compress(json.dumps(asdict(original)).encode())
    nonce = secrets.token_bytes(NONCE_BYTES)
    return base64.b64encode(nonce + cipher.encrypt(nonce, plain, head)) + b"\n"


def _unsealed(cipher: AESGCM, head: bytes, line: bytes) -> Original:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415

    try:
        content = base64.b64decode(line, validate=False)
        fields = json.loads(zlib.decompress(cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], head)))
        return Original(**fields | {"instance_uids": tuple(fields["instance_uids"])})
    except (InvalidTag, ValueError, KeyError, TypeError, zlib.error) as error:
        raise _unsound("a damaged line.") from error


def _append(path: Path, line: bytes) -> None:
    with _refusals():
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _refusals() -> Iterator[None]:
    """Says in our own words why a file of the map cannot be used."""
    try:
        yield
    except OSError as error:
        raise _unsound(f"{(error.strerror or 'an error of the file system').lower()}.") from error


def _unsound(found: str) -> StoreUnsound:
    return StoreUnsound(
        "The re-identification map and its key must be files that belong together, whole and writable.",
        found,
        "Put both back from their backups, or unset SECONDLOOK_REIDENTIFICATION to go on without.",
    )
