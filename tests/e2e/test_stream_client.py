"""A client written against the original interface, run unmodified against a whole hub.

It does what the original's front-end does: it lists streams with ``limit`` and ``meta.next``,
then asks for each view with full names, ``limit=1000``, repeated ``value_downsamplers``,
``time_downsamplers=mean``, ``start`` and ``end``. Source: reference of the Datastream API,
section 4.2.
"""

from __future__ import annotations

import json
import os
import random
import signal
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest

from tests.live import PATIENCE_S, Live, running, wait_until

WIDTHS = {"seconds": 1, "10seconds": 10, "minutes": 60, "10minutes": 600, "hours": 3600,
          "6hours": 21_600, "days": 86_400}  # fmt: skip
POINTS_MAX = 300
DAY = 86_400
STEP = 5
END = 1_790_000_000
BEGIN = END - 2 * DAY
ATTEMPTS = 5
SHOWN = ("mean", "min", "max")


def seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


@dataclass
class Client:
    """The front-end: it knows a list's address and its parameters, and nothing of this hub."""

    list_uri: str
    parameters: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def get(self, url: str) -> Any:
        self.asked.append(url)
        with urllib.request.urlopen(urljoin(self.list_uri, url), timeout=PATIENCE_S) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Content-Type"] == "application/json"
            return json.load(response)

    def streams(self) -> list[Any]:
        """Every stream that can be drawn, page after page."""
        found: list[Any] = []
        url: str | None = f"{self.list_uri}?{urlencode(self.parameters)}"
        while url is not None:
            answer = self.get(url)
            found += answer["objects"]
            url = answer["meta"]["next"]
        return [stream for stream in found if "visualization" in stream["tags"]]

    def points(self, stream: Any) -> list[Any]:
        """Every raw datapoint, page after page."""
        found: list[Any] = []
        url: str | None = f"{stream['resource_uri']}?limit=10000"
        while url is not None:
            answer = self.get(url)
            found += answer["datapoints"]
            url = answer["meta"]["next"]
        return found

    def view(self, stream: Any, begin: int, end: int) -> tuple[str, list[tuple[int, Any]]]:
        """The granularity for a view, and what is drawn in it and a little beyond."""
        names = list(WIDTHS)
        fitting = [n for n in names if (end - begin) / WIDTHS[n] <= POINTS_MAX] or names[-1:]
        granularity = max(fitting[0], stream["highest_granularity"], key=names.index)
        width, margin = WIDTHS[granularity], (end - begin) // 10
        first = max(begin - margin, seconds(stream["earliest_datapoint"]))
        last = min(end + margin, seconds(stream["latest_datapoint"]))
        query = {
            "granularity": granularity,
            "limit": 1000,
            "value_downsamplers": stream["tags"]["visualization"]["value_downsamplers"],
            "time_downsamplers": stream["tags"]["visualization"]["time_downsamplers"],
            "start": first - first % width,
            "end": last + -last % width,
        }
        answer = self.get(f"{stream['resource_uri']}?{urlencode(query, doseq=True)}")
        assert answer["query_params"]["granularity"] == granularity
        return granularity, [drawn(point) for point in answer["datapoints"]]


def drawn(point: Any) -> tuple[int, Any]:
    """Raw datapoints have a time and a value; downsampled ones have letters in both."""
    if isinstance(point["t"], str):
        return seconds(point["t"]), point["v"]
    return seconds(point["t"]["m"]), (point["v"]["m"], point["v"]["l"], point["v"]["u"])


