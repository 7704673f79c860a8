"""One DICOM file parsed once: its header, every element converted, and where its uncompressed pixels begin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import read_partial
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from services.imaging.part10 import UNREADABLE, begin, name_syntax

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from pydicom.tag import BaseTag
    from pydicom.uid import UID

AS_IT_LIES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
"""Syntaxes whose pixels lie in the file as they are in memory."""
PIXELS = Tag("PixelData")
LAST = frozenset({PIXELS, Tag("FloatPixelData"), Tag("DoubleFloatPixelData")})
CHARACTERS, SIGNED = Tag("SpecificCharacterSet"), Tag("PixelRepresentation")
UNDEFINED = 0xFFFFFFFF
AT_HAND = "_at_hand"


@dataclass(frozen=True)
class PixelPlace:
    """Where the uncompressed pixels of a file lie."""

    offset: int
    """In bytes from the beginning of the file."""
    length: int
    """In bytes: as many as the header says, or as the file still holds where it was cut off."""
    is_little_endian: bool


@dataclass(frozen=True)
class Plane:
    """One slice: the file and frame that hold its pixels, and a header that says where it lies."""

    path: Path
    frame: int | None
    """The frame's number in a multi-frame file, from 0; None in a single-frame file."""
    header: Dataset
    """Flat, as of a single-frame image: what a multi-frame file says in its functional groups stands here too.

    A frame's number as DICOM references count it, from 1, is its ReferencedFrameNumber.
    """
    pixels: PixelPlace | None = None
    """Where the file's pixels lie, all frames; None where they must be decoded."""


class Header(Dataset):
    """A data set that is only read, with its elements at hand by keyword; they are shared with other headers.

    Whether a series can be taken is asked of every slice in dozens of looks; pydicom's way from a keyword to an element
    would take longer than all other reading.
    """

    def __init__(self, elements: dict[BaseTag, DataElement | RawDataElement], keywords: Mapping[BaseTag, str]) -> None:
        """`elements` that are still raw are looked up by pydicom, which says what is wrong with them."""
        super().__init__(elements)
        whole = ((tag, element) for tag, element in elements.items() if isinstance(element, DataElement))
        self.__dict__[AT_HAND] = {keywords[tag]: element for tag, element in whole if tag in keywords}

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 -- as pydicom has it
        """The value of an element by its keyword, or what pydicom finds by another key."""
        element = self.__dict__[AT_HAND].get(key)
        return super().get(key, default) if element is None else element.value

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 -- as pydicom has it
        element = self.__dict__[AT_HAND].get(key) if isinstance(key, str) else None
        return super().__getitem__(key) if element is None else element

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- as pydicom has it
        element = self.__dict__.get(AT_HAND, {}).get(name)
        return super().__getattr__(name) if element is None else element.value

    def __setitem__(self, key: Any, elem: DataElement | RawDataElement) -> None:  # noqa: ANN401 -- as pydicom has it
        self._refuse_for_shared(getattr(elem, "keyword", ""))
        super().__setitem__(key, elem)

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse_for_shared(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse_for_shared(name)
        super().__delattr__(name)

    def _refuse_for_shared(self, keyword: str) -> None:
        if keyword in self.__dict__.get(AT_HAND, {}):
            message = "A header that was read must not be changed: copy it with Dataset(), and add elements of its own."
            raise TypeError(message)


@dataclass(frozen=True)
class Parsed:
    """What a file says, without its pixels."""

    header: Header
    pixels: PixelPlace | None
    """None where the pixels must be decoded or are not there."""
    damage: Exception | None
    """Why an element could not be converted, if one could not; the header holds that one as it was read."""
    bare: bool = False
    """Without preamble and DICM mark (DICOM PS3.10)."""


class HeaderReader:
    """Reads the headers of many files.

    Slices of one series differ in a handful of elements, so equal elements are converted once, and the headers share
    them. All are converted here, since pydicom converts at the first look and a
    damaged element must not be met later.
    """

    def __init__(self, keywords: Iterable[str], *, dispensable: Iterable[str] = ()) -> None:
        """`keywords`: the elements to read; every other one is passed over.

        `dispensable`: those that are left out where they are damaged, because nothing needs them.
        """
        self._dispensable = frozenset(Tag(keyword) for keyword in dispensable)
        self._keywords = {Tag(keyword): keyword for keyword in keywords}
        self._tags: list[BaseTag | int] = list(self._keywords)
        self._known: dict[Hashable, DataElement] = {}

    def read(self, path: Path) -> Parsed:
        """A file's header, and where its pixels lie. Raises what pydicom raises on a file that is no DICOM."""
        with path.open("rb") as file:
            bare = begin(file)
            end = _End(file)
            parsed = read_partial(file, end, force=bare, specific_tags=self._tags)
            name_syntax(parsed, bare=bare)
            pixels = end.place(parsed.file_meta.get("TransferSyntaxUID"))
        elements, damage = self._converted(parsed)
        header = Header(elements, self._keywords)
        header.file_meta = parsed.file_meta
        return Parsed(header, pixels, damage, bare)

    def _converted(self, parsed: Dataset) -> tuple[dict[BaseTag, DataElement | RawDataElement], Exception | None]:
        """The elements of a header by tag; converting depends on character set, signedness and byte order too."""
        elements = dict(parsed.items())
        around = [elements[tag].value if tag in elements else None for tag in (CHARACTERS, SIGNED)]
        context = (*map(str, around), *parsed.original_encoding)
        damage: Exception | None = None
        for tag, element in list(elements.items()):
            try:
                elements[tag] = self._element(parsed, tag, element, context)
            except UNREADABLE as error:
                if tag in self._dispensable:
                    del elements[tag]
                else:
                    damage = damage or error
        return elements, damage

    def _element(
        self, parsed: Dataset, tag: BaseTag, raw: RawDataElement | DataElement, context: tuple[Hashable, ...]
    ) -> DataElement:
        key = (int(tag), raw.VR, raw.value, context) if isinstance(raw, RawDataElement) else None
        element = self._known.get(key)
        if element is None:
            element = parsed[tag]
            if element.VR == "SQ":
                _convert_items(element)
            elif key is not None:
                self._known[key] = element
        return element


class _End:
    """Tells pydicom to stop at the pixels, and keeps where that was."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.offset = 0
        self.length: int | None = None

    def __call__(self, tag: BaseTag, _: str | None, length: int) -> bool:
        if tag not in LAST:
            return False
        if tag == PIXELS:
            self.offset, self.length = self._file.tell(), length
        return True

    def place(self, syntax: UID | None) -> PixelPlace | None:
        """Where the pixels lie, if they can be read from there."""
        if syntax not in AS_IT_LIES or self.length in {None, 0, UNDEFINED}:
            return None
        held = os.fstat(self._file.fileno()).st_size - self.offset
        return PixelPlace(self.offset, min(self.length or 0, held), syntax.is_little_endian)


def _convert_items(sequence: DataElement) -> None:
    for item in sequence.value:
        for _ in item.iterall():
            pass
