"""Which scans a model is measured on: enough persons in every stratum, each once, and none that networks learnt."""

from __future__ import annotations

from collections import defaultdict

from services.evaluation.held_out import Generator, held_out
from services.evaluation.results import NONE
from services.phantom.structures import Factor
from services.segmentation.training_set import TRAINING_SEED, VALIDATION_SEED

PERSONS = 3


def test_every_stratum_of_both_generators_has_enough_persons_each_with_one_scan() -> None:
    cases = held_out(PERSONS, pairs=False)
    for generator in Generator:
        here = [case for case in cases if case.generator is generator]
        assert len({case.plan.seed for case in here}) == len(here)
        strata = defaultdict(set)
        for case in here:
            for stratum in case.factors or (NONE,):
                strata[stratum].add(case.plan.seed)
        assert set(strata) == {*Factor, NONE}
        assert min(map(len, strata.values())) >= PERSONS


def test_each_factor_of_a_scan_comes_also_as_a_pair_without_it() -> None:
    cases = held_out(1)
    for case in (case for case in cases if case.removed is None):
        pairs = [one for one in cases if one.name == case.name and one.generator is case.generator and one.removed]
        assert [pair.removed for pair in pairs] == list(case.factors)
        assert all(pair.plan.factors == case.plan.factors - {pair.removed} for pair in pairs)


def test_no_scan_has_a_seed_that_networks_learnt_from() -> None:
    assert all(case.plan.seed < min(TRAINING_SEED, VALIDATION_SEED) for case in held_out(4, pairs=False))
