"""Ranges of very many values: flat in memory, and whole also where the database breaks off."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services
from hub.services.records.stretches import STRETCH_FIELD
from hub.services.records.wishes import Wish
from hub.values import EVERYTHING, Principal, Stream
from tests.plant import Door, door, reach
from tests.streams import Streams

WIDTH = 600_000
EACH = 600
"""Values of a document, one a second."""
ANYBODY = Principal("k", frozenset(), EVERYTHING, None)


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def filled(streams: Streams, count: int) -> Stream:
    """A stream with a value a second from 1970 on, each its number; straight in the database."""
    stream = streams.new(widths=((0, WIDTH),), late="replace")
    streams.mongo.db["values"].insert_many(
        {
            "_id": {"s": stream.id, "w": WIDTH, "h": first * 1000},
            "v": {str(n * 1000): first + n for n in range(min(EACH, count - first))},
            "a": 0,
            "z": (min(EACH, count - first) - 1) * 1000,
            "r": 1,
        }
        for first in range(0, count, EACH)
    )
    return stream


def peak(plant: Door, url: str) -> tuple[int, int]:
    """How long an answer is, and the most memory that writing it out took; bytes."""
    plant.get(f"{url}&limit=1").get_data()
    tracemalloc.start()
    answer = plant.get(url)
    size = sum(len(chunk) for chunk in answer.iter_encoded())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size, most


def test_a_million_values_are_flat_in_memory(plant: Door, streams: Streams) -> None:
    short, long = filled(streams, 50_000), filled(streams, 1_000_000)
    for url in ("data/{}/value/?from=0", "value/?data={}&from=0"):
        size, most = peak(plant, url.format(long.id))
        less, least = peak(plant, url.format(short.id))
        assert size > 19 * less > 50_000_000
        assert most < 1.5 * least < 20_000_000


def test_values_of_several_streams_are_flat_in_memory(
    client: FlaskClient, services: Services, streams: Streams
) -> None:
    made = [filled(streams, 50_000).id for _ in range(4)]
    some = door(client, services, within=reach(devices=[], streams=made))
    size, most = peak(some, "value/?from=0")
    less, least = peak(some, "value/?from=0&to=20000")
    assert size > 2 * less > 6_000_000
    assert most < 1.5 * least < 20_000_000


def test_a_long_range_is_whole_and_in_order(plant: Door, streams: Streams) -> None:
    stream = filled(streams, 30_000)
    url = f"data/{stream.id}/value/?from=0"
    rows = json.loads(plant.get(url).data)
    assert [row["value"] for row in rows] == list(range(30_000))
    assert rows[29_999]["timestamp"] == "1970-01-01T08:19:59Z"
    for limit in (1, 5_399, 5_400, 5_401, 12_345, 30_001):
        assert json.loads(plant.get(f"{url}&limit={limit}").data) == rows[:limit]
    assert json.loads(plant.get(f"value/?data={stream.id}&from=0&limit=6000").data) == [
        {"id": f"{stream.id}-{n * 1000}", **row} for n, row in enumerate(rows[:6_000])
    ]


def read(services: Services, database: Database[Any], wish: Wish, principal: Principal) -> Any:
    """The values of a range, all cursors of the database killed after each of its batches."""
    found = []
    for batch in services.records.values.in_order(wish, principal):
        for row in batch.rows:
            found += zip(row[STRETCH_FIELD].at.tolist(), row[STRETCH_FIELD].values, strict=True)
        database.client.admin.command("killAllSessions", [])
    return found


def test_a_range_goes_on_where_the_database_broke_off(
    services: Services, database: Database[Any], streams: Streams
) -> None:
    stream = filled(streams, 200_000)
    found = read(services, database, Wish(data=stream.id), ANYBODY)
    assert found == [(n * 1000, n) for n in range(200_000)]


def test_a_range_of_several_streams_goes_on_too(
    services: Services, database: Database[Any], streams: Streams
) -> None:
    made = frozenset(filled(streams, 60_000).id for _ in range(2))
    within = Principal("k", frozenset(), reach(devices=[], streams=made), None)
    found = read(services, database, Wish(), within)
    assert found == [(n * 1000, n) for n in range(60_000) for _ in made]


def test_a_reader_who_goes_away_gives_the_place_back(services: Services, streams: Streams) -> None:
    stream = filled(streams, 30_000)
    for _ in range(40):
        services.records.values.in_order(Wish(data=stream.id), ANYBODY).close()
