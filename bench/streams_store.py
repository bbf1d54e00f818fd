"""The hub's own stores over a database of their own: streams filled and downsampled without HTTP.

No worker looks into that database, so what is measured there is one thread and its mongod.
"""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

import numpy as np

from hub.series.levels import ROLLUPS
from hub.series.names import STORED_TIMES, default_for
from hub.series.parts import IntArray
from hub.series.widths import first_width
from hub.services.streams.upkeep.downsample import Downsampling
from hub.services.streams.writing.placing import Placing
from hub.settings import Settings
from hub.store import schema
from hub.store.client import Mongo, connect
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import collection_name
from hub.store.streams.streams import Streams
from hub.values import Late, Stream
from hub.wiring import build_services

START_S = 1_672_531_200
"""2023-01-01T00:00:00Z: a year of 365 days."""
CHUNK = 60_000
LEVELS = [collection_name(level) for level in ROLLUPS]


def each_second(count: int) -> IntArray:
    """Times in ms, one a second."""
    return (START_S + np.arange(count, dtype=np.int64)) * 1000


def unevenly(count: int, seed: int) -> IntArray:
    """Times in ms, 0.2 to 1.8 s apart."""
    gaps = np.random.default_rng(seed).integers(200, 1800, count)
    times: IntArray = START_S * 1000 + np.cumsum(gaps)
    return times


def readings(at_ms: IntArray, seed: int = 0) -> list[float]:
    """A value for each time, with two digits: a daily swing and some noise."""
    noise = np.random.default_rng(seed).normal(0, 0.2, len(at_ms))
    swing = 5 * np.sin(at_ms * (2 * np.pi / 86_400_000))
    return np.round(20 + swing + noise, 2).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Store:
    """The stores of streams, as the hub puts them together."""

    mongo: Mongo
    streams: Streams
    downsampling: Downsampling
    placing: Placing
    fences: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, interval_s: float | None = 1.0, late: Late = "keep") -> Stream:
        """A new numeric stream in seconds; its documents have the width for this interval."""
        stream = Stream(
            id=self.streams.next_id(),
            uuid=str(uuid.uuid4()),
            name="bench",
            tags={"title": "bench"},
            value_type="numeric",
            highest="seconds",
            value_downsamplers=default_for("numeric"),
            time_downsamplers=STORED_TIMES,
            public=True,
            late=late,
            created=datetime.now(UTC),
            widths=((0, first_width(interval_s, "seconds")),),
        )
        self.streams.add(stream)
        return stream

    def put(self, stream: Stream, at_ms: IntArray, chunk: int = CHUNK) -> None:
        """Store readings at these times, in requests of ``chunk`` datapoints."""
        for first in range(0, len(at_ms), chunk):
            times = at_ms[first : first + chunk]
            values = readings(times, first)
            self.placing.put(stream, list(zip(times.tolist(), values, strict=True)))

    def maintain(self) -> float:
        """Run maintenance until nothing is marked; the seconds it took. Each has its token."""
        begun = time.perf_counter()
        fence = next(self.fences)
        while self.downsampling.run(fence, Event()).documents:
            pass
        return time.perf_counter() - begun

    def written(self, fence: int) -> dict[str, int]:
        """How many documents of each level were written by runs from this token on."""
        late = {"f": {"$gte": fence}}
        return {name: self.mongo.db[name].count_documents(late) for name in LEVELS}

    def forget(self) -> None:
        """Take all rollups away and mark every datapoint as unseen."""
        for name in LEVELS:
            self.mongo.db.drop_collection(name)
        schema.ensure(self.mongo)
        seen = {"d": True, "lo": "$a", "hi": "$z"}
        self.mongo.db["values"].update_many({}, [{"$set": seen}])


def over(mongo: Mongo) -> Store:
    """The stores over a database that has its collections."""
    services = build_services(Settings(), mongo, b"bench")
    streams = Streams(mongo)
    return Store(mongo, streams, services.downsampling, Placing(PointStore(mongo), streams))


@contextlib.contextmanager
def store(uri: str, name: str = "bench_streams") -> Iterator[Store]:
    """A database of its own, empty at first and dropped afterwards."""
    mongo = connect(uri, name)
    try:
        mongo.client.drop_database(name)
        schema.ensure(mongo)
        yield over(mongo)
    finally:
        mongo.client.drop_database(name)
        mongo.close()
