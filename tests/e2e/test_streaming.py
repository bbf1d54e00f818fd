"""Long answers through gunicorn: flat in memory, whole after a crash, never silently short."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from select import select
from urllib.parse import urlsplit

import pytest

from hub.demo.feed import day
from hub.store.mongod import status
from tests.live import PATIENCE_S, Live, running, wait_for, wait_until

COUNT = 200_000
GROWTH_MAX = 64 * 1024 * 1024
HELD = 8
"""So many readers of a web process have their answers begun at once."""
REFUSED = 22
"""How curl ends where the answer is an error."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that waits for ever for a client to take what it asked for."""
    settings = {"HUB_WEB_WORKERS": "1", "HUB_CLIENT_TIMEOUT_S": "3600"}
    with running(tmp_path_factory.mktemp("streaming"), **settings) as hub:
        yield hub


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A hub that gives no answer more than a second."""
    settings = {"HUB_WEB_WORKERS": "1", "HUB_ANSWER_STREAM_S": "1"}
    with running(tmp_path_factory.mktemp("impatient"), **settings) as hub:
        yield hub


@pytest.fixture(scope="module")
def made(hub: Live) -> dict:
    return filled(hub, COUNT)


@pytest.fixture(scope="module")
def brief(impatient: Live) -> dict:
    return filled(impatient, 50_000)


def filled(hub: Live, count: int) -> dict:
    """A dataset of the weather station's readings, pushed in batches."""
    made = hub.cli("dataset", "create", "long")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    readings = [r for n in range(20) for r in day(start + timedelta(days=n), seed=n)][:5_000]
    body = b"".join(json.dumps(reading).encode() + b"\n" for reading in readings)
    headers = basic(made) | {"Content-Type": "application/x-ndjson"}
    with closing(connect(hub)) as connection:
        for _ in range(count // 5_000):
            connection.request("PUT", made["path"], body, headers)
            answer = connection.getresponse()
            assert answer.status == 201
            answer.read()
    return made


def connect(hub: Live) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(hub.root).netloc, timeout=PATIENCE_S)


def basic(made: dict) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{made['key']}:".encode()).decode()}


@contextmanager
def opened(hub: Live, made: dict, form: str) -> Iterator[http.client.HTTPResponse]:
    """The answer to a query for everything, not yet read."""
    with closing(connect(hub)) as connection:
        connection.request("GET", f"{made['path']}?format={form}", headers=basic(made))
        with connection.getresponse() as answer:
            assert answer.status == 200
            yield answer


def web_worker(hub: Live) -> int:
    """The one that its master began."""

    def workers() -> list[int]:
        found = hub.children(r"gunicorn wsgi:app")
        return [pid for pid in found if parent(pid) in found]

    return wait_for(workers, lambda pids: len(pids) == 1, "the web worker")[0]


def parent(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid"))


def peak_memory(pid: int) -> int:
    """The most memory a process ever held, in bytes; reset by ``forget_peak``."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_memory_stays_flat(hub: Live, made: dict, form: str) -> None:
    worker = web_worker(hub)
    with opened(hub, made, form) as warm:
        warm.read(1_000_000)
    forget_peak(worker)
    before, size, lines = peak_memory(worker), 0, 0
    with opened(hub, made, form) as answer:
        while chunk := answer.read(1 << 20):
            size += len(chunk)
            lines += chunk.count(b"ridge-07")
    assert lines >= COUNT - 200
    assert size > 30_000_000
    assert peak_memory(worker) - before < GROWTH_MAX


def test_an_answer_is_whole_although_mongod_was_killed_meanwhile(hub: Live, made: dict) -> None:
    with opened(hub, made, "ndjson") as answer:
        first = answer.read(1_000_000)
        os.kill(status(hub.data_dir)["mongod"], signal.SIGKILL)
        rows = [json.loads(line) for line in (first + answer.read()).splitlines()]
    assert len(rows) == COUNT
    ids = [row["_id"] for row in rows]
    assert ids == sorted(set(ids))


def test_an_answer_that_breaks_off_cannot_be_taken_for_whole(impatient: Live, brief: dict) -> None:
    got = wait_for(lambda: cut_off(impatient, brief), lambda got: got is not None, "an answer")
    assert got is not None
    assert got < 15_000_000


def cut_off(hub: Live, made: dict) -> int | None:
    """How many bytes came until an answer broke off; None where its time was over before it began.

    The reader takes longer than the hub gives it.
    """
    got = 0
    with closing(connect(hub)) as connection:
        connection.request("GET", f"{made['path']}?format=ndjson", headers=basic(made))
        with connection.getresponse() as answer:
            if answer.status == 408:
                return None
            try:
                while part := answer.read(100_000):
                    if not got:
                        time.sleep(1.5)
                    got += len(part)
            except http.client.IncompleteRead as broken:
                return got + len(broken.partial)
    raise AssertionError(f"{got} bytes ended as if they were the whole answer")


def test_curl_sees_it_too(impatient: Live, brief: dict) -> None:
    url = impatient.root + brief["path"]
    command = ["curl", "-sS", "--fail", "--limit-rate", "2M", "-u", f"{brief['key']}:", url]

    def run() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S)

    done = wait_for(run, lambda done: done.returncode != REFUSED, "an answer")
    assert done.returncode == 18
    assert not done.stdout.endswith(b"]")


def test_a_reader_that_goes_away_gives_its_place_back(hub: Live, made: dict) -> None:
    """It takes the hub a moment to see that a reader is gone."""

    def begun() -> int:
        with closing(connect(hub)) as connection:
            connection.request("GET", f"{made['path']}?format=json", headers=basic(made))
            with connection.getresponse() as answer:
                answer.read(1000)
                return answer.status

    statuses = []
    for _ in range(12):
        statuses.append(wait_for(begun, lambda status: status != 429, "a place is free"))
    assert statuses == [200] * 12


def test_sensors_get_through_while_readers_dawdle(hub: Live, made: dict) -> None:
    """Slow readers may hold at most their share of the web worker's threads."""
    scope = ("--scope", "dataset:read", "--dataset", made["dataset"])
    others = [hub.cli("key", "create", f"reader {n}", *scope) for n in range(4)]
    dawdlers = [dawdler(hub, made["path"], other) for other in others for _ in range(4)]
    wait_until(lambda: len(select(dawdlers, [], [], 0)[0]) >= HELD, "they have begun")
    with closing(connect(hub)) as connection:
        for _ in range(20):
            headers = basic(made) | {"Content-Type": "application/json"}
            connection.request("PUT", made["path"], b'{"a": 1}', headers)
            answer = connection.getresponse()
            assert answer.status == 201
            answer.read()
    for reader in dawdlers:
        reader.close()


def dawdler(hub: Live, path: str, made: dict) -> socket.socket:
    """A connection that asks for everything and reads nothing."""
    host, _, port = urlsplit(hub.root).netloc.partition(":")
    reader = socket.create_connection((host, int(port)))
    lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in basic(made).items())]
    reader.sendall("\r\n".join([*lines, "", ""]).encode())
    return reader
