"""A correction is kept as a label map of its reader; what it began with stays as it was.

Images first, then one transaction of rows, with findings about all layers and an event in the audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from db.vocabulary import AuditAction, AuthorKind, LabelSource, LayerKind
from services import runs, storing
from services.correcting.relabelling import METHOD, VERSION, cropped, relabelled
from services.imaging.layers import SEGMENTATION
from services.prepared import PreparedLayer
from services.volume import moved_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from highdicom import Volume

    from db.records import CasePage, Layer
    from db.store import Store
    from services.correcting.relabelling import Relabelled
    from services.correcting.requests import Saving

NAME = "correction"
BASE = "base_sha256"
"""The parameter of a layer that names the image of the one it began with."""


@dataclass(frozen=True)
class Correction:
    """A session's result, and the layer that it began with."""

    base: PreparedLayer
    layer: Layer
    """The same, as it is stored."""
    asked: Saving
    model: Mapping[str, object]
    """Identity of the network that answered the clicks."""


def keep(store: Store, key: str, image: Volume, actor: str, correction: Correction) -> dict[str, Any]:
    """Store it as the reader's next correction of the case; what a page is told of it.

    Raises NotFound, and InputRefused where images of the case are lost.
    """
    found = relabelled(correction.base, correction.asked.slices, image.array, _spacing(image))
    version = storing.as_things_are(lambda: _keep_as_things_are(store, key, image, actor, correction, found))
    mine = (layer for layer in runs.case_of(store, key).layers if layer.spec.author == actor)
    number = next(layer.id for layer in mine if layer.spec.author_version == version)
    return {"layer": str(number), "version": version, "author": actor, "text": _sentence(version, correction, found)}


def _keep_as_things_are(
    store: Store, key: str, image: Volume, actor: str, correction: Correction, found: Relabelled
) -> str:
    page = runs.case_of(store, key)
    version = _next_version(page, actor)
    layer = _layer(page, image, actor, version, correction, found)
    details = {"author": actor, "version": version, "base": correction.layer.id} | _counts(correction, found)
    storing.extend(store, key, image, page.layers, [layer], deed=storing.Deed(actor, AuditAction.CORRECTED, details))
    return version


def _layer(
    page: CasePage, image: Volume, actor: str, version: str, correction: Correction, found: Relabelled
) -> PreparedLayer:
    base, (labels, region) = correction.base, cropped(found)
    return PreparedLayer(
        kind=LayerKind.LABELS,
        name=SEGMENTATION,
        author=actor,
        author_kind=AuthorKind.READER,
        author_version=version,
        source=LabelSource.SYNTHETIC if page.row.synthetic else LabelSource.EXPERT,
        array=labels,
        affine=moved_origin(image.affine, region.origin),
        region=region,
        unit="label",
        minimum=0.0,
        maximum=base.maximum,
        classes=dict(base.classes),
        method=METHOD,
        method_version=VERSION,
        parameters=_parameters(correction, found),
    )


def _parameters(correction: Correction, found: Relabelled) -> dict[str, object]:
    """What the correction began with, how it was made, and the proof that all else is as it was."""
    spec, asked = correction.layer.spec, correction.asked
    return {
        "base": f"{spec.author} {spec.author_version}".strip(),
        BASE: spec.image.digest,
        **_counts(correction, found),
        "seconds": round(asked.seconds, 1),
        "clicks": [list(click) for click in asked.clicks],
        "click_fields": "slice from 0, row, column, whether it adds, voxels that it changed",
        "untouched_sha256": found.untouched,
        "untouched_region": [*found.region.origin, *found.region.shape],
        "added_by": found.added_by,
        "model": dict(correction.model),
    }


def _counts(correction: Correction, found: Relabelled) -> dict[str, object]:
    return {
        "click_count": len(correction.asked.clicks),
        "added_voxels": found.added,
        "removed_voxels": found.removed,
        "changed_slices": found.slices,
    }


def _spacing(image: Volume) -> tuple[float, float, float]:
    k_mm, j_mm, i_mm = map(float, image.spacing)
    return k_mm, j_mm, i_mm


def _next_version(page: CasePage, actor: str) -> str:
    """'correction 3' where the reader has two."""
    mine = {
        layer.spec.author_version
        for layer in page.layers
        if layer.spec.author == actor and layer.spec.author_kind is AuthorKind.READER
    }
    number = 1
    while f"{NAME} {number}" in mine:
        number += 1
    return f"{NAME} {number}"


def _sentence(version: str, correction: Correction, found: Relabelled) -> str:
    clicks, slices = len(correction.asked.clicks), found.slices
    made = f"{clicks} click{'' if clicks == 1 else 's'}"
    where = f"{slices} slice{'' if slices == 1 else 's'}"
    return f"Saved as {version}: {made} added {found.added:,} and removed {found.removed:,} voxels on {where}."
