"""A plant to be polled: simulators that count, devices and streams of them, a poller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from pymongo.database import Database

from hub.devices.simulators.modbus import ModbusSimulator
from hub.errors import NotFound
from hub.jobs.polling.loop import Poller
from hub.services import Services, scopes
from hub.values import EVERYTHING, DeviceState, Principal
from tests.chaos import Chaos

ADMIN = Principal("admin", frozenset(scopes.SCOPES), EVERYTHING, None)
T = TypeVar("T")
PATIENCE_S = 30.0
"""So long a device may take for an answer where that is not what a test is about."""


class Loop:
    """An event loop in a thread of its own, for simulators and proxies."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def close(self) -> None:
        self.run(_ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _ended() -> None:
    """End what a library left running."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@dataclass
class Plant:
    """Devices and data streams made through the services, and looked at in the store."""

    services: Services
    db: Database
    made: list[int] = field(default_factory=list)

    def device(self, port: int, kind: str = "modbus", **more: Any) -> int:
        body = {
            "name": f"machine {uuid4()}",
            "kind": kind,
            "host": "127.0.0.1",
            "port": port,
            "poll_interval": 0.2,
            "timeout": PATIENCE_S,
        }
        device = self.services.plant.devices.create(body | more, ADMIN)
        self.made.append(device.id)
        return device.id

    def stream(self, device: int, path: str, **more: Any) -> int:
        body = {"name": f"tag {uuid4()}", "device": device, "path": path}
        return self.services.plant.data.create(body | more, ADMIN).id

    def change(self, device: int, **fields: Any) -> None:
        self.services.plant.devices.change(device, fields, ADMIN)

    def change_stream(self, stream: int, **fields: Any) -> None:
        self.services.plant.data.change(stream, fields, ADMIN)

    def remove(self, device: int) -> None:
        self.services.plant.devices.delete(device, ADMIN, "delete")

    def state(self, device: int) -> DeviceState | None:
        return self.services.device_states.get([device]).get(device)

    def values(self, stream: int) -> dict[int, float]:
        """What is stored: value by time in ms."""
        return dict(self.points(stream))

    def points(self, stream: int) -> list[tuple[int, float]]:
        """As ``values``; in order, and what is stored twice stands twice."""
        found = []
        for row in self.db["values"].find({"_id.s": stream}):
            start = int(row["_id"]["h"])
            found += [(start + int(name), value) for name, value in row["v"].items()]
        return sorted(found)

    def events(self, device: int) -> list[str]:
        """The kinds of its event logs, in order."""
        rows = self.db["event_logs"].find({"device": device}).sort("_id", 1)
        return [row["kind"] for row in rows]

    def clear(self) -> None:
        """Let nobody poll what was made."""
        for device in self.made:
            with suppress(NotFound):
                self.change(device, enabled=False)


class Beside:
    """Counting machines and networks that fail, on a loop of their own, all of them to be ended."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._stack = AsyncExitStack()

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        return self.loop.run(self._stack.enter_async_context(context))

    def machine(self) -> ModbusSimulator:
        """A Modbus device whose cell ``hr:1`` holds 7."""
        machine = self.enter(ModbusSimulator())
        self.loop.run(machine.set("holding", 1, [7]))
        return machine

    def network(self, port: int, *, delay_s: float = 0.05) -> Chaos:
        return self.enter(Chaos(port, delay_s=delay_s))

    def close(self) -> None:
        self.loop.run(self._stack.aclose())


@contextmanager
def polling(services: Services, holder: str = "tester") -> Iterator[Poller]:
    """A worker's polling in this process."""
    broken = threading.Event()
    poller = Poller(services, holder, broken.set)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()
        assert not broken.is_set()
