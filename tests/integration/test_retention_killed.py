"""Retention by processes that are killed in the middle of it: in the end exactly what is older than
its limit is gone, and nothing else."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from subprocess import PIPE, Popen
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.levels import ROLLUPS
from hub.services import Services
from hub.services.retention import enforcing
from hub.settings import Settings
from hub.values import Stream
from tests.figures import Raw
from tests.live import PATIENCE_S, ROOT, wait_until
from tests.retention import FENCES, HOUR, MINUTE, NOW, append, emptied, keep, left, work
from tests.streams import Streams

SECOND = 1_000
COUNT = 9_000
KEPT_MS = 20 * MINUTE + 345
STATISTICS_KEPT_MS = HOUR
RETAINING = """
import os, sys
from threading import Event
from hub.settings import Settings
from hub.wiring import open_hub

hub = open_hub(Settings.from_env(os.environ))
fence, now = map(int, sys.argv[1:])
print("begins", flush=True)
sys.stdin.readline()
while not hub.services.retention.enforcing.run(fence, Event(), now).whole:
    pass
"""


@pytest.fixture
def streams(services: Services, database: Database[Any]) -> Streams:
    return emptied(Streams(services, database))


@pytest.fixture
def worker(settings: Settings) -> Callable[[], Popen[bytes]]:
    """Starts a process that retains once it is told to, each under a lease of its own."""
    own = {"HUB_MONGO_URI": settings.mongo_uri, "HUB_MONGO_DB": settings.mongo_db}
    env = os.environ | own | {"HUB_SECRET": settings.secret}

    def start() -> Popen[bytes]:
        command = [sys.executable, "-c", RETAINING, str(next(FENCES)), str(NOW)]
        process = Popen(command, env=env, cwd=ROOT, stdin=PIPE, stdout=PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        return process

    return start


def go(process: Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def levels(streams: Streams) -> dict[str, Any]:
    """All that is stored of the levels."""
    db = streams.mongo.db
    names = [f"rollup_{level.name}" for level in ROLLUPS]
    return {name: list(db[name].find({}, {"b": 1}).sort("_id", 1)) for name in names}


def statistics(streams: Streams, stream: Stream) -> list[Any]:
    return list(streams.services.statistics.kept.range([stream], 0, 2**45))


def filled(streams: Streams) -> tuple[Stream, list[Raw]]:
    """A data stream of thousands of documents, of which the rollups have seen all."""
    stream = streams.new(widths=((0, SECOND), (0, SECOND)))
    raw: list[Raw] = [(NOW - (COUNT - n) * SECOND, n) for n in range(COUNT)]
    append(streams, stream, raw)
    work(streams)
    return streams.services.streams.of(stream.id), raw


def test_what_killed_processes_leave_is_finished(
    streams: Streams, worker: Callable[[], Popen[bytes]]
) -> None:
    rng = random.Random(11)
    stream, raw = filled(streams)
    held, told = levels(streams), statistics(streams, stream)
    keep(streams, "core_value", KEPT_MS)
    keep(streams, "core_valuestatistics", STATISTICS_KEPT_MS)
    wanted = [pair for pair in raw if pair[0] >= (NOW - KEPT_MS) // MINUTE * MINUTE]
    values = streams.mongo.db["values"]
    for part in (0.95, 0.6, 0.3):
        some = len(wanted) + int((COUNT - len(wanted)) * (part - 0.1 * rng.random()))
        with worker() as process:
            go(process)
            wait_until(
                lambda some=some: values.estimated_document_count() < some, "it removes some"
            )
            process.kill()
        assert set(wanted) <= set(left(streams, stream))
        assert levels(streams) == held
    with worker() as process:
        go(process)
        assert process.wait(PATIENCE_S) == 0
    assert left(streams, stream) == wanted
    assert levels(streams) == held
    kept = [one for one in told if one.at >= (NOW - STATISTICS_KEPT_MS) // MINUTE * MINUTE]
    assert 0 < len(kept) < len(told)
    assert statistics(streams, stream) == kept
    assert (COUNT - len(wanted)) / 10 > enforcing.STEP
