"""The hub and its floors side by side: one mongod, the same gunicorn command, a place of their own.

Only one of them is under load at a time; the other only waits.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pymongo import MongoClient
from pymongo.database import Database

from bench import floor_script
from bench.feed import feed
from bench.load import Target, connected, drive, request_bytes
from hub.serve import web_command
from hub.settings import Settings
from hub.store.mongod import acquire
from hub.store.schema import DOCUMENT_ORDER
from tests.live import ROOT, Live, free_port, running, wait_until

HUB_WEB = "gunicorn wsgi:app"
UNHINDERED = {
    "HUB_ODATA_RATE_PER_S": "1000000",
    "HUB_ODATA_BURST": "1000000",
    "HUB_RATE_KEY_PER_S": "1000000",
    "HUB_RATE_KEY_BURST": "1000000",
}
"""Settings under which no request is one too many."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of the hub and its key."""

    uuid: str
    key: str

    @property
    def path(self) -> str:
        return f"/api/dataset/{self.uuid}/"

    @property
    def headers(self) -> dict[str, str]:
        basic = base64.b64encode(f"{self.key}:".encode()).decode()
        return {"Authorization": f"Basic {basic}"}

    def put(self, body: bytes, **more: str) -> bytes:
        """A PUT request of this body."""
        headers = self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        return request_bytes("PUT", self.path, body, headers)

    def get(self, query: str, **more: str) -> bytes:
        """A GET request with this query string."""
        return request_bytes("GET", f"{self.path}?{query}", headers=self.headers | more)


@dataclass(frozen=True, slots=True)
class Site:
    """A running hub, a running floor application, and the mongod under both."""

    live: Live
    floor_port: int
    floor_pid: int
    uri: str
    db: Database[dict[str, Any]]

    @property
    def hub(self) -> Target:
        port = int(self.live.root.rsplit(":", 1)[1])
        return Target(port, tuple(self.live.children(HUB_WEB)[1:]))

    @property
    def floor(self) -> Target:
        return Target(self.floor_port, children_of(self.floor_pid))

    def dataset(self) -> Dataset:
        """A new dataset with a key that may do everything."""
        made = self.live.cli("dataset", "create", "bench")
        return Dataset(made["dataset"], made["key"])

    def fill(self, rows: int) -> Dataset:
        """A new dataset with so many rows of the feed, pushed over HTTP."""
        dataset = self.dataset()
        supply = itertools.cycle(feed(20_000))
        sizes = [5_000] * (rows // 5_000) + ([rows % 5_000] if rows % 5_000 else [])
        with connected(self.hub, 1) as (connection,):
            for size in sizes:
                body = orjson.dumps(list(itertools.islice(supply, size)))
                done = drive([connection], [dataset.put(body)], 0, wanted=201)
                if done.failures:
                    raise SystemExit(f"the hub refused the feed: {connection.status}")
        return dataset

    def fresh_workers(self) -> tuple[int, ...]:
        """Have gunicorn replace the hub's web workers; the new ones."""
        first, *old = self.live.children(HUB_WEB)
        os.kill(first, signal.SIGHUP)

        def replaced() -> bool:
            now = self.hub.workers
            return len(now) == len(old) and not set(now) & set(old) and self.live.answers()

        wait_until(replaced, "the hub's web workers are new")
        return self.hub.workers

    def script(self, *arguments: str) -> Any:
        """Run one of the plain scripts; what it measured."""
        done = subprocess.run(
            floor_script.command(*arguments),
            env=os.environ | self.floor_env, cwd=ROOT, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        return orjson.loads(done.stdout)

    @property
    def floor_env(self) -> dict[str, str]:
        return floor_env(self.uri, self.db.name)


def floor_env(uri: str, db: str) -> dict[str, str]:
    return {"BENCH_MONGO_URI": uri, "BENCH_MONGO_DB": db}


def children_of(pid: int) -> tuple[int, ...]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return tuple(int(child) for child in found.read_text().split()) if found.exists() else ()


@contextlib.contextmanager
def opened(**settings: str) -> Iterator[Site]:
    """Start everything in a temporary directory; stop all of it in the end."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as place,
        running(Path(place), **settings) as live,
        acquire(Path(place)) as lease,
        MongoClient(lease.uri, tz_aware=True) as client,
    ):
        db = client["hub"]
        make_collection(db, "floor")
        with floor_running(lease.uri, db.name) as (port, pid):
            yield Site(live, port, pid, lease.uri, db)


def make_collection(db: Database[dict[str, Any]], name: str) -> None:
    """An empty collection with the index and the compression of the hub's documents."""
    db.drop_collection(name)
    storage = {"wiredTiger": {"configString": "block_compressor=zstd"}}
    db.create_collection(name, storageEngine=storage)
    db[name].create_index(list(DOCUMENT_ORDER))


@contextlib.contextmanager
def floor_running(uri: str, db: str) -> Iterator[tuple[int, int]]:
    """The floor application under the hub's own gunicorn command: (port, its first process)."""
    port = free_port()
    command = web_command(Settings.from_env({"HUB_BIND": f"127.0.0.1:{port}"}))
    command[command.index("wsgi:app")] = "bench.floor_app:app"
    process = subprocess.Popen(command, env=os.environ | floor_env(uri, db), cwd=ROOT)
    try:
        wait_until(lambda: _answers(port) or process.poll() is not None, "the floor answers")
        if process.poll() is not None:
            raise SystemExit("the floor application does not start")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
