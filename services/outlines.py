"""Outlines from one box or one click: asked for, watched, cancelled. `Desk.outlines` leads here.

Each is a job of its own; what came of it is a new prediction beside all others.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from db import batches, commands, job_notes, queries
from db.moments import now
from db.turns import take_turn
from db.vocabulary import AuditAction, JobState
from services import outline_starts
from services.errors import InputRefused, NotFound
from services.jobs import OUTLINE
from services.running import CANCELLED
from services.segmentation import installed, registry
from services.segmentation.promptable import package
from services.segmentation.promptable.card import LITE_MEDSAM

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from db.job_records import Job
    from db.records import Json, Region
    from db.store import Store
    from services.segmentation.promptable.card import PromptableCard

START, SEED, MODEL, REQUEST, STOPPED = "start", "seed", "model", "request", "stopped"
"""Details of a job: where it starts, its seed and model, a word that tells its result from that of any other, and, at
its end, why the vessel was followed no further."""
NEEDS = "LiteMedSAM outlines from one box, and is not installed."
NO_LIBRARIES = "Run: python3 scripts/bootstrap.py --with analysis"


@dataclass(frozen=True)
class Outlines:
    """Outlines in the background, one at a time for each case."""

    store: Store
    home: Path
    """Where added models lie."""

    def why_not(self, card: PromptableCard = LITE_MEDSAM) -> str:
        """Why this model can outline nothing here, and what to do; '' where it can. Loads no library."""
        if not installed.can_run():
            return f"{NEEDS} {NO_LIBRARIES}"
        is_there = card is not LITE_MEDSAM or package.is_installed()
        return "" if is_there else f"{NEEDS} {package.HOW_TO_ADD}"

    def queue(self, actor: str, key: str, start: object, seed: int = 0, model: str = LITE_MEDSAM.key) -> int:
        """Queue an outline of a case from a start (see `outline_starts.checked`). Returns the job's number.

        model: a promptable one, name@version. Raises NotFound, and InputRefused where the start lies elsewhere, another
        outline of the case is under way, or nothing can be outlined here.
        """
        card = registry.find_promptable(model, self.home)
        if reason := self.why_not(card):
            raise InputRefused("The model that outlines must be installed.", "it is not.", reason.partition(". ")[2])
        with self.store.begin() as session:
            take_turn(session)
            page = queries.case_page(session, key)
            if page is None:
                raise _no_case()
            wanted = outline_starts.checked(start, page.series.shape)
            if any(job.case_key == key for job in batches.unfinished(session, OUTLINE)):
                raise _one_at_a_time()
            return _queued(session, actor, key, {START: wanted, SEED: seed, MODEL: card.key})

    def of_case(self, key: str) -> Job | None:
        """The last outline that was wanted of a case, as it stands; see `partial_of` and `stopped_of`."""
        with self.store.read() as session:
            return batches.newest_about(session, OUTLINE, key)

    def cancel(self, key: str, actor: str) -> None:
        """End the outline of a case: at once where it waits, at its next slice where it runs. It stores nothing."""
        job = self.of_case(key)
        if job is None:
            return
        with self.store.begin() as session:
            if batches.cancel(session, [job.id], now(), CANCELLED):
                said = {"job": job.id}
                commands.record_audit(session, actor=actor, action=AuditAction.CANCELLED, case_key=key, details=said)

    def try_again(self, actor: str, key: str) -> int | None:
        """Queue the last outline of a case again, where it failed or was cancelled. Returns its number."""
        job = self.of_case(key)
        if job is None or job.state not in {JobState.FAILED, JobState.CANCELLED}:
            return None
        return self.queue(actor, key, start_of(job), seed_of(job), model_of(job))


def start_of(job: Job) -> dict[str, Any]:
    """Where an outline starts, as `outline_starts.checked` gave it."""
    return dict(cast("dict[str, Any]", job.details[START]))


def seed_of(job: Job) -> int:
    """Of the members' jitter."""
    return int(str(job.details.get(SEED, 0)))


def model_of(job: Job) -> str:
    """The promptable model, name@version."""
    return str(job.details[MODEL])


def partial_of(job: Job) -> tuple[str, Region] | None:
    """The mask so far of a running outline: the digest of its image, and where in the case it lies."""
    return job_notes.partial_of(job.details)


def stopped_of(job: Job) -> tuple[str, ...]:
    """Why the vessel was followed no further, a sentence for each end; empty before the outline is done."""
    said = job.details.get(STOPPED, ())
    return tuple(map(str, said)) if isinstance(said, (list, tuple)) else ()


def _queued(session: Session, actor: str, key: str, details: Json) -> int:
    (number,) = batches.queue(session, OUTLINE, actor, [key], {**details, REQUEST: secrets.token_hex(8)})
    return number


def _no_case() -> NotFound:
    return NotFound("A case to outline must be in this store.", "no such case.", "See `secondlook cases`.")


def _one_at_a_time() -> InputRefused:
    return InputRefused(
        "A case is outlined from one box or click at a time.",
        "another outline of it that waits or runs.",
        "Wait until it is done, or cancel it.",
    )
