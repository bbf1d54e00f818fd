"""The database going away under the sink: nothing is lost, everything comes in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from hub.services.devices.readings import Sink
from hub.settings import Settings
from hub.store.mongod import acquire, status
from hub.values import Place, Stream
from hub.wiring import open_hub
from tests.integration.storing import places
from tests.integration.storing.places import settled, stored, taken
from tests.live import wait_until
from tests.streams import Streams

START = 1_700_000_000_000


class Server:
    """A mongod of the tests' own that can be away for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def away(self) -> Iterator[None]:
        """Killed, and only started again in the end."""
        seen = status(self.folder)
        os.kill(seen["supervisor"], signal.SIGSTOP)
        try:
            os.kill(seen["mongod"], signal.SIGKILL)
            yield
        finally:
            os.kill(seen["supervisor"], signal.SIGCONT)
        wait_until(lambda: self._is_new(seen["mongod"]), "the server is back")

    @contextmanager
    def silent(self) -> Iterator[None]:
        """There, but without an answer to anything."""
        pid = status(self.folder)["mongod"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _is_new(self, before: int) -> bool:
        now = status(self.folder)
        return bool(now["alive"]) and now["mongod"] != before


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("own")
    with acquire(folder):
        yield Server(folder)


@pytest.fixture(scope="module")
def streams(server: Server) -> Iterator[Streams]:
    hub = open_hub(Settings(data_dir=server.folder))
    with acquire(server.folder) as lease, MongoClient(lease.uri, tz_aware=True) as client:
        yield Streams(hub.services, client["hub"])
    hub.close()


@pytest.fixture
def sink(streams: Streams, tmp_path: Path) -> Iterator[Sink]:
    with places.sink(streams, tmp_path / "polled") as opened:
        yield opened


@pytest.fixture
def stream(streams: Streams) -> Stream:
    return streams.new(late="replace", place=Place(device=1))


def on_disk(folder: Path) -> list[Path]:
    return list((folder / "polled").glob("*.sqlite"))


def rows(first: int, count: int) -> list[tuple[int, float]]:
    return [(START + n, float(n)) for n in range(first, first + count)]


def offer(sink: Sink, stream: Stream, some: list[tuple[int, Any]]) -> None:
    for row in some:
        sink.offer(taken(stream, row))
    wait_until(lambda: not sink._offered, "it was taken over")


def test_nothing_that_is_offered_while_the_database_is_away_is_lost_and_nothing_told(
    server: Server, streams: Streams, sink: Sink, stream: Stream, tmp_path: Path
) -> None:
    every, before = rows(0, 60), len(places.logs(streams))
    offer(sink, stream, every[:20])
    with server.away():
        offer(sink, stream, every[20:30])
        wait_until(lambda: bool(on_disk(tmp_path)), "it is on disk")
        offer(sink, stream, every[30:40])
        assert sink.counts().waiting >= 10
    offer(sink, stream, every[40:])
    settled(sink)
    assert stored(streams, stream) == every
    assert (sink.counts().overflowed, sink.counts().refused) == (0, 0)
    assert len(places.logs(streams)) == before


def test_a_database_that_says_nothing_does_not_stop_what_is_offered(
    server: Server, streams: Streams, sink: Sink, stream: Stream, tmp_path: Path
) -> None:
    with server.silent():
        for row in rows(0, 5):
            sink.offer(taken(stream, row))
        wait_until(lambda: bool(on_disk(tmp_path)), "it is on disk")
    settled(sink)
    assert stored(streams, stream) == rows(0, 5)


def test_what_waits_is_stored_before_what_is_newer(
    server: Server, streams: Streams, sink: Sink, stream: Stream, tmp_path: Path
) -> None:
    with server.away():
        offer(sink, stream, [(START, 1.0)])
        wait_until(lambda: bool(on_disk(tmp_path)), "it is on disk")
    offer(sink, stream, [(START, 2.0)])
    settled(sink)
    assert stored(streams, stream) == [(START, 2.0)]


def test_closed_while_the_database_is_away_the_next_one_has_it(
    server: Server, streams: Streams, stream: Stream, tmp_path: Path
) -> None:
    with server.away(), places.sink(streams, tmp_path / "polled") as first:
        offer(first, stream, rows(0, 3))
    with places.sink(streams, tmp_path / "polled") as second:
        offer(second, stream, rows(3, 1))
        wait_until(lambda: len(stored(streams, stream)) == 4, "everything is stored")
    assert stored(streams, stream) == rows(0, 4)


def test_what_is_dropped_while_the_database_is_away_is_not_stored(
    server: Server, streams: Streams, sink: Sink, stream: Stream, tmp_path: Path
) -> None:
    with server.away():
        offer(sink, stream, rows(0, 10))
        wait_until(lambda: bool(on_disk(tmp_path)), "it is on disk")
        sink.drop(1, START + 5)
    settled(sink)
    assert stored(streams, stream) == rows(0, 5)


def test_a_disk_that_takes_nothing_is_told_and_nothing_is_lost(
    server: Server, streams: Streams, stream: Stream, tmp_path: Path
) -> None:
    before = len(places.logs(streams))
    (tmp_path / "polled").write_text("no folder")
    with places.sink(streams, tmp_path / "polled") as sink:
        with server.away():
            offer(sink, stream, rows(0, 10))
            wait_until(lambda: bool(sink._waiting.news), "the disk was tried")
        settled(sink)
        wait_until(lambda: len(places.logs(streams)) == before + 1, "it is told")
    assert stored(streams, stream) == rows(0, 10)
    assert "disk" in places.logs(streams)[-1]["message"]
