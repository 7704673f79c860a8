"""The mask so far of an outline that runs: an image that its job names while it runs, and nobody afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from db import job_notes
from db.records import Region
from db.turns import take_turn
from services.volume import bounding_region, moved_origin, slices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.store import Store
    from services.running import RunningJob


@dataclass(frozen=True)
class Partial:
    """Called with the mask so far, about every two seconds; keeps it in place of the one before."""

    store: Store
    run: RunningJob
    affine: NDArray[np.float64]
    """Of the case's image: (k, j, i) to LPS millimetres."""

    def __call__(self, region: Region, mask: NDArray[np.uint8]) -> None:
        """mask: the labels so far on a region [k, j, i] of the case's image, 0 background; only read."""
        box = bounding_region(mask)
        if box is not None:
            k, j, i = np.add(box.origin, region.origin).tolist()
            self._keep(np.ascontiguousarray(mask[slices_of(box)]), Region((k, j, i), box.shape))

    def _keep(self, mask: NDArray[np.uint8], region: Region) -> None:
        """Named first, then stored, in one turn: who forgets the patient meanwhile finds both or neither."""
        affine = moved_origin(self.affine, region.origin)
        digest = self.store.blobs.digest(mask, affine)
        said = {job_notes.PARTIAL: job_notes.partial_note(digest, region)}
        with self.store.begin() as session:
            take_turn(session)
            before = job_notes.note(session, self.run.number, self.run.worker, **said)
            if before is None:
                return
            self.store.blobs.put(mask, affine)
        job_notes.remove_partial(self.store, before, kept=digest)
