"""Datasets that feed streams, the hard way: long histories, corrections, filters, neighbours."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from threading import Event
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from hub.series.selection import Selection
from hub.services import Services
from hub.services.streams.upkeep.feeding import BATCH
from hub.values import Feed, Stream
from tests.conftest import Access
from tests.integration.test_stream_feeding import values
from tests.streams import Streams

OLD = 1_700_000_000


@pytest.fixture
def streams(services: Services, database: Database) -> Streams:
    """Nothing is fed but what the test declares: what others left behind would have its turns."""
    database["streams"].update_many({}, {"$set": {"feed": None}})
    return Streams(services, database)


def arrived(streams: Streams, dataset: Access, documents: Iterable[dict[str, Any]]) -> None:
    """Documents as they lie in the store, one a second, the first one at ``OLD``."""
    place = secrets.randbits(40)
    rows = [
        {"_id": ObjectId((OLD + n << 64 | place).to_bytes(12, "big")), "_timestamp": OLD + n}
        | {"_datasetid": dataset.uuid, **fields}
        for n, fields in enumerate(documents)
    ]
    streams.mongo.db["documents"].insert_many(rows)


def fed(streams: Streams, dataset: Access, **how: Any) -> Stream:
    late = how.pop("late", "keep")
    return streams.new(late=late, feed=Feed(dataset.uuid, "v", **how))


def run(streams: Streams, seconds: float = 60) -> int:
    return streams.services.feeding.run(seconds, Event())


def test_a_correction_counts_however_much_lies_between(streams: Streams, dataset: Access) -> None:
    stream = fed(streams, dataset, late="replace", time_field="at")
    others = ({"at": OLD + n, "v": n} for n in range(1, BATCH + 2))
    arrived(streams, dataset, [{"at": OLD, "v": -1}, *others, {"at": OLD, "v": -2}])
    run(streams)
    run(streams)
    assert values(streams, stream, limit=2) == [-2, 1]


def test_a_correction_by_put_counts_after_the_history(
    streams: Streams, dataset: Access, services: Services, client: Any
) -> None:
    stream = fed(streams, dataset, late="replace", time_field="at")
    arrived(streams, dataset, [{"at": OLD, "v": -1}])
    client.put(dataset.url, json=[{"at": OLD, "v": -2}, {"at": OLD, "v": -3}], auth=dataset.auth)
    run(streams)
    run(streams)
    assert values(streams, stream) == [-3]


def test_progress_counts_what_a_filter_leaves_out(streams: Streams, dataset: Access) -> None:
    count = 2 * BATCH + 7
    stream = fed(streams, dataset, filter={"wanted": True})
    arrived(streams, dataset, ({"v": n, "wanted": n in (3, count - 1)} for n in range(count)))
    run(streams)
    told = streams.services.streams.facts(stream)["backfill"]
    assert values(streams, stream) == [3, count - 1]
    assert (told["documents"], told["total"], told["done"]) == (count, count, True)


def test_a_long_history_keeps_no_other_waiting(
    streams: Streams, dataset: Access, services: Services
) -> None:
    made = services.datasets.create("another")
    other = Access(made.dataset.uuid, made.access.secret)
    long, short = fed(streams, dataset), fed(streams, other)
    arrived(streams, dataset, ({"v": n} for n in range(3 * BATCH)))
    arrived(streams, other, [{"v": 1}])
    for _ in range(3):
        run(streams, seconds=0)
    assert values(streams, short) == [1]
    assert not streams.services.streams.facts(long)["backfill"]["done"]


def test_a_dataset_that_cannot_be_read_keeps_no_other_waiting(
    streams: Streams, dataset: Access
) -> None:
    fed(streams, dataset, filter={"$nonsense": 1})
    stream = fed(streams, dataset)
    arrived(streams, dataset, [{"v": 1}, {"v": 2}])
    run(streams)
    assert values(streams, stream) == [1, 2]


def test_nothing_is_done_before_what_came_in_just_now_is_there(
    streams: Streams, dataset: Access, client: Any
) -> None:
    stream = fed(streams, dataset)
    for _ in range(2):
        client.put(dataset.url, json=[{"v": n} for n in range(BATCH)], auth=dataset.auth)
    done = []
    for _ in range(4):
        run(streams, seconds=0)
        there = streams.services.readings.read(stream, Selection(limit=0)).total
        done.append((streams.services.streams.facts(stream)["backfill"]["done"], there))
    assert done[0] == (False, BATCH)
    assert done[-1] == (True, 2 * BATCH)
