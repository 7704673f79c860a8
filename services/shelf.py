"""The models of an installation: what there is, and how one comes and goes, with its audit event. See segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from db import commands
from db.vocabulary import AuditAction
from services import scratch, soundness
from services.imaging.progress import Tell, silent
from services.segmentation import adding, registry

if TYPE_CHECKING:
    from pathlib import Path

    from services.desk import Desk
    from services.segmentation.registry import AnyCard, Models


@dataclass(frozen=True)
class Added:
    """A model that is kept now, and whether it was before."""

    card: AnyCard
    is_new: bool


def models(desk: Desk) -> Models:
    """Every model, shipped or added."""
    return registry.everything(desk.settings.home)


def model(desk: Desk, key: str) -> AnyCard:
    """The model of this name@version. Raises NotFound."""
    return registry.find_any(key, desk.settings.home)


def add(desk: Desk, path: Path, tell: Tell = silent) -> Added:
    """Keep a model, by the folder of its card, after all that it says was checked and every network was tried.

    The same model twice changes nothing. Raises InputRefused.
    """
    home = desk.settings.home
    kept = adding.is_kept(path, home)
    if kept:
        return Added(kept, is_new=False)
    with scratch.own_folder(home) as work:
        (work / "draft").mkdir()
        draft = adding.draft(path, home, work / "draft", tell)
        with soundness.answers(), desk.store.begin() as session:
            details = {"model": draft.key, "card": adding.place_of(draft, home).name}
            actor = desk.settings.user
            commands.record_audit(session, actor=actor, action=AuditAction.MODEL_ADDED, case_key=None, details=details)
            return Added(adding.place(draft, home), is_new=True)


def remove(desk: Desk, name: str) -> None:
    """Remove an added model; what it found about cases stays and goes on naming it. Raises NotFound, InputRefused."""
    with soundness.answers(), desk.store.begin() as session:
        card = adding.remove(name, desk.settings.home).name
        details = {"model": name, "card": card}
        actor = desk.settings.user
        commands.record_audit(session, actor=actor, action=AuditAction.MODEL_REMOVED, case_key=None, details=details)