@dataclass(frozen=True)
class Owner:
    """Who fills the streams, by the hub's own interface."""

    live: Live
    key: str
    mark: str

    def send(self, method: str, path: str, value: Any) -> Any:
        request = urllib.request.Request(
            self.live.root + path, json.dumps(value).encode(), method=method,
            headers={"X-API-Key": self.key, "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)

    def make(self, title: str, *, drawn: bool = True, **fields: Any) -> Any:
        how = {"type": "line", "hidden": False, "minimum": 0, "maximum": 10}
        how |= {"value_downsamplers": list(SHOWN), "time_downsamplers": ["mean"]}
        tags = {"mark": self.mark, **({"visualization": how} if drawn else {})}
        body = {"query_tags": {"title": title, "of": self.mark}, "tags": tags, "public": True}
        return self.send("POST", "/api/v1/stream/", body | fields)

    def append(self, stream: Any, points: list[tuple[int, Any]]) -> None:
        for at in range(0, len(points), 10_000):
            part = [{"t": t, "v": v} for t, v in points[at : at + 10_000]]
            self.send("PUT", stream["resource_uri"], part)

    def client(self) -> Client:
        return Client(f"{self.live.root}/api/v1/stream/", {"tags__mark": self.mark})


@pytest.fixture
def owner(live: Live) -> Owner:
    made = live.cli("key", "create", "owner", "--scope", "stream:write", "--all-streams")
    return Owner(live, made["key"], uuid.uuid4().hex)


def buckets(points: list[tuple[int, int]], width: int) -> list[tuple[int, Any]]:
    """What is drawn of finished buckets: the mean time; mean, least and greatest value."""
    held: dict[int, list[tuple[int, int]]] = {}
    for at, value in points:
        held.setdefault(at - at % width, []).append((at, value))
    newest = points[-1][0] - points[-1][0] % width
    made = []
    for bucket in (held[start] for start in sorted(held) if start < newest):
        times, values = [at for at, _ in bucket], [value for _, value in bucket]
        mean = sum(values) / len(values)
        made.append((int(sum(times) / len(times)), (mean, min(values), max(values))))
    return made


def test_a_front_end_draws_two_days_and_zooms_in(owner: Owner) -> None:
    rng = random.Random(7)
    points = [(at, rng.randint(0, 10)) for at in range(BEGIN, END + 1, STEP)]
    owner.append(owner.make("drawn"), points)
    owner.append(owner.make("a table", drawn=False), points[:10])
    client = owner.client()
    (stream,) = client.streams()
    for begin, end, wanted in (
        (BEGIN, END, "10minutes"),
        (END - DAY, END, "10minutes"),
        (END - DAY, END - DAY + 5 * 3600, "minutes"),
        (END - DAY, END - DAY + 2400, "10seconds"),
    ):
        granularity, found = client.view(stream, begin, end)
        width, margin = WIDTHS[wanted], (end - begin) // 10
        first, last = max(begin - margin, BEGIN), min(end + margin, END)
        first, last = first - first % width, last + -last % width
        expected = [p for p in buckets(points, width) if first <= p[0] - p[0] % width <= last]
        assert (granularity, found) == (wanted, expected)
    granularity, found = client.view(stream, END - 200, END)
    assert (granularity, found) == ("seconds", [p for p in points if p[0] >= END - 220])


def test_a_front_end_reads_every_page_there_and_back(owner: Owner) -> None:
    titles = [f"stream {number}" for number in range(45)]
    made = [owner.make(title, highest_granularity="minutes") for title in titles]
    client = owner.client()
    assert [stream["tags"]["title"] for stream in client.streams()] == titles
    assert len(client.asked) == 3
    points = [(BEGIN + n * 60, n) for n in range(2_345)]
    owner.append(made[0], points)
    pages: dict[str, list[list[int]]] = {"next": [], "previous": []}
    url = f"{made[0]['resource_uri']}?granularity=seconds&limit=1000&offset=345"
    for link in pages:
        step: str | None = url
        while step is not None:
            url, answer = step, client.get(step)
            assert answer["query_params"]["granularity"] == "seconds"
            pages[link].append([point["v"] for point in answer["datapoints"]])
            step = answer["meta"][link]
    assert list(chain(*pages["next"])) == list(range(345, 2_345))
    assert list(chain(*reversed(pages["previous"]))) == list(range(2_345))


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[Live]:
    """Leases of a killed worker last for minutes: no other test is to wait for them."""
    with running(tmp_path) as hub:
        yield hub


def test_a_killed_worker_leaves_no_gap_and_doubles_nothing(own_hub: Live) -> None:
    count = 100_000
    dataset = own_hub.cli("dataset", "create", "history")
    made = own_hub.cli(
        "key", "create", "declares", "--scope", "stream:write", "--scope", "dataset:write",
        "--all-streams", "--dataset", dataset["dataset"],
    )  # fmt: skip
    owner = Owner(own_hub, made["key"], uuid.uuid4().hex)
    documents = [{"at": BEGIN + n, "v": n} for n in range(count)]
    for at in range(0, count, 5_000):
        owner.send("PUT", dataset["path"], documents[at : at + 5_000])
    feed = {"dataset": dataset["dataset"], "field": "v", "time_field": "at"}
    client = owner.client()

    def total(stream: Any) -> int:
        return int(client.get(f"{stream['resource_uri']}?limit=0")["meta"]["total_count"])

    def cut_off() -> tuple[Any, Any]:
        """Two streams, with a worker that was killed while it filled them."""
        for number in range(ATTEMPTS):
            fed = owner.make(f"fed {number}", dataset=feed)
            rate = owner.make(f"rate {number}", derive_op="derivative", derive_from=[fed["id"]])
            wait_until(lambda fed=fed: total(fed) >= 5_000, "the first documents are in the stream")
            for pid in own_hub.children(r"hub\.worker"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if total(fed) < count:
                return fed, rate
        raise AssertionError("every worker was killed too late to tell anything")

    fed, rate = cut_off()
    wait_until(lambda: total(rate) >= count - 1, "another worker has gone on")
    assert [point["v"] for point in client.points(fed)] == list(range(count))
    assert {point["v"] for point in client.points(rate)} == {1}
    assert total(rate) == count - 1
