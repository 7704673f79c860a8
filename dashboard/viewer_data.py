"""What the image viewer is told about a case: a pure function from stored records to JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dashboard import cards, error_cards
from dashboard.differences import differences
from db.records import Shown
from db.vocabulary import AuthorKind, LabelSource, LayerKind
from services.agreements import letter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.differences import Difference
    from db.failure_records import ListedPiece
    from db.records import CasePage, Index3, Layer, Measurement, NewFlag

VERSION = 1
GROUPS = ("models", "readers", "consensus", "doubt")
"""How the strip gathers layers, in its order."""
WALL = frozenset({"lumen", "thrombus", "outer wall"})
"""Masks of the aorta are shown at once, other structures on request."""
CENTRELINE = "centreline"
STRAIGHT_MM = 0.5
"""By which end points and length may differ: both are rounded."""
NOT_MEASURED = "No centreline is stored for this case: nobody has outlined the aorta, or it was not measured yet."
PARTS_OF_DOUBT = frozenset({LayerKind.ALEATORIC, LayerKind.EPISTEMIC})
MASK_OPACITY = 0.9
MAP_OPACITY = 0.6


def viewer_data(
    page: CasePage,
    token: str,
    start: Index3 | None = None,
    *,
    letters: bool = False,
    separation: str = "",
    errors: Sequence[ListedPiece] = (),
) -> dict[str, object]:
    """The viewer's whole input. Images are named by digest; `token` opens them for this user and case.

    start: the voxel where it opens; the first place where None. letters: whether readers have their letters too.
    separation: whether aleatoric and epistemic maps are shown to say different things here; stands beside both.
    errors: the pieces that are wrong by the reference; walked last.
    """
    series, key = page.series, page.row.key
    return {
        "version": VERSION,
        "case": {"key": key, "synthetic": page.row.synthetic},
        "token": token,
        "token_url": f"/token?case={key}",
        "shape": list(series.shape),
        "spacing": list(series.spacing_mm),
        "affine": [list(row) for row in series.affine],
        "image": _image(page),
        "start": list(start) if start else None,
        "layers": [
            _layer(layer, separation) | _reader(page, layer, letters=letters)
            for layer in sorted(page.layers, key=_order)
        ],
        "places": _walked(page, errors),
        "profiles": _profiles(page),
        "measurements": _measurements(page.measurements),
        "badges": (["SYNTHETIC"] if page.row.synthetic else []) + ["Not for diagnosis"],
    }


def _walked(page: CasePage, errors: Sequence[ListedPiece]) -> list[dict[str, object]]:
    """Flags, where readers and models differ, errors. What lies at one voxel is one place, or n would not leave it."""
    every = [
        *(_place(flag) for flag in page.flags if flag.place),
        *map(_difference, differences(page)),
        *map(error_cards.place, error_cards.walked(errors)),
    ]
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for place in every:
        voxel = place["k"], place["j"], place["i"]
        there = found.setdefault(voxel, place)
        if str(place["text"]) not in str(there["text"]):
            found[voxel] = there | {"text": f"{there['text']} {place['text']}"}
    return list(found.values())


def _image(page: CasePage) -> dict[str, object]:
    series = page.series
    crop = None
    if page.region and page.crop:
        crop = {"digest": page.crop.digest, "origin": list(page.region.origin), "shape": list(page.region.shape)}
    return {
        "digest": series.image.digest,
        "size": series.image.size,
        "dtype": series.dtype,
        "crop": crop,
        "window": series.facts.get("window"),
    }


def _layer(layer: Layer, separation: str) -> dict[str, object]:
    spec = layer.spec
    beside = f". {separation}" if separation and spec.kind in PARTS_OF_DOUBT else ""
    is_mask = spec.kind in {LayerKind.LABELS, LayerKind.CONSENSUS, LayerKind.ERROR}
    return {
        "id": str(layer.id),
        "kind": spec.kind.value,
        "name": spec.name,
        "author": spec.author,
        "author_kind": spec.author_kind.value,
        "version": spec.author_version,
        "source": spec.source.value,
        "digest": spec.image.digest,
        "dtype": spec.dtype,
        "origin": list(spec.region.origin),
        "shape": list(spec.region.shape),
        "slope": spec.slope,
        "intercept": spec.intercept,
        "unit": spec.unit,
        "min": spec.minimum,
        "max": spec.maximum,
        "classes": {str(value): name for value, name in spec.classes.items()},
        "method": spec.method,
        "method_version": spec.method_version,
        "provenance": cards.layer_line(layer) + beside,
        "group": GROUPS[_group(layer)],
        "visible": spec.kind is LayerKind.LABELS and not WALL.isdisjoint(spec.classes.values()),
        "opacity": MASK_OPACITY if is_mask else MAP_OPACITY,
        "style": "outline" if is_mask else "map",
    }


def _group(layer: Layer) -> int:
    """The place of a layer's group in GROUPS."""
    spec = layer.spec
    if spec.kind in {LayerKind.CONSENSUS, LayerKind.SOFT_LABEL} or spec.source is LabelSource.CONSENSUS:
        return 2
    if spec.kind is not LayerKind.LABELS:
        return 3
    return 0 if spec.author_kind is AuthorKind.MODEL else 1


