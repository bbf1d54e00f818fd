"""Devices of the running hub and their data streams, with simulated machines behind them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.site import Dataset, Site
from hub.store.client import connect
from hub.store.counters import Counters
from hub.store.streams.stream_rows import stream_of
from hub.store.streams.streams import COUNTER
from hub.values import Stream
from tests.live import ROOT

SCOPES = ("device:write", "data:write", "value:read")
TOGETHER = 5_000
"""Data streams that are inserted at once."""
REGISTERS_EACH = 2
READY_S = 20.0


@dataclass(frozen=True, slots=True)
class Polled:
    """A device and its data streams."""

    id: int
    streams: tuple[Stream, ...]


@dataclass(slots=True)
class Plant:
    """The devices that were made, those that are polled now, and the simulator's process."""

    site: Site
    ports: list[int]
    simulator: int
    headers: dict[str, str] = field(repr=False)
    polled: list[Polled] = field(default_factory=list)

    def add(self, count: int, tags: int) -> None:
        """Have so many more devices polled each second, with so many data streams each.

        The first data stream of the first device is made by the hub, the others are copies of its
        row: ten thousand requests would take longer than what is measured. Devices are enabled
        when all is there.
        """
        made = [self._device() for _ in range(count)]
        first = self._ask("POST", "data/", {"name": "bench", "device": made[0]} | _place(0))
        row = self.site.db["streams"].find_one({"_id": first["id"]}) or {}
        rows = [_copy(row, device, tag) for device in made for tag in range(tags)]
        rows[0] = row
        self._insert(rows[1:])
        for device in made:
            self._ask("PATCH", f"device/{device}/", {"enabled": True})
        for number, device in enumerate(made):
            own = rows[number * tags : (number + 1) * tags]
            self.polled.append(Polled(device, tuple(map(stream_of, own))))

    def wait(self) -> None:
        """Until all devices are polled and none is down, or for a while if that takes longer."""
        numbers = [each.id for each in self.polled]
        told = self.site.db["device_states"]
        wanted = {"_id": {"$in": numbers}, "status": "up"}
        until = time.monotonic() + READY_S
        while told.count_documents(wanted) < len(numbers) and time.monotonic() < until:
            time.sleep(0.2)

    def rest(self) -> None:
        """Have no device polled any more."""
        for each in self.polled:
            self._ask("PATCH", f"device/{each.id}/", {"enabled": False})
        self.polled.clear()

    def _device(self) -> int:
        body = {"name": f"bench {uuid.uuid4()}", "kind": "modbus", "host": "127.0.0.1"}
        more = {"port": self.ports.pop(), "poll_interval": 1.0, "timeout": 3.0, "enabled": False}
        return int(self._ask("POST", "device/", body | more)["id"])

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        with contextlib.closing(connect(self.site.uri, self.site.db.name)) as mongo:
            numbers = Counters(mongo).block(COUNTER, len(rows))
        for number, row in zip(numbers, rows, strict=True):
            row["_id"] = number
        for at in range(0, len(rows), TOGETHER):
            self.site.db["streams"].insert_many(rows[at : at + TOGETHER])

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> Any:
        asked = urllib.request.Request(
            f"{self.site.live.root}/api/{path}",
            orjson.dumps(body),
            self.headers | {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(asked, timeout=60) as response:
            return orjson.loads(response.read())


def _place(tag: int) -> dict[str, str]:
    return {"path": f"hr:{tag * REGISTERS_EACH}", "type": "fp32"}


def _copy(row: dict[str, Any], device: int, tag: int) -> dict[str, Any]:
    return row | {"uuid": str(uuid.uuid4()), "device": device} | _place(tag)


@contextlib.contextmanager
def planted(site: Site, devices: int) -> Iterator[Plant]:
    """Start a simulator of so many devices; it is gone in the end. If all went well none is polled
    then."""
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    made = site.live.cli("key", "create", "bench", "--all-streams", "--all-devices", *scopes)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.devices_sim", str(devices)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ports = [int(port) for port in process.stdout.readline().split()]
        if len(ports) != devices:
            raise SystemExit("the simulator does not start")
        plant = Plant(site, ports, process.pid, Dataset("", made["key"]).headers)
        yield plant
        plant.rest()
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()
        process.wait(timeout=20)
