"""The tasks of all devices that this worker polls, and the drivers of those beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from hub.devices.contract import Driver
from hub.errors import HubError
from hub.jobs.polling.roster import Polled
from hub.jobs.polling.task import Task, Tools, drive
from hub.jobs.polling.turns import Turns
from hub.values import Device


class Crew:
    """To be used on one event loop."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tasks: dict[int, Task] = {}
        self._turns: dict[str, Turns] = {}
        self._idle: dict[int, tuple[Device, str]] = {}
        self._opened: dict[int, Driver] = {}

    def at(self, endpoints: Collection[str]) -> list[int]:
        """The devices that are polled there."""
        return [number for number, each in self._tasks.items() if each.endpoint in endpoints]

    def driver_of(self, device: int) -> Driver | None:
        """The driver that polls a device now, or one to be used while nobody polls it."""
        if task := self._tasks.get(device):
            return task.driver
        if device in self._idle and device not in self._opened:
            self._open(device, *self._idle[device])
        return self._opened.get(device)

    async def follow(self, places: Mapping[str, Collection[Polled]]) -> None:
        """Poll what is at some endpoints as it is configured now; others are left as they are."""
        for endpoint in self._turns.keys() - places.keys():
            del self._turns[endpoint]
        stale: list[int] = []
        fresh: list[tuple[Polled, str]] = []
        for endpoint, devices in places.items():
            for polled in devices:
                number = polled.device.id
                task = self._tasks.get(number)
                if task is None or not task.follows(polled, endpoint):
                    stale.append(number)
                    fresh.append((polled, endpoint))
        await self.end(stale)
        for polled, endpoint in fresh:
            if self._tools.valid(endpoint):
                turns = self._turns_at(endpoint)
                self._tasks[polled.device.id] = Task(polled, endpoint, turns, self._tools)

    async def let_be(self, idle: Iterable[tuple[Device, str]]) -> None:
        """Devices that nobody polls, and the endpoints which they share with some that are."""
        now = {device.id: (device, endpoint) for device, endpoint in idle}
        stale = [number for number in self._opened if now.get(number) != self._idle[number]]
        closing = [self._opened.pop(number) for number in stale]
        self._idle = now
        await asyncio.gather(*(each.close() for each in closing))

    async def end(self, devices: Collection[int]) -> None:
        """Poll some devices no more."""
        ending = [self._tasks.pop(number) for number in devices if number in self._tasks]
        await asyncio.gather(*(each.end() for each in ending))

    async def end_all(self) -> None:
        await self.let_be(())
        await self.end(list(self._tasks))

    def _open(self, number: int, device: Device, endpoint: str) -> None:
        """Have a driver for a device that nobody polls, if that can be."""
        if self._tools.valid(endpoint):
            with suppress(HubError):
                driver = self._tools.drivers.open(device)
                self._opened[number] = drive(driver, device, self._turns_at(endpoint))

    def _turns_at(self, endpoint: str) -> Turns:
        return self._turns.setdefault(endpoint, Turns())
