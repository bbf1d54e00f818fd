"""Sinks for tests: made over a real database, and closed in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from hub.services.devices.limits import PollingLimits
from hub.services.devices.outages import Outages
from hub.services.devices.readings import Sink, Taken
from hub.services.devices.storing import Stored, Storing
from hub.services.devices.waves import Wave
from hub.services.streams.writing.placing import Placing
from hub.store.counters import Counters
from hub.store.plant.event_logs import EventLogStore
from hub.store.streams.kept import KeptPoints
from hub.store.streams.polled import PolledPoints
from hub.store.streams.streams import Streams
from hub.values import Stream
from tests.live import PATIENCE_S, wait_until
from tests.streams import Streams as Made

FLUSH_S = 0.05
MANY = 200_000


class Gated(Storing):
    """Its ``gate`` is open unless it is shut; ``met`` as soon as somebody stands before it."""

    def __init__(self, points: PolledPoints, streams: Streams, placing: Placing) -> None:
        super().__init__(points, streams, placing)
        self.gate, self.met = Event(), Event()
        self.gate.set()

    def write(self, wave: Wave) -> Stored:
        self.met.set()
        assert self.gate.wait(PATIENCE_S)
        return super().write(wave)


def storing(made: Made) -> Gated:
    rows = Streams(made.mongo)
    return Gated(PolledPoints(made.mongo), rows, Placing(KeptPoints(made.mongo), rows))


@contextmanager
def sink(
    made: Made, folder: Path, by: Storing | None = None, *, together: int = MANY, **limits: Any
) -> Iterator[Sink]:
    """A sink over the streams' database; what waits is in ``folder``."""
    outages = Outages(EventLogStore(made.mongo, Counters(made.mongo)))
    bounds = PollingLimits(**({"flush_s": FLUSH_S} | limits))
    opened = Sink(by or storing(made), outages, folder, bounds, together=together)
    opened.start()
    try:
        yield opened
    finally:
        opened.close()


def taken(stream: Stream, *rows: tuple[int, float], device: int = 1, **more: Any) -> list[Taken]:
    return [Taken(device, stream, at, value, **more) for at, value in rows]


def settled(sink: Sink) -> None:
    """Wait until all that was offered is stored, refused or lost."""
    wait_until(lambda: sink.counts().waiting == 0, "everything is stored")


def stored(made: Made, stream: Stream) -> list[tuple[int, Any]]:
    """All values of a stream in the database, in order of time."""
    known = made.services.streams.of(stream.id)
    found = made.services.values.records.range([known], 0, 2**42)
    return [(one.at, one.value) for one in found]


def logs(made: Made) -> Sequence[Any]:
    return list(made.mongo.db["event_logs"].find({"kind": "device.backlog"}).sort("_id", 1))
