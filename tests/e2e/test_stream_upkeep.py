"""The upkeep of streams in a running hub: levels stored, through the death of the worker."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from hub.store.mongod import acquire
from tests.live import PATIENCE_S, Live, running, wait_until

WORKER = r"hub\.worker"
DAY = 86_400
START = 1_767_225_600


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("upkeep")) as hub:
        yield hub


@contextmanager
def database(hub: Live) -> Iterator[Database[Any]]:
    """The hub's own database, looked into from outside."""
    with acquire(Path(hub.data_dir)) as lease, MongoClient[Any](lease.uri) as client:
        yield client["hub"]


@pytest.fixture(scope="module")
def stored(hub: Live) -> Iterator[Database[Any]]:
    with database(hub) as stored:
        yield stored


@pytest.fixture(scope="module")
def key(hub: Live) -> str:
    return new_key(hub)


def new_key(hub: Live) -> str:
    made = hub.cli("key", "create", "upkeep", "--scope", "stream:write", "--all-streams")
    return str(made["key"])


def call(hub: Live, key: str, method: str, path: str, value: Any = None) -> Any:
    request = urllib.request.Request(
        hub.root + path,
        method=method,
        data=None if value is None else json.dumps(value).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
        body = response.read()
    return json.loads(body) if body else None


def new_stream(hub: Live, key: str) -> dict[str, Any]:
    return call(hub, key, "POST", "/api/v1/stream/", {"title": os.urandom(4).hex()})


def unseen(stored: Database[Any], stream: dict[str, Any]) -> int:
    return stored["values"].count_documents({"_id.s": stream["number"], "d": True})


def days(stored: Database[Any], stream: dict[str, Any]) -> list[int]:
    """The counts of the stored days, in order."""
    rows = stored["rollup_days"].find({"_id.s": stream["number"]}).sort("_id")
    held = [(int(name), part) for row in rows for name, part in row["b"].items()]
    return [part[1] for _, part in sorted(held)]


def points(start: int, count: int) -> list[dict[str, Any]]:
    return [{"t": start + n * 10, "v": n} for n in range(count)]


def test_what_is_put_is_soon_in_every_level(hub: Live, stored: Database[Any], key: str) -> None:
    stream = new_stream(hub, key)
    call(hub, key, "PUT", stream["resource_uri"], points(START, 2 * 8_640))
    wait_until(lambda: unseen(stored, stream) == 0, "the worker has seen it")
    assert days(stored, stream) == [8_640, 8_640]


def test_another_worker_goes_on_where_a_killed_one_was(tmp_path: Path) -> None:
    """In a hub of its own: leases of a killed worker last for minutes, as that of the purge."""
    with running(tmp_path) as hub, database(hub) as stored:
        key = new_key(hub)
        stream = new_stream(hub, key)
        for day in range(6):
            call(hub, key, "PUT", stream["resource_uri"], points(START + day * DAY, 8_640))
            if day in (1, 3):
                for pid in hub.children(WORKER):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: unseen(stored, stream) == 0, "another worker has seen it")
        assert days(stored, stream) == [8_640] * 6


def test_nothing_is_left_of_a_deleted_stream(hub: Live, stored: Database[Any], key: str) -> None:
    stream = new_stream(hub, key)
    call(hub, key, "PUT", stream["resource_uri"], points(START, 1_000))
    call(hub, key, "DELETE", stream["resource_uri"])
    collections = [name for name in stored.list_collection_names() if name.startswith("rollup_")]
    own = {"_id.s": stream["number"]}

    def gone() -> bool:
        left = [stored[name].count_documents(own) for name in ("values", *collections)]
        return sum(left) == 0 and not stored["streams"].count_documents({"_id": stream["number"]})

    wait_until(gone, "the purge is through")
