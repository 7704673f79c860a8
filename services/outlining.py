"""The outline of a stored case from one box or one click: followed through its image, then stored as a new prediction.

What was outlined before stays as it is: every outline is a run of its own, 'LiteMedSAM one box' 0.1.1, 0.1.1 run 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from db import job_notes
from db.vocabulary import Outcome
from services import labels, runs
from services.analysing import STORING
from services.making import Making
from services.outline_starts import in_words
from services.outlines import REQUEST, STOPPED, seed_of, start_of
from services.partials import Partial
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from highdicom import Volume
    from numpy.typing import NDArray

    from db.job_records import Job
    from db.records import CasePage, Json, Region
    from db.store import Store
    from services.imaging.progress import Tell
    from services.prepared import PreparedLayer
    from services.running import RunningJob
    from services.segmentation.promptable.card import PromptableCard

    KeepPartial = Callable[[Region, NDArray[np.uint8]], None]

SAID_WITH_LAYERS = ("members", "lumen_and_thrombus")
"""Parameters of the run that a reader of one layer should see, beside its prompt, its seed and where it stopped."""
CLASSES = 2
"""Outside and inside the outer wall: what the doubt is about."""


class Outlined(Protocol):
    """What was followed, on a box of the image's own voxels [k, j, i]."""

    @property
    def region(self) -> Region:
        """The box."""

    @property
    def probability(self) -> NDArray[np.float32]:
        """Of lying inside the outer wall: the mean over members."""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """1 lumen, 2 thrombus."""

    @property
    def predictive_entropy(self) -> NDArray[np.float32]:
        """In nats, as the two that follow."""

    @property
    def expected_entropy(self) -> NDArray[np.float32]:
        """What every member doubts by itself."""

    @property
    def mutual_information(self) -> NDArray[np.float32] | None:
        """What members disagree about; None where there is one alone."""

    @property
    def stops(self) -> Sequence[Mapping[str, Any]]:
        """Where each front ended and why: `direction` and `reason` in words, and `last`, the last slice."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """How it was made, ready for JSON; `model` is name@version, `method` and `version` say how."""


class Follow(Protocol):
    """How a vessel is followed: `following` a model."""

    def __call__(
        self, case: str, volume: Volume, start: Json, *, seed: int, progress: Tell, partial: KeepPartial
    ) -> Outlined:
        """What a start (see `outline_starts.checked`) points at in a case's image, followed both ways."""


def following(store: Store, card: PromptableCard) -> Follow:
    """Follow with a promptable model; embeddings of the case are kept for the next prompt."""
    from services.kept_embeddings import KeptEmbeddings  # noqa: PLC0415 -- only who outlines needs these
    from services.segmentation.promptable.loading import load  # noqa: PLC0415
    from services.segmentation.promptable.outlining import outline as followed  # noqa: PLC0415
    from services.segmentation.promptable.prompts import Box, Click  # noqa: PLC0415
    from services.segmentation.promptable.starting import Start  # noqa: PLC0415

    def follow(case: str, volume: Volume, start: Json, *, seed: int, progress: Tell, partial: KeepPartial) -> Outlined:
        said: dict[str, Any] = dict(start)
        box, click = (said.get(name) for name in ("box", "click"))
        progress("loading the model", 0, 1)
        begin = Start(said["axis"], said["index"], Box(*box) if box else None, Click(*click) if click else None)
        return followed(
            volume.array, volume.affine, load(card), begin,
            embeddings=KeptEmbeddings(store, case), seed=seed, progress=progress, partial=partial,
        )  # fmt: skip

    return follow


def outline(store: Store, job: Job, run: RunningJob, follow: Follow) -> Outcome:
    """Do the outline that a job asks for; UNCHANGED where a process stored it that ended just then.

    Raises NotFound without such a case, InputRefused where its stored images are missing or damaged, nothing can be
    outlined here, or the model sees nothing at the start.
    """

    def is_ours(said: Json) -> bool:
        return said.get(REQUEST) == job.details[REQUEST]

    page = runs.case_of(store, job.case_key)
    if (before := runs.found(store, job.case_key, is_ours)) is not None:
        run.note(**{STOPPED: before.parameters[STOPPED]})
        return Outcome.UNCHANGED
    volume = runs.image_of(store, page)
    partial = Partial(store, run, volume.affine)
    try:
        found = follow(job.case_key, volume, start_of(job), seed=seed_of(job), progress=run.tell, partial=partial)
        run.tell(STORING, 0, 1)
        outcome = runs.keep(store, job.case_key, volume, new_run(volume, page, found, job), is_ours)
        run.note(**{STOPPED: sentences(found.stops)})
        return outcome
    finally:
        job_notes.take_partial_away(store, job.id)


def new_run(volume: Volume, page: CasePage, found: Outlined, job: Job) -> runs.NewRun:
    """What was found, as a run of 'LiteMedSAM one box' that says from which prompt it came and why it ended."""
    start, seed = start_of(job), seed_of(job)
    name, _, version = str(found.parameters["model"]).partition("@")
    author = f"{name} one {'box' if 'box' in start else 'click'}"
    prompt = {"prompt": in_words(start), **start}
    said = {name: found.parameters[name] for name in SAID_WITH_LAYERS if name in found.parameters}
    method, method_version = (str(found.parameters[name]) for name in ("method", "version"))
    shown = {**prompt, **said, STOPPED: sentences(found.stops)}
    source = runs.source_of(page)
    making = Making(volume, found.region, author, version, source, method, method_version, shown, seed)
    parameters = {**found.parameters, **prompt, STOPPED: shown[STOPPED], REQUEST: job.details[REQUEST]}
    return runs.NewRun(author, version, tuple(layers_of(found, making)), parameters, seed, job.actor)


def sentences(stops: Sequence[Mapping[str, Any]]) -> list[str]:
    """'upwards to slice 152: the scan ends', slices counted from 1 as the viewer does; each once."""
    said = (f"{one['direction']} to slice {one['last'] + 1}: {one['reason']}" for one in stops)
    return list(dict.fromkeys(said))


def layers_of(found: Outlined, making: Making) -> Iterator[PreparedLayer]:
    """Mask, probability and doubt of what was followed."""
    yield making.mask(found.mask, labels.DEFAULT)
    yield making.probability(labels.OUTER_WALL, found.probability)
    yield making.doubt(Measure.PREDICTIVE, found.predictive_entropy, CLASSES)
    if found.mutual_information is not None:
        yield making.doubt(Measure.EXPECTED, found.expected_entropy, CLASSES)
        yield making.doubt(Measure.MUTUAL, found.mutual_information, CLASSES)
