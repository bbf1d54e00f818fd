"""kill -9 at any moment: nothing acknowledged is lost, and the hub comes back by itself."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.store.mongod import status
from tests.live import PATIENCE_S, Live, running, wait_for, wait_until

ROUNDS = 3
MASTER, WEB, WORKER = r"gunicorn wsgi:app", r"gunicorn wsgi:app", r"-m hub\.worker --only timetable"


def web_pids(hub: Live) -> list[int]:
    """gunicorn's processes, the master first."""
    pids = hub.children(WEB)
    return sorted(pids, key=lambda pid: (parent(pid) in pids, pid))


def parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1


VICTIMS: dict[str, Callable[[Live], list[int]]] = {
    "a web worker": lambda hub: web_pids(hub)[-1:],
    "every web worker": lambda hub: web_pids(hub)[1:],
    "the web master": lambda hub: web_pids(hub)[:1],
    "the worker": lambda hub: hub.children(WORKER),
    "mongod": lambda hub: [status(hub.data_dir)["mongod"]],
    "mongod's supervisor": lambda hub: [status(hub.data_dir)["supervisor"]],
    "mongod and the web": lambda hub: [status(hub.data_dir)["mongod"], *web_pids(hub)],
}


@dataclass
class Sensor(threading.Thread):
    """Puts numbered documents one after the other; repeats each until it is acknowledged."""

    hub: Live
    path: str
    key: str
    name_: str
    stop: threading.Event
    acknowledged: dict[int, str] = field(default_factory=dict)
    repeats: int = 0
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            while (id_ := self._put(number)) is None:
                if self.stop.is_set():
                    return
                self.repeats += 1
                time.sleep(0.02)
            self.acknowledged[number] = id_

    def end(self) -> None:
        """After its last document, whether that was acknowledged or not."""
        self.stop.set()
        self.join(PATIENCE_S)
        assert not self.is_alive(), "the sensor does not end"
        self.connection.close()

    def _put(self, number: int) -> str | None:
        """The document's id, or None where it is not known what became of it."""
        headers = {
            "Authorization": "Basic " + b64encode(f"{self.key}:".encode()).decode(),
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.name_} {number}",
        }
        body = json.dumps({"sensor": self.name_, "n": number})
        try:
            self.connection.request("PUT", self.path, body, headers)
            answer = self.connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return None
        if answer.status == 201:
            return str(json.loads(told)["_id"])
        if answer.status != 503:
            self.refused.append(f"{answer.status} {told!r}")
        return None

    @property
    def connection(self) -> http.client.HTTPConnection:
        if not hasattr(self, "_connection"):
            self._connection = http.client.HTTPConnection(
                urlsplit(self.hub.root).netloc, timeout=60
            )
        return self._connection


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("crash")) as hub:
        yield hub


def rows(hub: Live, made: dict) -> list[dict]:
    """Everything in a dataset; the hub may still be coming back from the last kill."""

    def read() -> list[dict] | None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return asked(hub, made)
        return None

    return wait_for(read, lambda found: found is not None, "the hub answers a query") or []


def asked(hub: Live, made: dict) -> list[dict] | None:
    """None while the database is away."""
    connection = http.client.HTTPConnection(urlsplit(hub.root).netloc, timeout=60)
    with contextlib.closing(connection):
        headers = {"Authorization": "Basic " + b64encode(f"{made['key']}:".encode()).decode()}
        connection.request("GET", made["path"], headers=headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status == 503:
            return None
        assert answer.status == 200, told
        return json.loads(told)


@pytest.mark.parametrize("victim", VICTIMS)
def test_no_acknowledged_document_is_lost_and_none_is_stored_twice(hub: Live, victim: str) -> None:
    made = hub.cli("dataset", "create", f"killing {victim}")
    stop, chance = threading.Event(), random.Random(victim)
    sensors = [Sensor(hub, made["path"], made["key"], f"s{n}", stop) for n in range(6)]
    for sensor in sensors:
        sensor.start()
    for _ in range(ROUNDS):
        time.sleep(chance.uniform(0.1, 0.6))
        kill(hub, victim)
        before = [len(sensor.acknowledged) for sensor in sensors]
        wait_until(
            lambda before=before: all(
                len(sensor.acknowledged) > count + 2
                for sensor, count in zip(sensors, before, strict=True)
            ),
            f"every sensor goes on after {victim} was killed",
        )
    stop.set()
    for sensor in sensors:
        sensor.end()
    assert not [fault for sensor in sensors for fault in sensor.refused]
    found = rows(hub, made)
    ids = {row["_id"] for row in found}
    assert all(id_ in ids for sensor in sensors for id_ in sensor.acknowledged.values())
    twice = [key for key, n in Counter((r["sensor"], r["n"]) for r in found).items() if n > 1]
    assert not twice
    assert hub.process.poll() is None


def kill(hub: Live, victim: str) -> None:
    """kill -9 each of the victim's processes that is there."""
    pids = wait_for(
        lambda: VICTIMS[victim](hub), lambda pids: bool(pids) and all(pids), f"{victim} runs"
    )
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_comes_back(hub: Live) -> None:
    (pid,) = wait_for(lambda: hub.children(WORKER), lambda pids: len(pids) == 1, "a worker")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: hub.children(WORKER) not in ([], [pid]), "another worker")


def test_when_everything_is_killed_the_next_start_finds_it_all(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data_dir = tmp_path_factory.mktemp("all")
    with running(data_dir) as hub:
        made = hub.cli("dataset", "create", "everything")
        stop = threading.Event()
        sensor = Sensor(hub, made["path"], made["key"], "s", stop)
        sensor.start()
        wait_until(lambda: len(sensor.acknowledged) > 50, "a few documents")
        mongod = status(data_dir)
        for pid in (hub.process.pid, mongod["supervisor"], mongod["mongod"], *web_pids(hub)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        hub.process.wait(PATIENCE_S)
        sensor.end()
    with running(data_dir) as again:
        assert {row["_id"] for row in rows(again, made)} >= set(sensor.acknowledged.values())
