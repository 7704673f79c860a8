"""What hypothesis draws: images with their place in the patient, and worklist filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from db.blobs import DTYPES
from db.keyset import SORTS
from db.records import WorklistQuery
from db.vocabulary import FlagReason, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

shapes = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)
finite = st.floats(-1000, 1000, width=32)


def _elements(dtype: np.dtype[Any]) -> st.SearchStrategy[Any] | None:
    return st.floats(width=32, allow_nan=False) if dtype.kind == "f" else None


def _array(name: str, order: str, shape: Any = shapes) -> st.SearchStrategy[NDArray[Any]]:
    dtype = np.dtype(name).newbyteorder(order)
    return arrays(dtype, shape, elements=_elements(dtype))


images = st.builds(_array, st.sampled_from(DTYPES), st.sampled_from("<>")).flatmap(lambda drawn: drawn)
"""Images of every stored kind, in either byte order."""


@st.composite
def affines(draw: st.DrawFn) -> NDArray[np.float64]:
    """A grid with right angles anywhere in the patient: rotation, mirrored axes, unequal spacing, origin."""
    turn, _ = np.linalg.qr(draw(arrays(float, (3, 3), elements=st.floats(-1, 1))) + 3 * np.eye(3))
    spacing = draw(st.tuples(*3 * [st.sampled_from([0.5, 0.7, 1.0, 1.5, 3.0, 5.0])]))
    affine = np.eye(4)
    affine[:3, :3] = turn * np.array(spacing)
    affine[:3, 3] = draw(st.tuples(finite, finite, finite))
    return affine


@st.composite
def orders(draw: st.DrawFn) -> WorklistQuery:
    """Any sort of the worklist in any direction, with any page size."""
    return WorklistQuery(
        sort=draw(st.sampled_from(sorted(SORTS))), descending=draw(st.booleans()), limit=draw(st.integers(1, 9))
    )


@st.composite
def filters(draw: st.DrawFn) -> WorklistQuery:
    """Any filter of the worklist, in any order."""
    order = draw(orders())
    return WorklistQuery(
        search=draw(st.sampled_from(["", "p0", "gap", "100%", "nobody"])),
        flagged=draw(st.sampled_from([None, True, False])),
        flag_reason=draw(st.sampled_from([None, FlagReason.GAP, FlagReason.DISAGREEMENT])),
        verdict=draw(st.sampled_from([None, Verdict.REJECT])),
        agreement_below=draw(st.sampled_from([None, 0.8])),
        sort=order.sort,
        descending=order.descending,
        limit=order.limit,
    )
