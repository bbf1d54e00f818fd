"""Values that a device was not sure of: stored with that, told at the plant API only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services
from hub.services.devices.readings import Sink
from hub.values import Place, Stream
from tests.integration.storing import places
from tests.integration.storing.places import settled, taken
from tests.plant import Door, door
from tests.streams import Streams

START = 1_700_000_000_000
AT = START // 1_000
SURE, UNSURE = {"quality": "good"}, {"quality": "uncertain"}


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


@pytest.fixture(scope="module")
def plant_door(services: Services, client: FlaskClient) -> Door:
    return door(client, services)


@pytest.fixture
def sink(streams: Streams, tmp_path: Path) -> Iterator[Sink]:
    with places.sink(streams, tmp_path / "polled") as opened:
        yield opened


@pytest.fixture
def stream(streams: Streams, sink: Sink) -> Stream:
    """A data stream of three values, of which the middle one is uncertain."""
    made = streams.new(late="replace", place=Place(device=1))
    sink.offer(taken(made, (START, 1.5), (START + 2_000, 3.5)))
    sink.offer(taken(made, (START + 1_000, 2.5), **UNSURE))
    settled(sink)
    return made


def told(rows: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(row["value"], row.get("quality")) for row in rows]


IN_ORDER = [(1.5, None), (2.5, "uncertain"), (3.5, None)]


def test_every_list_tells_it(plant_door: Door, stream: Stream) -> None:
    newest = plant_door.get(f"data/{stream.id}/value/").json
    assert told(newest) == IN_ORDER[::-1]
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}").json) == IN_ORDER
    assert told(plant_door.get(f"value/?data={stream.id}").json) == IN_ORDER[::-1]
    assert told(plant_door.get(f"value/?data={stream.id}&from={AT}").json) == IN_ORDER
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}&limit=2").json) == IN_ORDER[:2]
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}&limit=1").json) == IN_ORDER[:1]


def test_lists_across_data_streams_tell_it(plant_door: Door, stream: Stream) -> None:
    every = plant_door.get(f"value/?from={AT}&to={AT + 3}").json
    assert told([row for row in every if row["data"] == stream.id]) == IN_ORDER


def test_a_single_value_tells_it(plant_door: Door, stream: Stream) -> None:
    ids = [f"{stream.id}-{START + shift}" for shift in (0, 1_000)]
    assert [plant_door.get(f"value/{each}/").json.get("quality") for each in ids] == [
        None,
        "uncertain",
    ]


def test_a_value_that_is_good_has_no_such_field(plant_door: Door, stream: Stream) -> None:
    (row,) = plant_door.get(f"data/{stream.id}/value/?to={AT}").json
    assert list(row) == ["data", "timestamp", "value"]


@pytest.mark.parametrize("value", [2.5, 9])
def test_a_value_that_is_changed_loses_it(plant_door: Door, stream: Stream, value: float) -> None:
    answer = plant_door.post(f"data/{stream.id}/value/", timestamp=AT + 1, value=value)
    assert answer.status_code == 201
    assert "quality" not in answer.json
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}").json)[1] == (value, None)


def test_values_of_many_that_are_changed_lose_it(
    plant_door: Door, streams: Streams, stream: Stream
) -> None:
    other = streams.new(late="replace", place=Place(device=1))
    body = [{"data": one.id, "timestamp": AT + 1, "value": 2.5} for one in (stream, other)]
    assert plant_door.ask("POST", "value/", body).status_code == 201
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}").json)[1] == (2.5, None)


def test_a_value_that_is_appended_over_it_loses_it(
    streams: Streams, plant_door: Door, stream: Stream
) -> None:
    streams.append(stream, [(AT + 1, 2.5)])
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}").json)[1] == (2.5, None)


def test_a_stream_that_left_its_device_keeps_the_mark_of_the_same_value_only(
    streams: Streams, plant_door: Door, stream: Stream
) -> None:
    left = streams.services.streams.of(stream.id)
    streams.mongo.db["streams"].update_one({"_id": left.id}, {"$set": {"device": None}})
    assert plant_door.post(f"data/{stream.id}/value/", timestamp=AT + 1, value=9).status_code == 201
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT}").json)[1] == (9, None)


def test_the_device_being_sure_after_all_takes_it_away(
    sink: Sink, plant_door: Door, stream: Stream
) -> None:
    sink.offer(taken(stream, (START + 4_000, 4.5), **UNSURE))
    settled(sink)
    sink.offer(taken(stream, (START + 4_000, 4.5), **SURE))
    settled(sink)
    assert told(plant_door.get(f"data/{stream.id}/value/?from={AT + 4}").json) == [(4.5, None)]


def test_what_waited_keeps_it(sink: Sink, plant_door: Door, stream: Stream) -> None:
    sink.hold()
    sink.offer(taken(stream, (START + 5_000, 5.5), **UNSURE))
    sink.offer(taken(stream, (START + 6_000, 6.5)))
    sink.release()
    settled(sink)
    rows = plant_door.get(f"data/{stream.id}/value/?from={AT + 5}").json
    assert told(rows) == [(5.5, "uncertain"), (6.5, None)]


def test_nobody_sends_it(plant_door: Door, stream: Stream) -> None:
    sent = {"timestamp": AT, "value": 1, "quality": "uncertain"}
    assert plant_door.post(f"data/{stream.id}/value/", **sent).status_code == 400


def test_the_other_door_tells_values_as_ever(
    streams: Streams, plant_door: Door, stream: Stream
) -> None:
    streams.downsample()
    answer = plant_door.get(f"v1/stream/{stream.uuid}/?granularity=seconds")
    assert [one["v"] for one in answer.json["datapoints"]] == [1.5, 2.5, 3.5]
    assert b"uncertain" not in answer.data
