"""What the tab Doubt says in words and tables. Pure functions; every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.cards import DASH, escaped, jump, parameters_text, place_text, table
from dashboard.figures.palette import MEASURES
from services.uncertainty.names import Measure

if TYPE_CHECKING:
    from db.records import CasePage, NewScore
    from services.doubts import OfCase, OfMap
    from services.uncertainty.separation import Separation

SAYS = {
    Measure.TOTAL: "All doubt together: where the outline is least sure, whatever the cause.",
    Measure.ALEATORIC: "What the image leaves open, as several readers taught it: more networks would not settle it.",
    Measure.EPISTEMIC: "What the networks do not know: where they disagree, since they saw too little like this.",
    Measure.PREDICTIVE: "All doubt together: the entropy of what the members say on average.",
    Measure.EXPECTED: "What every member doubts by itself: blurred borders, noise.",
    Measure.MUTUAL: "What the members disagree about: what they saw too little of.",
    Measure.SOFTMAX: "How little sure the most probable class is; it says nothing about the cause.",
}
"""What each measure says, in one sentence."""
UNITS = {"1": ""}
KEPT_OUT = frozenset({"kept", "accuracy", "count", "confidence", "right", "place"})
"""Parameters that are too long, or not for reading."""
WORTH = ("Measure", "AAC", "TRA-99", "NCC")
MEANS = (
    "AAC: area above the accuracy-rejection curve, lower is better. TRA-99: share to throw away until what is left is "
    "right to 99 %. NCC: correlation with where readers differ, -1 to 1."
)


def whose(found: OfCase) -> str:
    """Whose doubt it is and where it is looked at, or why there is none."""
    if not found.model:
        return f'<p class="sl-muted">{DASH} {escaped(_sentence(found.reason))}</p>'
    region = next(iter(found.maps.values())).mean.region
    return f'<p class="sl-muted">Doubt of {escaped(found.model)}, {escaped(region)}.</p>'


def measures(found: OfCase, page: CasePage) -> str:
    """The measures that stand first: each with its value and range, its rank among other cases, and its place."""
    return "".join(_measure(found.maps[measure], found, page) for measure in found.main)


def separation(found: Separation | None, sentence: str) -> str:
    """Whether the two parts are shown to say different things, on the cases of this store."""
    if found is None:
        return ""
    kind = "holds" if found.aleatoric_follows and found.epistemic_follows else "fails"
    return f'<p class="sl-shown {kind}">{escaped(sentence)}</p>'


def further(found: OfCase) -> str:
    """The other measures that are known, folded."""
    rows = [
        [escaped(_capital(one.measure)), value(one.mean), value(one.high), _standing_short(one)]
        for one in found.maps.values()
        if one.measure not in found.main and one.mean.value is not None
    ]
    shown = table("", ("Measure", "Mean", "95th percentile", "Among other cases"), rows)
    return f'<details class="sl-fold"><summary>Further measures</summary>{shown}</details>' if rows else ""


def worth(found: OfCase) -> str:
    """What the maps are worth against the readers' majority in this case; or why that is not known."""
    if found.error is None:
        return ""
    rows = [
        [escaped(_capital(one.measure)), *(value(one.against[figure]) for figure in one.against)]
        for one in found.maps.values()
        if one.against and one.mean.value is not None
    ]
    if not rows:
        return f'<p class="sl-muted">What the maps are worth here {DASH} {escaped(found.error.reason)}.</p>'
    share = DASH if found.error.value is None else f"{100 * found.error.value:.1f} %"
    wrong = f"<p>{share} of the region's voxels are wrong by the readers' majority.</p>"
    return wrong + table("What the maps are worth here", WORTH, rows) + f'<p class="sl-muted">{escaped(MEANS)}</p>'


def distance(found: OfCase) -> str:
    """How far the scan lies from what the model learnt from."""
    row = found.distance
    if row is None:
        return ""
    why = (
        f" {escaped(row.reason)}"
        if row.value is None
        else f": {escaped(row.method)}, 0 is the mean of its training scans"
    )
    return f'<p class="sl-muted">Distance from the training data {value(row)}{why}.</p>'


