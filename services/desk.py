"""One opened installation, which every use-case is given. See workflow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from services.analyses import Analyses
from services.assistant import Assistant
from services.corrections import Corrections
from services.incoming import Incoming
from services.jobs import Jobs
from services.measurings import Measurings
from services.outlines import Outlines

if TYPE_CHECKING:
    from db.store import Store
    from services.settings import Settings


@dataclass(frozen=True)
class Desk:
    """One opened installation: its settings and its store."""

    settings: Settings
    store: Store

    @cached_property
    def jobs(self) -> Jobs:
        """Its work in the background, and the uploads that wait for it."""
        return Jobs(self.store, Incoming(self.settings.home / "incoming"))

    @cached_property
    def analyses(self) -> Analyses:
        """The cases that wait for analysis, and those that had it."""
        return Analyses(self.store, self.settings.analyse, self.settings.uncertainty)

    @cached_property
    def measurings(self) -> Measurings:
        """The cases that wait to be measured."""
        return Measurings(self.store, self.settings)

    @cached_property
    def outlines(self) -> Outlines:
        """Outlines from one box or one click."""
        return Outlines(self.store, self.settings.home)

    @cached_property
    def assistant(self) -> Assistant:
        """The process that answers clicks; it begins with the first one."""
        return Assistant(self.settings.environment())

    @cached_property
    def corrections(self) -> Corrections:
        """Masks that readers correct by clicks."""
        return Corrections(self.assistant, lambda actor, key: self.measurings.queue_new(actor, [key]))
