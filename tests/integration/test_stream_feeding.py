"""Streams that a dataset's field feeds: from the first document on, none lost, none twice."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.series.selection import Selection
from hub.services import Services
from hub.services.streams.upkeep.feeding import BATCH, arrival
from hub.values import Feed, Stream
from tests.conftest import Access
from tests.streams import Streams

OLD = 1_700_000_000


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def feed(streams: Streams) -> None:
    """What the worker does."""
    streams.services.feeding.run(60, Event())
    streams.downsample()


def fed(streams: Streams, dataset: Access, field: str = "v", **changes: Any) -> Stream:
    wanted = {key: changes.pop(key) for key in ("filter", "time_field") if key in changes}
    return streams.new(feed=Feed(dataset.uuid, field, **wanted), **changes)


def values(streams: Streams, stream: Stream, **asked: Any) -> list[Any]:
    asked.setdefault("limit", 10_000)
    reading = streams.services.readings.read(stream, Selection(**asked))
    return [point["v"] for point in reading.points]


def put_old(streams: Streams, dataset: Access, second: int, place: int, **fields: Any) -> None:
    """A document that arrived long ago, as it would lie in the store."""
    number = (second << 64) | place
    streams.mongo.db["documents"].insert_one(
        {
            "_id": ObjectId(number.to_bytes(12, "big")),
            **fields,
            "_datasetid": dataset.uuid,
            "_timestamp": second,
        }
    )


def test_every_put_feeds_the_stream(streams: Streams, client: FlaskClient, dataset: Access) -> None:
    stream = fed(streams, dataset, "air.temperature")
    feed(streams)
    client.put(dataset.url, json={"air": {"temperature": 20}}, auth=dataset.auth)
    batch = [{"air": {"temperature": t}} for t in (20.5, 21, None)]
    client.put(dataset.url, json=batch, auth=dataset.auth)
    feed(streams)
    feed(streams)
    assert values(streams, stream) == [20, 20.5, 21, None]


def test_what_is_no_number_is_no_datapoint(
    streams: Streams, client: FlaskClient, dataset: Access
) -> None:
    stream = fed(streams, dataset)
    batch = [{"v": "20"}, {"v": True}, {"w": 1}, {"v": [1]}, {"v": {"x": 1}}, {"v": 7}]
    client.put(dataset.url, json=batch, auth=dataset.auth)
    feed(streams)
    assert values(streams, stream) == [7]


def test_a_filter_chooses_the_documents(
    streams: Streams, client: FlaskClient, dataset: Access
) -> None:
    stream = fed(streams, dataset, filter={"station": {"$in": ["a", "b"]}})
    batch = [{"station": s, "v": n} for n, s in enumerate("abcab")]
    client.put(dataset.url, json=batch, auth=dataset.auth)
    feed(streams)
    assert values(streams, stream) == [0, 1, 3, 4]


def test_history_is_backfilled_and_its_progress_told(streams: Streams, dataset: Access) -> None:
    count = BATCH + 500
    rows = range(count)
    documents = [
        {
            "_id": ObjectId(((OLD + n // 3 << 64) | n % 3).to_bytes(12, "big")),
            "v": n,
            "_datasetid": dataset.uuid,
            "_timestamp": OLD + n // 3,
        }
        for n in rows
    ]
    streams.mongo.db["documents"].insert_many(documents)
    stream = fed(streams, dataset)
    feed(streams)
    told = streams.services.streams.facts(stream)["backfill"]
    assert told["done"] is True
    assert (told["documents"], told["total"], told["skipped"]) == (count, count, 0)
    assert values(streams, stream) == list(rows)
    levels = streams.services.readings.read(stream, Selection(granularity="minutes"))
    assert levels.points[0]["v"]["c"] + levels.points[1]["v"]["c"] > 180


def test_a_document_that_shows_late_is_found_and_none_is_doubled(
    streams: Streams, dataset: Access
) -> None:
    stream = fed(streams, dataset)
    put_old(streams, dataset, OLD + 10, 77, v=1)
    feed(streams)
    put_old(streams, dataset, OLD + 12, 77, v=2)
    streams.services.feeding._progress.note(stream.id, settled=ObjectId(bytes(12)))
    feed(streams)
    feed(streams)
    assert values(streams, stream) == [1, 2]


def test_the_time_may_stand_in_the_document(
    streams: Streams, client: FlaskClient, dataset: Access
) -> None:
    stream = fed(streams, dataset, time_field="at")
    batch = [
        {"at": "2020-01-01T00:00:02Z", "v": 2},
        {"at": 1577836801, "v": 1},
        {"at": "2020-01-01T00:00:02Z", "v": 3},
        {"at": "yesterday", "v": 4},
    ]
    client.put(dataset.url, json=batch, auth=dataset.auth)
    feed(streams)
    reading = streams.services.readings.read(stream, Selection())
    assert [(p["t"], p["v"]) for p in reading.points] == [
        ("2020-01-01T00:00:01Z", 1),
        ("2020-01-01T00:00:02Z", 2),
        ("2020-01-01T00:00:02Z", 3),
    ]


def test_an_id_tells_its_arrival() -> None:
    number = (OLD << 64) | (123_456 << 44) | (7 << 20) | 9
    at, place = arrival(ObjectId(number.to_bytes(12, "big")))
    assert at == OLD * 1000 + 123
    assert place == (456 << 44) | (7 << 20) | 9