def value(row: NewScore) -> str:
    """A figure with its unit, how it was made on hover; undefined: a dash with the reason."""
    if row.value is None:
        return f'<span class="sl-why" title="{escaped(f"{row.reason}. {made(row)}")}">{DASH}</span>'
    return f'<span title="{escaped(made(row))}">{escaped(number(row.value, row.unit))}</span>'


def number(amount: float, unit: str) -> str:
    """Three significant digits, so that small values are no zeros; all digits before the point."""
    said = f"{amount:#.3g}".rstrip(".") if 0 < abs(amount) < 999.5 else f"{amount:.0f}"
    return f"{said}{UNITS.get(unit, f' {unit}')}".replace("-", "\N{MINUS SIGN}")


def made(row: NewScore) -> str:
    """How a figure came to be, for a tooltip."""
    said = {name: one for name, one in row.parameters.items() if name not in KEPT_OUT and one is not None}
    return f"{row.subject}: {row.method} {row.method_version}, {row.region}, {parameters_text(said)}"


def _measure(one: OfMap, found: OfCase, page: CasePage) -> str:
    name, colour = escaped(_capital(one.measure)), MEASURES[one.measure]
    if one.mean.value is None:
        why = escaped(one.mean.reason)
        return f'<div class="sl-doubt" style="--ramp: {colour}"><strong>{name}</strong> {DASH} <span>{why}</span></div>'
    largest: Any = one.mean.parameters.get("largest")
    top = "" if largest is None else f" on a scale from 0 to {number(float(largest), one.mean.unit)}"
    values = f"mean {value(one.mean)}, 95th percentile {value(one.high)}{escaped(top)}"
    return (
        f'<div class="sl-doubt" style="--ramp: {colour}"><strong>{name}</strong> {values}'
        f"{_standing(one, found)}<span>{escaped(SAYS[one.measure])}</span> {_way(one, page)}</div>"
    )


def _standing(one: OfMap, found: OfCase) -> str:
    """Where the mean stands among the other cases, as a mark on a line and in words."""
    place = one.standing
    if place is None or place.percentile is None:
        return '<div class="sl-muted">No other case of this model to compare with.</div>'
    share = place.percentile
    among = f"{place.others:,} other case{'' if place.others == 1 else 's'} of this model"
    some = "" if found.is_all else " that were measured last"
    words = f"Higher than in {place.below:,} of {among}{some}: percentile {share:.0f}"
    equal = f", equal in {place.same:,}" if place.same else ""
    line = (
        f'<div class="sl-rank" role="img" aria-label="percentile {share:.0f}"><i style="left: {share:.1f}%"></i></div>'
    )
    return f"{line}<div>{escaped(words + equal)}.</div>"


def _standing_short(one: OfMap) -> str:
    share = one.standing.percentile if one.standing else None
    return DASH if share is None else f"percentile {share:.0f}"


def _way(one: OfMap, page: CasePage) -> str:
    """The way to the highest value, which shows the map as well where it is stored."""
    place = one.place
    if place is None:
        return ""
    layer = _layer(one, page)
    shows = f' data-secondlook-layer="{layer}"' if layer else ""
    words = "Show the map at its highest value" if layer else "Go to its highest value"
    return f'<button class="sl-jump"{jump(place)}{shows}>{words}: {place_text(place)}</button>'


def _layer(one: OfMap, page: CasePage) -> str:
    """The number of the layer that is this map, as the viewer knows it; '' where it is not stored."""
    specs = ((layer.id, layer.spec) for layer in page.layers if layer.spec.name == one.measure)
    subject = one.mean.subject
    return next((str(n) for n, spec in specs if f"{spec.author} {spec.author_version}".strip() == subject), "")


def _sentence(text: str) -> str:
    return f"{_capital(text)}."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
