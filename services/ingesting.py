"""From a path to a report: every case is read, stored or refused, one at a time. Used by `workflow.ingest`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Self

from pydicom import dcmread

from db import queries
from db.records import IntakeItem
from db.vocabulary import Outcome, Taken
from services import intake
from services.errors import InputRefused
from services.fitting import with_fitting_names
from services.imaging import archives
from services.prepared import PreparedCase, Skipped
from services.storing import described, store_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from db.store import Store
    from services.imaging.deidentify import Pseudonymiser
    from services.imaging.progress import Tell
    from services.intake import IntakeOptions


@dataclass(frozen=True)
class IngestReport:
    """What became of everything that was found: accepted, mended or refused."""

    items: tuple[IntakeItem, ...]

    @property
    def cases(self) -> tuple[IntakeItem, ...]:
        """Those that are stored."""
        return tuple(item for item in self.items if item.key)

    @property
    def skipped(self) -> tuple[IntakeItem, ...]:
        """Those that were refused, and why."""
        return tuple(item for item in self.items if item.taken is Taken.REFUSED)


def ingest(
    store: Store,
    identity: Pseudonymiser,
    path: Path,
    options: IntakeOptions,
    tell: Tell,
    work: Path,
    on_item: Callable[[IntakeItem], None],
) -> IngestReport:
    """Read, pseudonymise and store every case under `path`; see workflow.ingest. `on_item` hears each item at once."""
    items = _Told(on_item)
    with ExitStack() as stack:
        folders, refused = _folders(path, options, work, stack)
        items += map(_refused, refused)
        for number, folder in enumerate(folders):
            tell("cases", number, len(folders))
            found = map(partial(_stored_or_refused, store), intake.prepare(folder, identity, options, tell))
            items += map(partial(_in_place, number, len(folders)), chain.from_iterable(found))
        tell("cases", len(folders), len(folders))
    return IngestReport(tuple(items))


def stored_before(store: Store, identity: Pseudonymiser, images: Sequence[Path]) -> IngestReport | None:
    """See workflow.stored_before. By one header a series: for what this program wrote itself, and for nobody else's."""
    tag = "SeriesInstanceUID"
    names = [str(dcmread(image, stop_before_pixels=True, specific_tags=[tag])[tag].value) for image in images]
    with store.read() as session:
        found = [queries.find_series(session, identity.uid(name)) for name in names]
    keys = [one[0] for one in found if one]
    if len(keys) < len(images):
        return None
    return IngestReport(tuple(IntakeItem(Taken.ACCEPTED, "CT, stored before", key, Outcome.UNCHANGED) for key in keys))


class _Told(list[IntakeItem]):
    """The items so far; each is said as soon as it is there."""

    def __init__(self, on_item: Callable[[IntakeItem], None]) -> None:
        super().__init__()
        self._on_item = on_item

    def __iadd__(self, items: Iterable[IntakeItem]) -> Self:  # type: ignore[override,misc]
        for item in items:
            self.append(item)
            self._on_item(item)
        return self


def _in_place(number: int, count: int, item: IntakeItem) -> IntakeItem:
    """Which of several cases a line is about: their folders' names may be patients', so they are counted."""
    return replace(item, what=f"folder {number + 1} of {count}: {item.what}") if count > 1 else item


def _folders(
    path: Path, options: IntakeOptions, work: Path, stack: ExitStack
) -> tuple[list[intake.CaseFolder], list[Skipped]]:
    """Every case at a path and in the archives there, unpacked until `stack` is closed. A bad one stops no other."""
    packed = [path] if archives.is_archive(path) else sorted(filter(archives.is_archive, path.rglob("*")))
    folders: list[intake.CaseFolder] = []
    refused: list[Skipped] = []
    places = {0: path} if path not in packed else {}
    for number, archive in enumerate(packed, start=1):
        try:
            places[number] = stack.enter_context(archives.unpacked(archive, work))
        except InputRefused as refusal:
            refused.append(Skipped.because(_archive(number, packed), refusal))
    for number, place in places.items():
        try:
            folders += intake.discover(place, options)
        except InputRefused as refusal:
            if not packed:
                raise
            if number:
                refused.append(Skipped.because(_archive(number, packed), refusal))
    return folders, refused


def _archive(number: int, packed: list[Path]) -> str:
    return f"archive {number} of {len(packed)}"


def _stored_or_refused(store: Store, found: PreparedCase | Skipped) -> list[IntakeItem]:
    if isinstance(found, Skipped):
        return [_refused(found)]
    fitting, left_out = with_fitting_names(found)
    try:
        stored = store_case(store, fitting)
    except InputRefused as refusal:
        stored = _refused(Skipped.because(described(found), refusal))
    return [stored, *map(_refused, left_out)]


def _refused(skipped: Skipped) -> IntakeItem:
    return IntakeItem(Taken.REFUSED, skipped.what, must=skipped.must, found=skipped.found, todo=skipped.todo)
