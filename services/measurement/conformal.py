"""Split-conformal intervals: as wide as the errors on scans whose truth is known (Vovk, Gammerman, Shafer 2005).

With n errors and another of the same kind, the next one is at most the ceil((n + 1) level)-th smallest of them with
probability `level` or a little more, whatever their distribution (Lei et al. 2018, doi:10.1080/01621459.2017.1307116,
theorem 2). It holds on average over scans of the same kind, and not for one kind among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def error_quantile(errors: Sequence[float], level: float) -> float:
    """The half-width of an interval of this level: the ceil((n + 1) level)-th smallest absolute error, in their unit.

    Infinite where there are too few errors for the level: 19 are the fewest for 0.95.
    """
    rank = int(np.ceil((len(errors) + 1) * level - 1e-9))
    return float(np.sort(np.abs(errors))[rank - 1]) if 0 < rank <= len(errors) else float("inf")


def normalised_quantile(errors: Sequence[float], spreads: Sequence[float], floor: float, level: float) -> float:
    """The same of errors divided by spread + floor (Lei et al. 2018, section 5.2): wider where members disagree."""
    return error_quantile((np.abs(errors) / (np.asarray(spreads) + floor)).tolist(), level)
