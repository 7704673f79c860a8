"""Whether two maps of doubt say different things on the cases at hand: the rule behind the badge beside them.

On generated toy data aleatoric and epistemic uncertainty separate; on real data they need not (Kahl et al. 2024,
arXiv:2401.08501). So it is checked on a store's own cases, and where it is not shown, that is said. Our own rule:

    aleatoric follows the readers    the median over cases of NCC(aleatoric, V) and that of NCC(aleatoric, V) less
                                     NCC(epistemic, V) are above 0, V being the variance of the readers
    epistemic follows the distance   Spearman's correlation, over cases, of the mean epistemic uncertainty with the
                                     distance of a case from the training data (`distance`) is above 0

each with its whole 95 % interval: percentile bootstrap, patients drawn whole. Nothing is said of fewer than 8 cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float64]

METHOD, VERSION = "separation of two uncertainties", "1"
FEWEST = 8
RESAMPLES = 2_000
LEVEL = 0.95
SEED = 20_261_125


@dataclass(frozen=True)
class CaseNumbers:
    """What the check needs of one case; nan where it is undefined."""

    patient: Hashable
    """Whose case it is: two of one patient are not two witnesses."""
    aleatoric_ncc: float
    """With the readers' variance."""
    epistemic_ncc: float
    """With the same."""
    epistemic_mean: float
    """In the region of evaluation."""
    distance: float
    """From the training data; needs no unit, only its order counts."""

    @property
    def was_read(self) -> bool:
        """Whether it says anything about the readers."""
        return math.isfinite(self.aleatoric_ncc) and math.isfinite(self.epistemic_ncc)

    @property
    def has_a_distance(self) -> bool:
        """Whether it says anything about the distance."""
        return math.isfinite(self.epistemic_mean) and math.isfinite(self.distance)


class Shown(NamedTuple):
    """A statistic over cases with its interval; nan with the reason."""

    value: float
    lower: float
    upper: float
    cases: int
    reason: str = ""

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval is."""
        return self.lower > 0


@dataclass(frozen=True)
class Separation:
    """What was shown, and the sentence that stands beside the two maps."""

    aleatoric_follows: bool
    epistemic_follows: bool
    cases: int
    """With either of the two; each statistic says how many it is over."""
    sentence: str
    matched: Shown
    """Median NCC of aleatoric uncertainty with the readers' variance."""
    matched_better: Shown
    """Median of its difference from that of epistemic uncertainty."""
    distant: Shown
    """Spearman's correlation of epistemic uncertainty with distance."""


def separation(cases: Sequence[CaseNumbers], *, seed: int = SEED) -> Separation:
    """The check on these cases; a pure function, the same seed gives the same."""
    read, far = [one for one in cases if one.was_read], [one for one in cases if one.has_a_distance]
    matched = _shown(read, [(one.aleatoric_ncc,) for one in read], _median, seed)
    better = _shown(read, [(one.aleatoric_ncc - one.epistemic_ncc,) for one in read], _median, seed)
    distant = _shown(far, [(one.epistemic_mean, one.distance) for one in far], _spearman, seed)
    aleatoric, epistemic = matched.above_zero and better.above_zero, distant.above_zero
    number = sum(one.was_read or one.has_a_distance for one in cases)
    sentence = _sentence(matched, better, distant)
    return Separation(aleatoric, epistemic, number, sentence, matched, better, distant)


def _sentence(matched: Shown, better: Shown, distant: Shown) -> str:
    missing = [part for part in (_of_readers(matched, better), _of_distance(distant)) if part]
    if missing:
        return f"Not shown to separate here: {'; '.join(missing)}."
    return (
        "Shown to separate here: aleatoric uncertainty is higher where readers differ, and more so than epistemic"
        f" uncertainty ({_said(better, 'NCC higher by')}); epistemic uncertainty is higher in cases further from the"
        f" training data ({_said(distant, 'rank correlation')})."
    )


def _of_readers(matched: Shown, better: Shown) -> str:
    """What is not shown of aleatoric uncertainty; nothing where it is."""
    if not matched.above_zero:
        return f"aleatoric uncertainty is not shown to be higher where readers differ ({_said(matched, 'NCC')})"
    if not better.above_zero:
        said = _said(better, "NCC higher by")
        return f"aleatoric uncertainty is not shown to follow the readers more than epistemic uncertainty does ({said})"
    return ""


def _of_distance(distant: Shown) -> str:
    """What is not shown of epistemic uncertainty; nothing where it is."""
    if distant.above_zero:
        return ""
    said = _said(distant, "rank correlation")
    return f"epistemic uncertainty is not shown to be higher in cases further from the training data ({said})"


def _said(shown: Shown, name: str) -> str:
    if shown.reason:
        return shown.reason
    value, lower, upper = (f"{number:.2f}".replace("-", "\u2212") for number in (shown.value, shown.lower, shown.upper))
    return f"{name} {value}, 95 % interval {lower} to {upper}, {shown.cases} cases"


def _shown(
    cases: Sequence[CaseNumbers], rows: Sequence[tuple[float, ...]], statistic: Callable[[Rows], float], seed: int
) -> Shown:
    if len(cases) < FEWEST:
        have = f"{len(cases)} of at least {FEWEST} cases that it takes"
        return Shown(math.nan, math.nan, math.nan, len(cases), have)
    table, rng = np.array(rows, np.float64), np.random.default_rng(seed)
    value = statistic(table)
    if math.isnan(value):
        return Shown(value, value, value, len(cases), "the same in every case")
    numbers = {patient: number for number, patient in enumerate(dict.fromkeys(one.patient for one in cases))}
    whose = np.array([numbers[one.patient] for one in cases])
    if len(numbers) < FEWEST:
        return Shown(
            value, math.nan, math.nan, len(cases), f"{len(numbers)} of at least {FEWEST} patients that it takes"
        )
    drawn = [statistic(table[_again(whose, len(numbers), rng)]) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2
    lower, upper = np.nanquantile(drawn, (tail, 1 - tail))
    return Shown(value, float(lower), float(upper), len(cases))


def _again(whose: NDArray[np.intp], patients: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places of the cases of as many patients, drawn with replacement."""
    times = np.bincount(rng.integers(patients, size=patients), minlength=patients)
    return np.repeat(np.arange(len(whose)), times[whose])


def _median(rows: Rows) -> float:
    return float(np.median(rows[:, 0]))


def _spearman(rows: Rows) -> float:
    """Spearman 1904, doi:10.2307/1412159: Pearson's correlation of ranks, equal values sharing theirs."""
    one, other = rankdata(rows, axis=0).T
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(np.corrcoef(one, other)[0, 1])