def _order(layer: Layer) -> tuple[int, bool]:
    """By group; masks before soft labels, doubt before the probabilities it is about; otherwise as they are stored."""
    return _group(layer), layer.spec.kind in {LayerKind.SOFT_LABEL, LayerKind.PROBABILITY}


def _reader(page: CasePage, layer: Layer, *, letters: bool) -> dict[str, object]:
    """The number of the reader who drew, which chooses the colour, and the letter where it may be seen."""
    number = page.readers.get(layer.spec.author, 0) if layer.spec.author_kind is AuthorKind.READER else 0
    return {"reader": number, "letter": letter_of(number) if letters else ""}


def _difference(piece: Difference) -> dict[str, object]:
    k, j, i = piece.place
    return {"k": k, "j": j, "i": i, "label": "readers and model differ", "text": piece.text, "severity": 1}


def _place(flag: NewFlag) -> dict[str, object]:
    k, j, i = flag.place or (0, 0, 0)
    return {"k": k, "j": j, "i": i, "label": flag.reason.value, "text": flag.text, "severity": flag.severity}


def _profiles(page: CasePage) -> list[dict[str, object]]:
    kinds = {layer.spec.author: layer.spec.author_kind.value for layer in page.layers}
    return [
        {
            "name": profile.name,
            "subject": profile.subject,
            "unit": profile.unit,
            "values": list(profile.values),
            "author_kind": kinds.get(profile.subject, ""),
        }
        for profile in page.profiles
    ]


def _measurements(found: tuple[Measurement, ...]) -> dict[str, object]:
    """Centrelines, those of the shown author first, and every straight line that was measured. All points LPS mm.

    `reason` says why there is no centreline; '' where there is one.
    """
    shown = _shown_author(found)
    first = sorted(found, key=lambda one: one.spec.subject != shown)
    lines = [one for one in first if one.spec.name.partition(",")[0] == CENTRELINE]
    curves = [
        {"name": one.spec.name, "subject": one.spec.subject, "points": [list(point) for point in one.spec.points]}
        for one in lines
        if len(one.spec.points) > 1
    ]
    reasons = [one.spec.reason for one in lines if one.spec.name == CENTRELINE and one.spec.reason]
    return {
        "curves": curves,
        "diameters": [_diameter(one, shown) for one in first if one not in lines and _is_straight(one)],
        "reason": "" if curves else (reasons or [NOT_MEASURED])[0],
    }


def _is_straight(one: Measurement) -> bool:
    """Whether the length is that between its two end points: a length along the vessel is no line on a plane."""
    value, points = one.spec.value, one.spec.points
    return value is not None and len(points) == 2 and abs(math.dist(*points) - value) <= STRAIGHT_MM


def _shown_author(found: tuple[Measurement, ...]) -> str:
    """Whose largest diameter the worklist shows: the one that has an interval, or else the first."""
    automatic = [one.spec for one in found if one.spec.name == Shown.DIAMETER and not one.spec.reader]
    with_interval = [spec for spec in automatic if spec.lower is not None or "interval" in spec.parameters]
    return next((spec.subject for spec in [*with_interval, *automatic]), "")


def _diameter(one: Measurement, shown: str) -> dict[str, object]:
    spec = one.spec
    is_main = bool(spec.reader) or (spec.name == Shown.DIAMETER and spec.subject == shown)
    return {
        "id": str(one.id),
        "name": spec.name,
        "subject": spec.subject,
        "value": spec.value,
        "lower": spec.lower,
        "upper": spec.upper,
        "points": [list(point) for point in spec.points],
        "reader": spec.reader,
        "main": is_main,
    }
