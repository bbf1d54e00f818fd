"""Retention for tests: policies are set, the worker runs, and what is left is read."""

from __future__ import annotations

from threading import Event

from hub.jobs.streams import downsample
from hub.services.retention.enforcing import Enforced, Enforcing
from hub.store.streams import streams as store
from hub.store.streams.kept import KeptPoints
from hub.store.streams.retention import Floors, Policies, Removal
from hub.store.streams.statistics import StatisticStore
from hub.values import Stream
from tests.figures import Raw
from tests.live import wait_until
from tests.streams import Streams

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_600_000_000_000
"""Twenty seconds past a whole minute."""
RUN_S = 3_600.0
"""No run breaks off, however slow the machine is."""
FENCES = iter(range(1, 10**6))


def emptied(streams: Streams) -> Streams:
    """Without policies, and without what came before."""
    for name in ("retention", "floors", "values", "statistics", "streams"):
        streams.mongo.db[name].delete_many({})
    return streams


def now(streams: Streams, stream: Stream) -> Stream:
    return streams.services.streams.of(stream.id)


def append(streams: Streams, stream: Stream, raw: list[Raw]) -> None:
    streams.append(now(streams, stream), [(at / 1000, value) for at, value in raw])


def work(streams: Streams) -> None:
    """As many runs as it takes: one breaks off where a machine is slow."""
    wait_until(lambda: downsample(streams.services, next(FENCES), Event()), "all is carried up")


def retain(streams: Streams, at: int = NOW) -> Enforced:
    """A run of a worker that has just started."""
    return fresh(streams).run(next(FENCES), Event(), at, run_s=RUN_S)


def fresh(streams: Streams) -> Enforcing:
    mongo = streams.mongo
    removable = (Removal(mongo), StatisticStore(mongo))
    kept, points = Floors(mongo), KeptPoints(mongo)
    return Enforcing(Policies(mongo), kept, store.Streams(mongo), points, removable)


def keep(streams: Streams, table: str, limit: int | None, stream: Stream | None = None) -> None:
    streams.services.retention.rules.put(table, limit, stream)


def left(streams: Streams, stream: Stream) -> list[Raw]:
    found = streams.services.values.records.range([now(streams, stream)], 0, 2**45)
    return [(one.at, one.value) for one in found]
