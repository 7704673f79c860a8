"""Cases in groups, counted by the database: labels, sums, and the same rule of acceptance as everywhere."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from db import case_values, commands, measurements
from db.failure_groups import Rule, groups, tertiles_of_size
from db.failure_records import Attribute, CaseError, CaseTrait, Cuts, Group
from db.measurement_records import Headline
from db.vocabulary import LabelSource, Sex, Verdict
from services.failure.acceptance import LARGEST_ERROR_MM, LEAST_DICE, acceptance_of
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

RULE = Rule(LEAST_DICE, LARGEST_ERROR_MM)
CUTS = Cuts(3.0, 100.0, (40.0, 60.0), (0.2, 0.4))


def add(store: Store, patient: str, values: dict[str, float] | None = None, **said: Any) -> str:
    with store.begin() as session:
        series = factories.series(facts=said.pop("facts", {}), spacing_mm=said.pop("spacing", (3.0, 1.0, 1.0)))
        key = commands.add_case(session, factories.case(patient, series=series, **said))
        case_values.set_values(session, key, dict(values or {}))
    return key


def found(store: Store, error: str = CaseError.HD95, cuts: Cuts = CUTS) -> tuple[Group, ...]:
    with store.read() as session:
        return groups(session, error, cuts, RULE)


def label(group: Group, attribute: Attribute) -> str:
    return group.labels[list(Attribute).index(attribute)]


def test_what_is_known_of_a_case_is_its_labels(store: Store) -> None:
    facts = {"model": "scanner A", "kernel": "soft", "slice_thickness_mm": 2.0}
    values = {CaseTrait.DENSITY: 40.0, CaseTrait.THROMBUS: 0.3}
    key = add(store, "P1", values, facts=facts, source=LabelSource.SYNTHETIC, sex=Sex.FEMALE)  # type: ignore[arg-type]
    with store.begin() as session:
        measurements.set_measurements(session, key, [], Headline(61.0, None, None, None), {})
    (group,) = found(store)
    assert group.labels == ("generated", "scanner A", "soft", "low", "low", "F", "high", "middle")


def test_what_is_not_known_has_an_empty_label_and_slices_are_as_thick_as_they_lie_apart(store: Store) -> None:
    add(store, "P1")
    assert found(store)[0].labels == ("real", "", "", "high", "", "", "", "")


def test_errors_are_summed_over_the_cases_that_have_one(store: Store) -> None:
    for number, error in enumerate((1.0, 3.0)):
        add(store, f"P{number}", {CaseError.HD95: error})
    add(store, "P9")
    (group,) = found(store)
    assert group[1:] == (3, 0, 0, 2, 4.0, 10.0)


def test_rare_scanners_are_counted_together(store: Store) -> None:
    for number in range(8):
        add(store, f"P{number}", facts={"model": f"scanner {number}"})
    add(store, "P9", facts={"model": "scanner 7"})
    counted = {label(group, Attribute.SCANNER): group.cases for group in found(store)}
    assert counted == {"scanner 7": 2, **{f"scanner {number}": 1 for number in range(5)}, "other": 2}


@pytest.mark.parametrize(
    ("dice", "error"),
    [*itertools.product((None, 0.79, LEAST_DICE), (None, LARGEST_ERROR_MM - 0.1, LARGEST_ERROR_MM))],
)
def test_the_database_judges_as_the_rule_of_acceptance(store: Store, dice: float | None, error: float | None) -> None:
    values = {name: value for name, value in ((CaseError.DICE, dice), (CaseError.DIAMETER, error)) if value is not None}
    expected = [acceptance_of(verdict, dice=dice, diameter_error_mm=error) for verdict in (None, *Verdict)]
    for number, verdict in enumerate((None, *Verdict)):
        key = add(store, f"P{number}", values, facts={"kernel": f"{number}"})  # type: ignore[arg-type]
        if verdict is not None:
            with store.begin() as session:
                commands.add_review(session, key, factories.review(verdict))
    judged = {label(group, Attribute.KERNEL): (group.judged, group.failed) for group in found(store)}
    assert [judged[f"{number}"] for number in range(len(expected))] == [
        (0, 0) if one.unacceptable is None else (1, int(one.unacceptable)) for one in expected
    ]


def test_tertiles_cut_the_cases_with_a_diameter_into_thirds(store: Store) -> None:
    with store.read() as session:
        assert tertiles_of_size(session) == ()
    for number in range(6):
        key = add(store, f"P{number}")
        with store.begin() as session:
            measurements.set_measurements(session, key, [], Headline(40.0 + number, None, None, None), {})
    with store.read() as session:
        assert tertiles_of_size(session) == (41.0, 43.0)
