"""Downsampling that does not come to an end in one run: every stream has its turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.levels import ROLLUPS
from hub.services.streams.upkeep import downsample
from hub.services.streams.upkeep.downsample import RUN_S, Downsampling
from hub.settings import Settings
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups, collection_name
from hub.store.streams.streams import Streams as Rows
from hub.wiring import open_hub
from tests.conftest import fresh
from tests.streams import Streams

START = 1_600_000_000


@pytest.fixture
def alone(mongo_uri: str) -> Iterator[Streams]:
    """Streams of a database in which nothing else is marked."""
    with fresh(mongo_uri) as database:
        hub = open_hub(Settings(mongo_uri=mongo_uri, mongo_db=database.name, secret="s" * 40))
        yield Streams(hub.services, database)
        hub.close()


@pytest.fixture
def one_document_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first batch, of one document, a run is over its time."""
    ticks = count(0.0, 0.6 * RUN_S)
    monkeypatch.setattr(downsample, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(downsample, "BATCH", 1)


def carried(database: Database[Any]) -> set[int]:
    """The streams that have a level."""
    return {row["_id"]["s"] for row in database[collection_name(ROLLUPS[0])].find({}, {"_id": 1})}


@pytest.mark.usefixtures("one_document_a_run")
def test_a_stream_that_always_changes_keeps_no_other_waiting(alone: Streams) -> None:
    some = [alone.new() for _ in range(3)]
    for stream in some:
        alone.append(stream, [(START, 1)])
    upkeep = Downsampling(Rows(alone.mongo), PointStore(alone.mongo), Rollups(alone.mongo))
    whole = []
    for number in range(1, 5):
        whole.append(upkeep.run(number, Event()).whole)
        alone.append(some[0], [(START + number, 1)])
    assert carried(alone.mongo.db) == {stream.id for stream in some}
    assert whole == [False, False, True, True]


@pytest.mark.usefixtures("one_document_a_run")
def test_what_changed_behind_is_seen_by_the_next_round(alone: Streams) -> None:
    first, second = alone.new(), alone.new()
    for stream in (first, second):
        alone.append(stream, [(START, 1)])
    upkeep = Downsampling(Rows(alone.mongo), PointStore(alone.mongo), Rollups(alone.mongo))
    upkeep.run(1, Event())
    alone.append(first, [(START + 100, 1)])
    while alone.mongo.db["values"].count_documents({"d": True}):
        assert upkeep.run(2, Event()).documents <= 1
    assert carried(alone.mongo.db) == {first.id, second.id}
