"""Two uncertainties kept apart: known answers, and what is missing is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.uncertainty.decomposition import Decomposition, Uncertainty
from services.uncertainty.expert_guided import of_two_heads, two_uncertainties
from services.uncertainty.names import ENTROPIES, UNITS, VARIANCES, Measure, Method, largest


def ensemble(*members: tuple[float, ...]) -> Uncertainty:
    """Each member's probabilities of one voxel."""
    sums = Decomposition()
    for probabilities in members:
        sums.add(np.array(probabilities).reshape(-1, 1, 1, 1))
    return sums.result()


def test_aleatoric_is_what_the_taught_networks_expect_and_epistemic_what_the_others_disagree_about() -> None:
    """A: 1 and 0.6 for the first class, variance 0.04 in each of two classes. B: 0.5 and 0.9, p(1-p) 0.25 and 0.09."""
    found = two_uncertainties(ensemble((1, 0, 0), (0.6, 0.4, 0)), ensemble((0.5, 0.5, 0), (0.9, 0.1, 0)))
    assert found.method is Method.TWO_ENSEMBLES
    assert found.epistemic is not None
    assert found.epistemic.item() == pytest.approx(0.08)
    assert found.aleatoric is not None
    assert found.aleatoric.item() == pytest.approx(0.25 + 0.09)
    assert found.total is not None
    assert found.total.item() == pytest.approx(0.42)
    assert not found.missing


def test_without_networks_that_learnt_from_readers_there_is_no_aleatoric_part_and_no_total() -> None:
    found = two_uncertainties(ensemble((1, 0), (0, 1)))
    assert (found.method, found.aleatoric, found.total) == (Method.ENSEMBLE, None, None)
    assert found.epistemic is not None
    assert found.epistemic.item() == pytest.approx(largest(Measure.EPISTEMIC, 2))
    assert "learnt from several readers" in found.missing["aleatoric"]
    assert set(found.missing) == {"aleatoric", "total"}


def test_one_member_alone_has_neither_and_both_reasons_are_said() -> None:
    found = two_uncertainties(ensemble((0.7, 0.3)))
    assert (found.aleatoric, found.epistemic, found.total) == (None, None, None)
    assert "at least two members" in found.missing["epistemic"]
    assert set(found.missing) == set(VARIANCES)


def test_one_member_beside_networks_that_learnt_from_readers_lacks_the_epistemic_part_alone() -> None:
    found = two_uncertainties(ensemble((0.7, 0.3)), ensemble((0.5, 0.5)))
    assert found.aleatoric is not None
    assert found.aleatoric.item() == 0.5
    assert set(found.missing) == {"epistemic", "total"}


def test_one_network_squares_the_spread_that_it_learnt_and_no_variance_exceeds_its_bound() -> None:
    soft = np.array([0.5, 0.25, 0.25]).reshape(3, 1, 1, 1).repeat(2, axis=3)
    found = of_two_heads(soft, np.array([[[0.3, 5.0]]]))
    assert (found.method, dict(found.missing)) == (Method.LIGHT, {})
    assert found.aleatoric is not None
    np.testing.assert_allclose(found.aleatoric, 0.25 + 2 * 0.1875)
    assert found.epistemic is not None
    np.testing.assert_allclose(found.epistemic, [[[0.09, 2 / 3]]], rtol=1e-6)


@given(st.integers(2, 6), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_no_map_leaves_its_scale(members: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [rng.dirichlet(np.full(classes, 0.05), members) for _ in range(2)]
    found = two_uncertainties(*(ensemble(*map(tuple, one)) for one in drawn))
    for measure, values in zip(VARIANCES, (found.aleatoric, found.epistemic, found.total), strict=True):
        assert values is not None
        assert 0 <= values.item() <= largest(measure, classes) + 1e-6


def test_every_measure_has_a_unit_and_a_largest_value() -> None:
    assert {UNITS[measure] for measure in ENTROPIES} == {"nats"}
    assert {UNITS[measure] for measure in (*VARIANCES, Measure.SOFTMAX)} == {"1"}
    assert largest(Measure.PREDICTIVE, 3) == pytest.approx(np.log(3))
    assert [largest(measure, 3) for measure in VARIANCES] == pytest.approx([2 / 3, 2 / 3, 4 / 3])
