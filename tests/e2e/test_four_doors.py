"""The same readings at each of the four doors: datasets, streams, the plant API, OData.

They come in as documents; a stream is fed by them. Numbers are compared as they are written, times
to the millisecond where the door tells them, and to the second where it does not.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.live import PATIENCE_S, Live, wait_until

SCOPES = ("dataset:write", "stream:write", "value:read", "data:read")
FIRST = 1_777_636_800_000
"""2026-05-01T12:00:00Z, in milliseconds."""
READINGS = (
    ("2026-05-01T12:00:00Z", "21.5"),
    ("2026-05-01T12:00:01.250Z", "0.1"),
    ("2026-05-01T12:00:02.999Z", "-40"),
    ("2026-05-01T14:00:04+02:00", "9007199254740993"),
    ("2026-05-01T12:00:05", "1e-7"),
    ("2026-05-01T12:00:06Z", "1e+300"),
    ("2026-05-01T12:00:07Z", "3.0"),
    ("2026-05-01T12:00:08Z", "9223372036854775807"),
    ("2026-05-01T12:00:09Z", "5e-324"),
)
OFFSETS = (0, 1250, 2999, 4000, 5000, 6000, 7000, 8000, 9000)
EXACT = [(FIRST + ms, number) for ms, (_, number) in zip(OFFSETS, READINGS, strict=True)]
"""What was sent: milliseconds since 1970, and the number as it is written."""
SECONDS = [(ms // 1000 * 1000, number) for ms, number in EXACT]
Row = tuple[int, str]


@dataclass(frozen=True)
class Sensor:
    """A dataset, the stream that it feeds, and a key that opens both at every door."""

    root: str
    key: str
    dataset: str
    uuid: str
    number: int

    def call(
        self, method: str, path: str, body: str | None = None, way: dict[str, str] | None = None
    ) -> Any:
        """The answer; its numbers are texts, as they were written."""
        shown = way or {"X-API-Key": self.key}
        data = None if body is None else body.encode()
        headers = shown | {"Content-Type": "application/json"}
        request = urllib.request.Request(self.root + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer, parse_float=str, parse_int=str)

    def documents(self, condition: str) -> list[Row]:
        rows = self.call("POST", f"/api/dataset/{self.dataset}/?fields=at,celsius", condition)
        return [(moment(row["at"]), row["celsius"]) for row in rows]

    def stream(self, query: str) -> list[Row]:
        points = self.call("GET", f"/api/v1/stream/{self.uuid}/?{query}")["datapoints"]
        return [(moment(point["t"]), point["v"]) for point in points]

    def plant(self, query: str) -> list[Row]:
        rows = self.call("GET", f"/api/data/{self.number}/value/?{query}")
        return [(moment(row["timestamp"]), row["value"]) for row in rows]

    def plant_across(self, query: str) -> list[Row]:
        rows = self.call("GET", f"/api/value/?data={self.number}&{query}")
        return [(moment(row["timestamp"]), row["value"]) for row in rows]

    def odata(self, condition: str) -> list[Row]:
        query = f"?$filter={quote(condition)}"
        rows = self.call("GET", f"/odata/v4/Streams({self.number})/Values{query}")["value"]
        return [(moment(row["Time"]), row["Value"]) for row in rows]

    def odata_documents(self) -> list[Row]:
        service = f"/odata/v4/Datasets('{self.dataset}')"
        rows = self.call("GET", f"{service}/Documents?$select=at,celsius")["value"]
        return [(moment(row["at"]), row["celsius"]) for row in rows]


def moment(text: str) -> int:
    """Milliseconds since 1970; a text without a zone is UTC."""
    at = datetime.fromisoformat(text if text[-1] == "Z" or "+" in text else f"{text}Z")
    return round(at.timestamp() * 1000)


@pytest.fixture(scope="module")
def sensor(live: Live) -> Iterator[Sensor]:
    """Half of the readings were there when the stream was declared, half came then."""
    dataset = live.cli("dataset", "create", "one sensor")["dataset"]
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    reach = ("--all-datasets", "--all-streams", "--all-devices")
    made = live.cli("key", "create", "every door", *reach, *scopes)
    early = Sensor(live.root, made["key"], dataset, "", 0)
    put(early, READINGS[:5])
    fed = {"dataset": dataset, "field": "celsius", "time_field": "at"}
    body = json.dumps({"title": "one sensor", "dataset": fed})
    stream = early.call("POST", "/api/v1/stream/", body)
    found = Sensor(live.root, made["key"], dataset, stream["id"], int(stream["number"]))
    put(found, READINGS[5:])
    wait_until(lambda: len(found.plant("limit=100")) == len(READINGS), "the stream is fed")
    yield found
    live.cli("stream", "delete", stream["id"], "--yes")


def put(sensor: Sensor, readings: tuple[tuple[str, str], ...]) -> None:
    lines = ", ".join(f'{{"at": "{at}", "celsius": {number}}}' for at, number in readings)
    sensor.call("PUT", f"/api/dataset/{sensor.dataset}/", f"[{lines}]")


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda sensor: sensor.documents("{}"), EXACT),
        (lambda sensor: sensor.odata_documents(), EXACT),
        (lambda sensor: sensor.plant("from=0"), EXACT),
        (lambda sensor: sensor.plant_across("from=0"), EXACT),
        (lambda sensor: sensor.plant("limit=100")[::-1], EXACT),
        (lambda sensor: sensor.stream(""), SECONDS),
        (lambda sensor: sensor.odata("Time ge 1970-01-01T00:00:00Z"), SECONDS),
    ],
    ids=[
        "documents",
        "OData documents",
        "plant",
        "plant, across",
        "plant, newest first",
        "stream",
        "OData values",
    ],
)
def test_every_door_tells_the_same_values_at_the_same_times(
    sensor: Sensor, read: Callable[[Sensor], list[Row]], expected: list[Row]
) -> None:
    assert read(sensor) == expected


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda sensor: sensor.documents('{"celsius": {"$gte": -40, "$lte": 3}}'), EXACT),
        (lambda sensor: sensor.odata("Value ge -40 and Value le 3"), SECONDS),
    ],
    ids=["documents", "OData values"],
)
def test_a_filter_of_numbers_finds_the_same_rows(
    sensor: Sensor, read: Callable[[Sensor], list[Row]], expected: list[Row]
) -> None:
    assert read(sensor) == [expected[at] for at in (1, 2, 4, 6, 8)]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda sensor: sensor.plant("from=1777636804&to=1777636806"), EXACT),
        (lambda sensor: sensor.plant_across("from=1777636804&to=1777636806"), EXACT),
        (lambda sensor: sensor.stream("start=1777636804&end=1777636806"), SECONDS),
        (
            lambda sensor: sensor.odata(
                "Time ge 2026-05-01T12:00:04Z and Time le 2026-05-01T12:00:06Z"
            ),
            SECONDS,
        ),
    ],
    ids=["plant", "plant, across", "stream", "OData values"],
)
def test_a_range_of_time_includes_both_its_ends(
    sensor: Sensor, read: Callable[[Sensor], list[Row]], expected: list[Row]
) -> None:
    assert read(sensor) == expected[3:6]


DOORS = (
    "/api/dataset/{0.dataset}/?count=true",
    "/api/v1/stream/{0.uuid}/?limit=1",
    "/api/data/{0.number}/value/?limit=1",
    "/odata/v4/Streams({0.number})/Values?$top=1",
)
WAYS: dict[str, Callable[[str], dict[str, str]]] = {
    "user name": lambda key: {
        "Authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"
    },
    "Authorization": lambda key: {"Authorization": f"ApiKey {key}"},
    "X-API-Key": lambda key: {"X-API-Key": key},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("door", DOORS)
def test_a_key_opens_every_door_in_every_way(sensor: Sensor, door: str, way: str) -> None:
    assert sensor.call("GET", door.format(sensor), way=WAYS[way](sensor.key))


@pytest.mark.parametrize("way", WAYS)
def test_a_revoked_key_opens_no_door(live: Live, sensor: Sensor, way: str) -> None:
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    reach = ("--all-datasets", "--all-streams", "--all-devices")
    made = live.cli("key", "create", "soon revoked", *reach, *scopes)
    shown = WAYS[way](made["key"])
    assert [status(sensor, door, shown) for door in DOORS] == [200] * 4
    live.cli("key", "revoke", made["key_id"], "--yes")
    wait_until(lambda: {status(sensor, door, shown) for door in DOORS} == {401}, "none is open")


def status(sensor: Sensor, door: str, way: dict[str, str]) -> int:
    try:
        sensor.call("GET", door.format(sensor), way=way)
    except urllib.error.HTTPError as refused:
        return refused.code
    return 200
