"""What cases are grouped by, in words. Cuts are of our own: 3 mm is where slices count as thick everywhere here."""

from __future__ import annotations

from db.failure_records import Attribute, Cuts, Group

__all__ = ["CONTRAST_HU", "CUT_LABELS", "Attribute", "Cuts", "Group", "words_of"]

CONTRAST_HU = 100.0
"""Blood without contrast medium has 30 to 60 HU, in an arterial phase more than 200."""
_BY_ONE = {
    Attribute.SLICES: ("slices below {0:g} mm", "slices of {0:g} mm or more"),
    Attribute.CONTRAST: ("little contrast (lumen below {0:g} HU)", "contrast (lumen of {0:g} HU or more)"),
}
_BY_TWO = {
    Attribute.SIZE: ("diameter up to {0:.0f} mm", "diameter above {0:.0f} to {1:.0f} mm", "diameter above {1:.0f} mm"),
    Attribute.THROMBUS: (
        "thrombus share up to {0:.0%}", "thrombus share above {0:.0%} to {1:.0%}", "thrombus share above {1:.0%}",
    ),
}  # fmt: skip
_SEXES = {"F": "women", "M": "men", "O": "other sex"}
CUT_LABELS = ("low", "middle", "high")
"""Of what is cut, from the lowest values to the highest."""
_PLACES = dict(zip(CUT_LABELS, (0, 1, -1), strict=True))


def words_of(attribute: Attribute, label: str, cuts: Cuts) -> str:
    """A group in words: 'slices of 3 mm or more'."""
    if attribute is Attribute.SOURCE:
        return f"{label} scans"
    if attribute is Attribute.SEX:
        return _SEXES.get(label, label)
    if attribute in _BY_ONE:
        at = cuts.thick_mm if attribute is Attribute.SLICES else cuts.contrast_hu
        return _BY_ONE[attribute][_PLACES[label]].format(at)
    if attribute in _BY_TWO:
        return _BY_TWO[attribute][_PLACES[label]].format(
            *(cuts.size_mm if attribute is Attribute.SIZE else cuts.thrombus)
        )
    return f"{attribute.value}: {label}"
