"""The outline of a stored case from one box or one click: followed through its image, then stored as a new prediction.

What was outlined before stays as it is: every outline is a run of its own, 'LiteMedSAM one box 0.1.1 run 2'.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from db import job_notes
from db.vocabulary import LayerKind
from services import labels, runs
from services.analysing import STORING
from services.imaging.entropy import EXPECTED, MUTUAL, PREDICTIVE
from services.making import Making
from services.outline_starts import in_words
from services.outlines import REQUEST, START, STOPPED, seed_of
from services.partials import SECONDS, Partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from highdicom import Volume
    from numpy.typing import NDArray

    from db.job_records import Job
    from db.records import CasePage, Json, Region
    from db.store import Store
    from db.vocabulary import Outcome
    from services.imaging.progress import Tell
    from services.prepared import PreparedLayer
    from services.running import RunningJob

    KeepPartial = Callable[[NDArray[np.uint8], Region], None]

METHOD, VERSION = "one prompt, followed", "1"
"""Our own; see docs/methods.md. The version changes with everything that changes a stored value."""
OF_A_LAYER = ("model", "prompt", "seed", "members", "stopped")
"""Parameters of the run that a reader of one layer should see."""
CLASSES = 2
"""Background and what lies inside the outer wall: the doubt is about these two."""


class Outlined(Protocol):
    """What was followed, on a box of the image's own voxels."""

    region: Region
    probability: NDArray[np.float32]
    """(k, j, i), of the outer wall: the mean over members."""
    mask: NDArray[np.uint8]
    """(k, j, i): 1 lumen, 2 thrombus."""
    predictive_entropy: NDArray[np.float32]
    expected_entropy: NDArray[np.float32]
    mutual_information: NDArray[np.float32] | None
    members: int
    stopped: Sequence[str]
    """Why the vessel was followed no further, a sentence for each end."""
    parameters: Mapping[str, object]


class Follow(Protocol):
    """How a vessel is followed: `promptable.outlining.outline` with a model."""

    model: str
    """'LiteMedSAM'."""
    version: str

    def __call__(
        self,
        volume: Volume,
        start: Json,
        *,
        seed: int,
        progress: Tell,
        partial: KeepPartial,
    ) -> Outlined:
        """What the start points at, followed both ways."""


def outline(
    store: Store, key: str, job: Job, run: RunningJob, follow: Follow | None = None, seconds: float = SECONDS
) -> Outcome:
    """Do the outline that a job asks for; UNCHANGED where it is stored already, by a process that ended just then.

    seconds: how often the mask so far is kept. Raises NotFound without such a case, InputRefused where its stored
    images are missing or damaged or nothing can be outlined here.
    """
    page = runs.case_of(store, key)
    volume, start, seed = runs.image_of(store, page), job.details[START], seed_of(job)
    follow = follow or installed_model(store)
    try:
        so_far = Partial(store, run, volume.affine, seconds)
        found = follow(volume, start, seed=seed, progress=run.tell, partial=so_far)
        run.tell(STORING, 0, 1)
        done = runs.keep(store, key, volume, new_run(volume, page, found, follow, job), _is_of(job))
        run.note(**{STOPPED: list(found.stopped)})
        return done
    finally:
        job_notes.take_partial_away(store, job.id)
