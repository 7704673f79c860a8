"""What a running job notes for those who watch it: by its own worker alone, and gone with its image."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from db import commands, forgetting, job_notes, jobs, queries
from db.job_records import NewJob
from db.moments import now
from db.records import Region
from tests import factories

if TYPE_CHECKING:
    from db.store import Store

REGION = Region((1, 2, 3), (1, 1, 2))


@pytest.fixture
def key(store: Store) -> str:
    with store.begin() as session:
        return commands.add_case(session, factories.case())


@pytest.fixture
def number(store: Store, key: str) -> int:
    """A job about the case that 'ours' runs."""
    with store.begin() as session:
        job = NewJob("outline", "reader A", {"start": "a box"}, "ours", key)
        return jobs.add_job(session, job, lease_until=now() + timedelta(minutes=1))


def keep_partial(store: Store, number: int, value: int = 1) -> str:
    image = store.blobs.put(np.full((1, 1, 2), value, dtype=np.uint8), np.eye(4))
    with store.begin() as session:
        job_notes.note(session, number, "ours", partial=job_notes.partial_note(image.digest, REGION))
    return image.digest


def test_what_is_noted_stands_beside_what_was_asked_until_it_is_taken_away(store: Store, number: int) -> None:
    with store.begin() as session:
        assert job_notes.note(session, number, "ours", stopped=["here"], other=1) == {"start": "a box"}
    with store.begin() as session:
        before = job_notes.note(session, number, "ours", other=None)
        assert before == {"start": "a box", "stopped": ["here"], "other": 1}
    with store.read() as session:
        job = jobs.find(session, number)
    assert job is not None
    assert job.details == {"start": "a box", "stopped": ["here"]}


def test_another_worker_and_one_whose_job_has_ended_note_nothing(store: Store, number: int) -> None:
    with store.begin() as session:
        assert job_notes.note(session, number, "somebody else", stopped=[]) is None
        assert job_notes.note(session, number + 1, "ours", stopped=[]) is None
        jobs.ask_cancel(session, number, now(), ("", "", ""))
        assert job_notes.note(session, number, "ours", stopped=[]) is not None


def test_a_mask_so_far_belongs_to_its_case_while_it_is_noted(store: Store, key: str, number: int) -> None:
    digest = keep_partial(store, number)
    with store.read() as session:
        job = jobs.find(session, number)
        assert digest in queries.blobs_of(session, key)
    assert job is not None
    assert job_notes.partial_of(job.details) == (digest, REGION)
    job_notes.take_partial_away(store, number)
    with store.read() as session:
        assert digest not in queries.blobs_of(session, key)
    assert digest not in store.blobs


def test_the_image_of_a_mask_so_far_stays_where_it_is_kept_or_a_row_names_it(store: Store, number: int) -> None:
    digest = keep_partial(store, number)
    job_notes.remove_partial(store, {"partial": job_notes.partial_note(digest, REGION)}, kept=digest)
    assert digest in store.blobs
    layer = factories.layer(image=store.blobs.put(np.full((1, 1, 2), 1, dtype=np.uint8), np.eye(4)))
    with store.begin() as session:
        commands.add_case(session, factories.case("P7K3QY", layers=(layer,)))
    job_notes.take_partial_away(store, number)
    assert digest in store.blobs
    job_notes.take_partial_away(store, number + 1)


def test_a_patient_who_is_forgotten_takes_the_mask_so_far_along(store: Store, number: int) -> None:
    digest = keep_partial(store, number)
    with store.begin() as session:
        assert digest in forgetting.forget(session, "P7K3QX").images
