"""The triage of a stored case: flags with places, the random draw once for ever, and nothing done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from db import audit_draws, case_values, commands, findings
from db.vocabulary import FlagReason, Outcome
from services import triaging, workflow
from services.failure import audit
from services.failure.triage import FEWEST, SIGNALS
from services.imaging.progress import silent
from tests import factories

if TYPE_CHECKING:
    from db.records import NewFlag
    from services.desk import Desk

EPISTEMIC, DOUBT = (one.key for one in SIGNALS)


def triaged(desk: Desk, key: str, share: float = 0.0) -> Outcome:
    return triaging.bring_up_to_date(desk.store, key, silent, share)


def flags(desk: Desk, key: str, reason: FlagReason) -> list[NewFlag]:
    return [flag for flag in workflow.case_page(desk, key).flags if flag.reason is reason]


def others(desk: Desk, count: int, value: float = 0.1) -> None:
    """Further cases with this value of both signals."""
    with desk.store.begin() as session:
        for number in range(count):
            key = commands.add_case(session, factories.case(f"other {number}"))
            case_values.set_values(session, key, {EPISTEMIC: value, DOUBT: value})


def valued(desk: Desk, key: str, epistemic: float, doubt: float) -> None:
    with desk.store.begin() as session:
        case_values.set_values(session, key, {EPISTEMIC: epistemic, DOUBT: doubt})


def unflagged(desk: Desk, key: str) -> None:
    """Take the flags of all other runs away, as if nothing had been found."""
    with desk.store.begin() as session:
        for kind in (findings.FINDINGS, findings.MEASUREMENT, findings.AGREEMENT, findings.TRIAGE):
            case = findings.case_named(session, key)
            findings.add_run(session, case, kind, {})
            findings.show_flags(session, case)


def test_measuring_a_case_triages_it_once(desk: Desk, key: str) -> None:
    with desk.store.read() as session:
        case = findings.case_named(session, key)
        assert findings.current_runs(session, case.id)
    assert triaged(desk, key) is Outcome.UNCHANGED


def test_a_high_signal_is_a_flag_that_leads_to_its_place(desk: Desk, key: str) -> None:
    others(desk, FEWEST)
    valued(desk, key, 0.5, 0.05)
    assert triaged(desk, key) is Outcome.EXTENDED
    (flag,) = flags(desk, key, FlagReason.UNCERTAIN)
    assert flag.text.startswith("Epistemic doubt sits ")
    assert flag.text.endswith(f"higher than in all {FEWEST} other cases.")
    assert flag.place is not None
    assert flag.slices is not None
    assert flag.slices[0] <= flag.place[0] <= flag.slices[1]
    assert flag.text in {one.text for one in workflow.case_page(desk, key).flags}
    assert triaged(desk, key) is Outcome.UNCHANGED


def test_signals_stand_side_by_side(desk: Desk, key: str) -> None:
    others(desk, FEWEST)
    valued(desk, key, 0.5, 0.5)
    triaged(desk, key)
    assert len(flags(desk, key, FlagReason.UNCERTAIN)) == 2


def test_a_signal_that_is_no_longer_high_is_flagged_no_more(desk: Desk, key: str) -> None:
    others(desk, FEWEST)
    valued(desk, key, 0.5, 0.5)
    triaged(desk, key)
    valued(desk, key, 0.05, 0.05)
    assert triaged(desk, key) is Outcome.EXTENDED
    assert flags(desk, key, FlagReason.UNCERTAIN) == []


def test_a_case_with_a_flag_is_never_drawn(desk: Desk, key: str) -> None:
    assert workflow.case_page(desk, key).flags
    triaged(desk, key, share=1.0)
    with desk.store.read() as session:
        assert audit_draws.of_case(session, key) is None
    assert flags(desk, key, FlagReason.AUDIT) == []


@pytest.fixture
def sound(desk: Desk, key: str) -> str:
    """The case as one that nothing points at."""
    unflagged(desk, key)
    return key


def test_a_case_without_a_flag_is_drawn_once_and_for_ever(desk: Desk, sound: str) -> None:
    assert triaged(desk, sound, share=1.0) is Outcome.EXTENDED
    (flag,) = flags(desk, sound, FlagReason.AUDIT)
    assert flag == audit.audit_flag()
    with desk.store.read() as session:
        found = audit_draws.of_case(session, sound)
    assert found is not None
    assert (found.drawn, found.probability) == (True, 1.0)
    valued(desk, sound, 0.2, 0.2)
    assert triaged(desk, sound, share=0.0) is Outcome.EXTENDED
    assert flags(desk, sound, FlagReason.AUDIT) == [flag], "what was drawn stays drawn"


def test_a_case_that_was_not_drawn_is_noted_with_its_probability(desk: Desk, sound: str) -> None:
    share = audit.lot_of(workflow.case_page(desk, sound).series.image.digest) / 2
    triaged(desk, sound, share=share)
    with desk.store.read() as session:
        found = audit_draws.of_case(session, sound)
    assert found is not None
    assert (found.drawn, found.probability) == (False, share)
    assert flags(desk, sound, FlagReason.AUDIT) == []


def test_without_a_share_nothing_is_noted_until_there_is_one(desk: Desk, sound: str) -> None:
    triaged(desk, sound, share=0.0)
    with desk.store.read() as session:
        assert audit_draws.draws(session) == ()
    assert triaged(desk, sound, share=0.0) is Outcome.UNCHANGED
    assert triaged(desk, sound, share=0.01) is Outcome.EXTENDED
    assert triaged(desk, sound, share=0.01) is Outcome.UNCHANGED
    with desk.store.read() as session:
        assert len(audit_draws.draws(session)) == 1
