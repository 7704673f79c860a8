"""Two uncertainties kept apart: what several readers would not agree on, and what the networks did not learn.

After Khalin et al. 2026, arXiv:2604.01898, and Korchagin et al., WACV 2025, pp. 7980-7990. By the law of total
variance, of the label of class c, summed over classes:

    epistemic = sum_c var_m p_A,mc              ensemble A, which learnt from one mask of each scan
    aleatoric = sum_c mean_m p_B,mc (1 - p_B,mc)    ensemble B: A, member by member, taught further by several readers
    total     = epistemic + aleatoric

The two terms come from two ensembles, so that they are no decomposition of one variance: the total may exceed what any
single distribution has. Our own design: one network with two heads, whose third output was taught the spread of A.
What cannot be computed is named with its reason, and is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from services.uncertainty.names import Measure, Method, largest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from services.uncertainty.decomposition import Uncertainty

NO_READERS = "aleatoric needs networks that learnt from several readers, and this model comes without"
ONE_MEMBER = "epistemic needs at least two members: one network cannot disagree with itself"
NO_SUM = "total needs both aleatoric and epistemic"


@dataclass(frozen=True)
class TwoUncertainties:
    """Maps (k, j, i), float32, unit 1; None where `missing` says why. At most `names.largest` each."""

    method: Method
    aleatoric: NDArray[np.float32] | None
    epistemic: NDArray[np.float32] | None
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Measures that are undefined here, and why."""

    @property
    def total(self) -> NDArray[np.float32] | None:
        """The sum of the two."""
        return total_of(self.aleatoric, self.epistemic)


def two_uncertainties(ensemble: Uncertainty, taught_by_readers: Uncertainty | None = None) -> TwoUncertainties:
    """Of ensemble A, and of ensemble B where there is one, on one grid.

    Without B the epistemic part alone, which needs two members of A; neither with one member.
    """
    aleatoric = None if taught_by_readers is None else taught_by_readers.bernoulli_variance
    epistemic = ensemble.member_variance
    method = Method.ENSEMBLE if taught_by_readers is None else Method.TWO_ENSEMBLES
    return TwoUncertainties(method, aleatoric, epistemic, missing_of(aleatoric, epistemic))


def of_two_heads(soft: NDArray[np.floating], spread: NDArray[np.floating]) -> TwoUncertainties:
    """Of one network.

    soft: (class, k, j, i), the shares of readers that it expects, summing to 1 over class.
    spread: (k, j, i), its estimate of the square root of an ensemble's `member_variance`; at least 0.
    """
    doubled = soft.astype(np.float64)
    aleatoric = np.maximum((doubled * (1 - doubled)).sum(axis=0), 0).astype(np.float32)
    bound = largest(Measure.EPISTEMIC, len(soft))
    epistemic = np.minimum(np.square(spread, dtype=np.float64), bound).astype(np.float32)
    return TwoUncertainties(Method.LIGHT, aleatoric, epistemic)


def total_of(
    aleatoric: NDArray[np.float32] | None, epistemic: NDArray[np.float32] | None
) -> NDArray[np.float32] | None:
    """Their sum, None where one of them is."""
    return None if aleatoric is None or epistemic is None else aleatoric + epistemic


def missing_of(aleatoric: NDArray[np.float32] | None, epistemic: NDArray[np.float32] | None) -> dict[str, str]:
    """The reasons of those that are None, by measure."""
    absent = {
        Measure.ALEATORIC: (aleatoric is None, NO_READERS),
        Measure.EPISTEMIC: (epistemic is None, ONE_MEMBER),
        Measure.TOTAL: (aleatoric is None or epistemic is None, NO_SUM),
    }
    return {measure.value: why for measure, (is_absent, why) in absent.items() if is_absent}


def in_words(missing: Mapping[str, str]) -> dict[str, str]:
    """As a layer's parameters say what its neighbours lack; nothing where nothing does."""
    return {"missing": "; ".join(missing.values())} if missing else {}
