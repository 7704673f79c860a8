"""Embeddings are named by rows as images are, and may go at any time without anybody missing them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select, update

from db import commands, embeddings, forgetting, models, portable, upkeep
from db.embeddings import Place
from db.moments import now
from tests import factories

if TYPE_CHECKING:
    from db.records import BlobRef
    from db.store import Store

PLACE = Place("model@1", "-100..500", 0, 30, "whole")


def stored_case(store: Store) -> str:
    with store.begin() as session:
        return commands.add_case(session, factories.case())


def stored_image(store: Store, value: int = 0) -> BlobRef:
    return store.blobs.put(np.full((2, 3, 4), value, np.uint16), np.eye(4))


def keep(store: Store, key: str, image: BlobRef, place: Place = PLACE) -> bool:
    with store.begin() as session:
        return embeddings.keep(store, session, key, place, image)


def found(store: Store, key: str, place: Place = PLACE) -> BlobRef | None:
    with store.read() as session:
        return embeddings.find(session, key, place)


def last_used(store: Store, days_ago: float) -> None:
    with store.begin() as session:
        session.execute(update(models.Embedding).values(used_at=now() - timedelta(days=days_ago)))


def test_what_is_kept_is_found_at_its_place_alone(store: Store) -> None:
    key, image = stored_case(store), stored_image(store)
    assert keep(store, key, image)
    assert found(store, key) == image
    assert found(store, key, PLACE._replace(slice_index=31)) is None
    assert found(store, key, PLACE._replace(windows="-160..240")) is None
    assert found(store, stored_case(store)) is None


def test_a_new_one_takes_the_place_of_the_one_before(store: Store) -> None:
    key = stored_case(store)
    assert keep(store, key, stored_image(store, 1))
    assert keep(store, key, stored_image(store, 2))
    assert found(store, key) == stored_image(store, 2)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Embedding)) == 1


def test_nothing_is_kept_of_a_case_or_an_image_that_is_gone(store: Store) -> None:
    image = stored_image(store)
    assert not keep(store, "P0000000-1", image)
    store.blobs.delete(image.digest)
    assert not keep(store, stored_case(store), image)


def test_its_image_is_no_orphan_until_it_is_let_go_of(store: Store) -> None:
    key, image = stored_case(store), stored_image(store)
    assert keep(store, key, image)
    assert upkeep.remove_unnamed(store, [image.digest]).images == 0
    last_used(store, days_ago=31)
    with store.begin() as session:
        assert embeddings.drop_unused(session, now() - timedelta(days=30)) == 1
    assert upkeep.remove_unnamed(store, [image.digest]).images == 1


def test_a_use_is_written_down_once_a_day(store: Store) -> None:
    key = stored_case(store)
    keep(store, key, stored_image(store))
    with store.begin() as session:
        assert not embeddings.is_stale(session, key, PLACE)
    last_used(store, days_ago=2)
    with store.begin() as session:
        assert embeddings.is_stale(session, key, PLACE)
        embeddings.touch(session, key, PLACE)
        assert embeddings.count_unused(session, now() - timedelta(days=1)) == 0


def test_a_patient_who_goes_takes_them_along(store: Store) -> None:
    key, image = stored_case(store), stored_image(store)
    keep(store, key, image)
    with store.begin() as session:
        gone = forgetting.forget(session, key.partition("-")[0])
    assert image.digest in gone.images
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(models.Embedding)) == 0


def test_they_stay_behind_when_a_store_is_moved(store: Store) -> None:
    key = stored_case(store)
    keep(store, key, stored_image(store))
    with store.read() as session:
        assert list(portable.lines(session, "embedding")) == []
        assert "embedding" in portable.tables()
