"""The readers of a stored case are compared with each other and with its models; stored as one run with its layers.

Nothing is computed again of the same outlines by the same version. Images first, then one transaction of rows. It is
a part of measuring a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db import agreements, commands, measurements, queries
from db.agreements import ENOUGH_READERS
from db.findings import AGREEMENT
from db.turns import take_turn
from db.vocabulary import AuditAction, AuthorKind, Outcome
from services import runs, storing
from services.correcting.keeping import BASE
from services.experts import figures, maps
from services.experts.agreement import METHOD, VERSION
from services.experts.panel import MOST_READERS, panel_of
from services.measurement.drawn import drawn_of, label_map, readers_of

if TYPE_CHECKING:
    from db.records import CasePage, Json, NewLayer, NewProfile, NewScore
    from db.store import Store
    from services.experts.panel import Panel
    from services.imaging.progress import Tell
    from services.measurement.drawn import Drawn, LabelMap

COMPARING = "comparing readers"
"""The step, and who did it in the audit trail."""
STORED = 1
"""What is stored of a comparison; goes up with it."""


@dataclass(frozen=True)
class Authors:
    """Whose outlines are compared: of every reader the newest, of every model every version."""

    readers: tuple[Drawn, ...]
    models: tuple[Drawn, ...]

    @classmethod
    def of(cls, page: CasePage) -> Authors:
        """In the order of the readers' letters; at most MOST_READERS."""
        drawn = drawn_of(page.layers)
        on_their_own = [one for one in drawn if _is_their_own(one, page)]
        by_letter = sorted(readers_of(on_their_own), key=lambda one: page.readers.get(one.author, 0))
        return cls(tuple(by_letter[:MOST_READERS]), tuple(one for one in drawn if one.kind is AuthorKind.MODEL))

    @property
    def plan(self) -> Json:
        """What a comparison depends on; the same plan, the same result."""
        return {
            "method": METHOD,
            "version": VERSION,
            "maps": maps.VERSION,
            "stored": STORED,
            "readers": {one.author: one.digest for one in self.readers},
            "models": {one.subject: one.digest for one in self.models},
        }


def _is_their_own(drawn: Drawn, page: CasePage) -> bool:
    """Whether it began with nothing, or with the same author's: a corrected outline of another is no second opinion."""
    by_digest = {layer.spec.image.digest: layer.spec for layer in page.layers}
    known, spec = set[str](), drawn.layers[0].spec
    while base := spec.parameters.get(BASE):
        before = by_digest.get(str(base))
        if before is None or before.author != drawn.author or before.image.digest in known:
            return False
        known.add(before.image.digest)
        spec = before
    return True


def agree(store: Store, key: str, tell: Tell) -> Outcome:
    """Bring what is known of the agreement of a case's readers up to date; UNCHANGED where it was.

    With fewer than two readers there is nothing to know, which is noted too. Raises NotFound, and InputRefused where
    images are lost.
    """
    return storing.as_things_are(lambda: _agree_as_things_are(store, key, tell))


def _agree_as_things_are(store: Store, key: str, tell: Tell) -> Outcome:
    page = runs.case_of(store, key)
    authors = Authors.of(page)
    with store.read() as session:
        before = measurements.said_of(session, key, AGREEMENT)
    if before == authors.plan:
        return Outcome.UNCHANGED
    if len(authors.readers) < ENOUGH_READERS:
        _store(store, key, authors, [], [], [])
        return Outcome.UNCHANGED
    tell(COMPARING, 0, 1)
    panel = _panel(store, page, authors)
    agreed = maps.consensus_of(panel)
    layers = maps.Layers(panel, np.array(page.series.affine, np.float64), runs.source_of(page))
    made = layers.all(agreed, [(one.author, one.version) for one in authors.models])
    stored = [storing.stored_layer(store, layer) for layer in made]
    _store(store, key, authors, stored, figures.scores_of(panel, agreed), figures.profiles_of(panel))
    return Outcome.EXTENDED


def _panel(store: Store, page: CasePage, authors: Authors) -> Panel:
    affine = np.array(page.series.affine, np.float64)

    def read(drawn: Drawn) -> LabelMap:
        return label_map([storing.decoded(store, layer) for layer in drawn.layers], affine)

    return panel_of(
        [(one.author, read(one)) for one in authors.readers],
        [(one.subject, read(one)) for one in authors.models],
        page.series.shape,
        page.series.spacing_mm,
    )


def _store(
    store: Store,
    key: str,
    authors: Authors,
    layers: list[NewLayer],
    scores: list[NewScore],
    profiles: list[NewProfile],
) -> None:
    with store.begin() as session:
        take_turn(session)
        now = queries.case_page(session, key)
        if now is None or Authors.of(now) != authors:
            raise storing.Overtaken
        agreements.set_agreement(session, key, layers, scores, profiles, authors.plan)
        if layers:
            storing.require_images(store, session, key)
            said = {"readers": len(authors.readers), "models": len(authors.models), "scores": len(scores)}
            action = AuditAction.READERS_COMPARED
            commands.record_audit(session, actor=COMPARING, action=action, case_key=key, details=said)
