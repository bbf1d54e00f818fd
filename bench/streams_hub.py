"""Streams of the running hub, over HTTP; its worker held still while something else is measured."""

from __future__ import annotations

import contextlib
import os
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

import orjson

from bench.load import Connection, connected, drive, request_bytes
from bench.site import Dataset, Site
from hub.store.schema import COLLECTIONS
from hub.values import Late
from tests.live import wait_until

WORKER = r"-m hub\.worker --only timetable"
UNSEEN = {"d": True}


BRIEF = {"Prefer": "return=minimal"}


@dataclass(frozen=True, slots=True)
class Door:
    """The door of streams, with a key that opens all of them."""

    site: Site
    headers: dict[str, str] = field(repr=False)

    def make(self, late: Late = "keep", interval_s: float = 1.0) -> str:
        """A new numeric stream; its URL."""
        body = {"title": f"bench {os.urandom(6).hex()}", "late": late}
        asked = urllib.request.Request(
            f"{self.site.live.root}/api/v1/stream/",
            orjson.dumps(body | {"interval_s": interval_s}),
            self.headers | {"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(asked, timeout=60) as response:
            return str(orjson.loads(response.read())["resource_uri"])

    def put(self, stream: str, body: bytes) -> bytes:
        """A PUT request of datapoints, as a gateway sends it: it hears of refused ones only."""
        return request_bytes("PUT", stream, body, self.headers | BRIEF)

    def get(self, stream: str, query: str) -> bytes:
        """A GET request for datapoints."""
        return request_bytes("GET", f"{stream}?{query}", headers=self.headers)

    def count(self, stream: str, query: str) -> tuple[int, int]:
        """How many datapoints the page of a query holds, and the range in all."""
        asked = urllib.request.Request(
            f"{self.site.live.root}{stream}?{query}", headers=self.headers
        )
        with urllib.request.urlopen(asked, timeout=60) as response:
            told = orjson.loads(response.read())
        return len(told["datapoints"]), int(told["meta"]["total_count"])


def door(site: Site) -> Door:
    """The door, with a new key."""
    scope = ("--scope", "stream:write", "--all-streams")
    made = site.live.cli("key", "create", "bench", *scope)
    return Door(site, Dataset("", made["key"]).headers)


@contextlib.contextmanager
def resting(site: Site) -> Iterator[None]:
    """Hold the worker still: it neither takes processor time nor downsamples."""
    workers = site.live.children(WORKER)
    if not workers:
        raise SystemExit("the hub has no worker")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def settle(site: Site) -> None:
    """Wait until the worker has downsampled everything."""
    values = site.db["values"]
    wait_until(lambda: not values.find_one(UNSEEN), "all is downsampled", 900)


def clear(site: Site) -> None:
    """Take away all datapoints, whether or not the worker has seen them."""
    for name in ("values", *(c.name for c in COLLECTIONS if c.name.startswith("rollup_"))):
        site.db[name].delete_many({})


def latency_ms(connection: Connection, request: bytes, count: int) -> float:
    """The median of so many answers."""
    taken: list[float] = []
    for _ in range(count):
        measured = drive([connection], [request], 0, wanted=200)
        if measured.failures:
            raise SystemExit(f"a read failed: {connection.status}")
        taken += measured.latencies
    return 1000 * median(taken)


def side_by_side(
    site: Site, floor: bytes, hub: bytes, rounds: int, requests: int
) -> list[tuple[float, float]]:
    """Latencies (floor, hub) of two requests in ms, round by round on one connection."""
    with connected(site.hub, 1) as (connection,):
        for request in (floor, hub):
            latency_ms(connection, request, 3)
        return [
            (latency_ms(connection, floor, requests), latency_ms(connection, hub, requests))
            for _ in range(rounds)
        ]
