"""The embeddings of a stored case: in the image store, named by rows, so that the next prompt need not wait.

Nothing depends on them. One that is missing or damaged is computed again; `secondlook gc` lets go of what was not used
for 30 days; a backup leaves all of them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from db import embeddings
from db.blobs import BlobDamaged, BlobMissing
from services import soundness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from db.store import Store
    from services.segmentation.promptable.embeddings import View

PLAIN = np.eye(4)
"""An embedding lies nowhere in space."""


class KeptEmbeddings:
    """Of one case; see `promptable.embeddings.Embeddings`. Raises StoreUnsound where the store does not answer."""

    def __init__(self, store: Store, case_key: str) -> None:
        self._store, self._case = store, case_key

    def get(self, view: View) -> NDArray[np.float16] | None:
        """See `Embeddings`."""
        place = embeddings.Place(*view)
        with soundness.answers():
            with self._store.read() as session:
                image = embeddings.find(session, self._case, place)
                stale = embeddings.is_stale(session, self._case, place)
            if image is None:
                return None
            if stale:
                with self._store.begin() as session:
                    embeddings.touch(session, self._case, place)
            try:
                stored, _ = self._store.blobs.get(image.digest)
            except (BlobMissing, BlobDamaged):
                return None
        return stored.view(np.float16) if stored.dtype == np.uint16 else None

    def put(self, view: View, embedding: NDArray[np.float16]) -> None:
        """See `Embeddings`. Nothing is kept of a case that is gone meanwhile."""
        bits = np.ascontiguousarray(embedding, dtype=np.float16).view(np.uint16)
        with soundness.answers():
            image = self._store.blobs.renew(bits, PLAIN)
            with self._store.begin() as session:
                embeddings.keep(self._store, session, self._case, embeddings.Place(*view), image)
