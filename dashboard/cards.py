"""Stored facts as small pieces of HTML: chips, findings, tables. Pure functions; every text is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from db.vocabulary import Agreement
from services.failure.level import level_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from db.records import CasePage, Index3, Layer, NewFlag, NewScore, Review

MOST_CHIPS = 3
VOLUMES = ("volume_lumen", "volume_thrombus", "volume_outer_wall")
DASH = "\N{EN DASH}"


def chips(flags: Sequence[NewFlag]) -> str:
    """The reasons of the first flags; a chip jumps to its place."""
    shown = "".join(
        f'<button class="sl-chip s{flag.severity}" title="{escaped(flag.text)}"{jump(flag.place)}>'
        f"{escaped(_where(flag))}</button>"
        for flag in flags[:MOST_CHIPS]
    )
    more = len(flags) - MOST_CHIPS
    return shown + (f'<span class="sl-muted">and {more} more</span>' if more > 0 else "")


def findings(flags: Sequence[NewFlag], *, checked: bool) -> str:
    """The sentences that matter, most severe first; each jumps to its place. Not checked is not the same as clean."""
    if not checked:
        return '<p class="sl-muted">Nothing was checked: nobody has drawn the aorta in this case yet.</p>'
    if not flags:
        return '<p class="sl-muted">No flag. The checks run so far found nothing that asks for a second look.</p>'
    return "".join(
        f'<button class="sl-finding s{flag.severity}" title="{level_of([flag.severity])}"{jump(flag.place)}>'
        f"<strong>{escaped(_where(flag))}</strong><br>"
        f"{escaped(flag.text)}</button>"
        for flag in flags
    )


def volumes(scores: Sequence[NewScore]) -> str:
    """Author by structure, in millilitres."""
    found = {(score.subject, score.name): score for score in scores if score.name in VOLUMES}
    authors = list(dict.fromkeys(subject for subject, _ in found))
    rows = [[escaped(author), *(_number(found.get((author, name)), 1) for name in VOLUMES)] for author in authors]
    return table("Volumes (mL)", ("Author", "Lumen", "Thrombus", "Outer wall"), rows)


def agreement(scores: Sequence[NewScore]) -> str:
    """Pairs of authors with the Dice of their outer walls, lowest first."""
    pairs = [score for score in scores if score.name == Agreement.WITH_ONE]
    pairs.sort(key=lambda score: 2.0 if score.value is None else score.value)
    rows = [[escaped(score.subject), _number(score, 3)] for score in pairs]
    return table("Agreement on the outer wall (Dice, 0 to 1)", ("Pair", "Dice"), rows)


def _fact(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def provenance(layers: Iterable[Layer]) -> str:
    """Where every layer comes from: who, what kind of source, which method and version, which voxels."""
    heading = ("Layer", "Author", "Source", "Method", "Grid", "Stored")
    return table("Layers", heading, [_provenance_row(layer) for layer in layers], numeric_from=99)


def image_facts(page: CasePage) -> str:
    series = page.series
    spacing = " x ".join(f"{value:.2f}" for value in series.spacing_mm)
    facts: dict[str, str] = {
        "Image": f"{series.modality}, {' x '.join(map(str, series.shape))} voxels (slice, row, column)",
        "Spacing": f"{spacing} mm (slice, row, column)",
        "Study date": f"{series.study_date} (shifted)" if series.study_date else DASH,
        "Patient": _patient(page),
        "Image blob": series.image.digest[:12],
    }
    facts |= {name.replace("_", " ").capitalize(): _fact(value) for name, value in series.facts.items() if value}
    return table("Image", ("Fact", "Value"), [[escaped(n), escaped(v)] for n, v in facts.items()], numeric_from=99)


def history(reviews: Sequence[Review]) -> str:
    """Every verdict ever given, newest first. Nothing is ever taken away."""
    if not reviews:
        return '<p class="sl-muted">No verdict yet.</p>'
    rows = [_review_row(review) for review in sorted(reviews, key=lambda review: review.id, reverse=True)]
    return table("History", ("When (UTC)", "Who", "Verdict", "Reason", "Place", "Note"), rows, numeric_from=99)


def table(caption: str, heading: Sequence[str], rows: Sequence[Sequence[str]], *, numeric_from: int = 1) -> str:
    """A small table; cells are HTML already, columns from `numeric_from` on are set to the right."""
    if not rows:
        return ""
    kind = ["n" if column >= numeric_from else "" for column in range(len(heading))]
    head = "".join(f'<th class="{k}">{escaped(name)}</th>' for k, name in zip(kind, heading, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{k}">{cell}</td>' for k, cell in zip(kind, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<table class="sl-table"><caption>{escaped(caption)}</caption><tr>{head}</tr>{body}</table>'


def place_text(place: Index3 | None, slices: tuple[int, int] | None = None) -> str:
    """Slices are counted from 1 on screen, as in the viewer; stored indices count from 0."""
    if slices and slices[0] != slices[1]:
        return f"slices {slices[0] + 1} to {slices[1] + 1}"
    if slices or place:
        return f"slice {(slices or place or (0,))[0] + 1}"
    return "whole scan"


def layer_line(layer: Layer) -> str:
    """One line of provenance for a tooltip."""
    spec = layer.spec
    seed = "" if spec.seed is None else f", seed {spec.seed}"
    parameters = f", {parameters_text(spec.parameters)}" if spec.parameters else ""
    version = f" {spec.author_version}" if spec.author_version else ""
    return f"{spec.author}{version}: {spec.method} {spec.method_version}{seed}{parameters}; source {spec.source}"


def _provenance_row(layer: Layer) -> list[str]:
    spec = layer.spec
    kind = f"{spec.kind}: {', '.join(spec.classes.values())}" if spec.classes else spec.kind.value
    unit = "" if spec.classes else f" ({spec.minimum:g} to {spec.maximum:g} {spec.unit})"
    seed = "" if spec.seed is None else f", seed {spec.seed}"
    grid = f"{' x '.join(map(str, spec.region.shape))} at {', '.join(map(str, spec.region.origin))}"
    method = f"{spec.method} {spec.method_version}{seed}"
    if spec.parameters:
        method += f" ({parameters_text(spec.parameters)})"
    author = f"{spec.author} {spec.author_version}".strip()
    cells = (f"{kind}{unit}", f"{author} ({spec.author_kind})", spec.source.value, method, grid)
    stored = f'<span title="blob {escaped(spec.image.digest)}">{layer.created_at:%Y-%m-%d %H:%M}</span>'
    return [*map(escaped, cells), stored]


def _review_row(review: Review) -> list[str]:
    spec = review.spec
    place = place_text(spec.place, spec.slices)
    cells = (f"{review.created_at:%Y-%m-%d %H:%M}", spec.reviewer, spec.verdict, spec.reason, place, spec.note)
    return [escaped(str(cell)) for cell in cells]


def _patient(page: CasePage) -> str:
    age = f"{page.row.age_years} years" if page.row.age_years is not None else "age not stored"
    return f"{page.row.sex or 'sex not stored'}, {age}"


def _where(flag: NewFlag) -> str:
    place = "" if not (flag.slices or flag.place) else f", {place_text(flag.place, flag.slices)}"
    return f"{flag.reason.value.capitalize()}{place}"


def _number(score: NewScore | None, digits: int) -> str:
    if score is None or score.value is None:
        reason = "not measured" if score is None else score.reason
        return f'<span title="{escaped(reason)}">{DASH}</span>'
    method = escaped(f"{score.method} {score.method_version}, {score.region}")
    return f'<span title="{method}">{score.value:.{digits}f}</span>'


def jump(place: Index3 | None) -> str:
    """The attribute that makes an element a way to a place in the image."""
    return f' data-secondlook-place="{",".join(map(str, place))}"' if place else ""


def parameters_text(parameters: Mapping[str, object]) -> str:
    """Lists of lists, such as the clicks of a correction, are too long for a line: they are counted."""
    lists = {name: value for name, value in parameters.items() if isinstance(value, list) and value}
    long = {name: f"{len(value)} listed" for name, value in lists.items() if isinstance(value[0], list | dict)}
    return ", ".join(f"{name} {value}" for name, value in (dict(parameters) | long).items())


def escaped(text: str) -> str:
    return html.escape(text)
