"""The tables of docs/claims.md about pretraining on formulas, written from the published runs and from nothing else."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from services.segmentation.transfer_results import Verdict, gain_of_gains, gains, runs_of, scores, verdict
from services.segmentation.transfer_trial import ARMS, FDIF, MEAN, OUTER_WALL, SCRATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.segmentation.paired import Difference
    from services.segmentation.transfer_results import Published
    from services.segmentation.transfer_trial import Run

BEGIN, END = "<!-- from docs/results/fdif.json; do not edit -->", "<!-- end -->"
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
UNSEEN = "exact Dice tables not seen"
VARIANTS = [arm for arm in ARMS if arm not in (SCRATCH, FDIF)]


def written(page: str, published: Published) -> str:
    """A page with the tables between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page must hold '{BEGIN}' and below it '{END}'.")
    return "\n".join([before + BEGIN, "", *block(published), "", END + after])


def block(published: Published) -> list[str]:
    """All tables, as lines of Markdown."""
    runs = runs_of(published)
    done, planned = len({one.seed for one in runs}), published["trial"]["seeds"]
    state = "All" if done == planned else "The trial is not finished:"
    said = f"{published['measured']}, SYNTHETIC. {state} {done} of {planned} seeds, {len(runs)} networks fine-tuned."
    begun = ["", *means(runs), "", *differences(runs)] if runs else []
    return [said, "", *claims(runs), *begun]


def claims(runs: Sequence[Run]) -> list[str]:
    """What is claimed, what the paper reports, what was found here, and whether it held."""
    first, largest = gains(runs, FDIF, SCRATCH), gain_of_gains(runs, FDIF, SCRATCH)
    by_size = {f"{size} cases": one for size, one in first.items()}
    parts = {f"{arm}, {size} cases": one for arm in VARIANTS for size, one in gains(runs, FDIF, arm).items()}
    narrowing = {"the fewest against the most cases": largest} if largest else {}
    said = "better on AMOS, ACDC and KiTS"
    return [
        "| claim | the paper | ours: difference in mean Dice (95 % interval) | |",
        "|---|---|---|---|",
        _claim("pretraining on FDIF beats scratch", f"{said}; {UNSEEN}", by_size),
        _claim("displacement and mappers both help", "both are in the method; its ablation not seen", parts),
        _claim("the gain is largest with few labels", "our question, not the paper's", narrowing),
        _claim("it beats PrimGeoSeg, extruded voxels", f"{said}; {UNSEEN}", {}),
        _claim("it equals self-supervision on real scans", f"comparable; {UNSEEN}", {}),
        _claim("it helps 3D classification", "yes; figures not seen", {}),
    ]


def _claim(claim: str, paper: str, found: dict[str, Difference]) -> str:
    ours = "; ".join(f"{name}: {as_words(one)}" for name, one in found.items()) or DASH
    held = verdict(list(found.values())) if found else Verdict.NOT_TESTED
    return f"| {claim} | {paper} | {ours} | **{held}** |"


def means(runs: Sequence[Run]) -> list[str]:
    """Mean Dice of every arm at every number of labelled cases; a dash where it was not run."""
    rows = []
    for arm, what in product(ARMS, (MEAN, OUTER_WALL)):
        found = [scores(runs, arm, size, what) for size in _sizes(runs)]
        rows.append([arm, what, *(f"{one.mean():.3f}" if one.size else DASH for one in found)])
    return _table("learned before", runs, rows)


def differences(runs: Sequence[Run]) -> list[str]:
    """Paired differences with their intervals at every number of labelled cases."""
    pairs = [(SCRATCH, what) for what in (MEAN, "lumen", "thrombus", OUTER_WALL)] + [(arm, MEAN) for arm in VARIANTS]
    rows = []
    for arm, what in pairs:
        found = gains(runs, FDIF, arm, what)
        cells = [as_words(found[size]) if size in found else DASH for size in _sizes(runs)]
        rows.append([f"{FDIF} {MINUS} {arm}", what, *cells])
    return _table("difference", runs, rows)


def as_words(difference: Difference) -> str:
    """A difference as the tables write it: mean, and its interval in brackets."""
    mean, low, high = (f"{value:+.3f}".replace("-", MINUS) for value in vars(difference).values())
    return f"{mean} ({low} to {high})" if difference.is_known else f"{mean} (too few seeds for an interval)"


def _table(first: str, runs: Sequence[Run], rows: list[list[str]]) -> list[str]:
    heads = [first, "Dice of", *(f"{size} cases" for size in _sizes(runs))]
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]


def _sizes(runs: Sequence[Run]) -> list[int]:
    return sorted({one.size for one in runs})
