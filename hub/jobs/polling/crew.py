"""The tasks of all devices that this worker polls."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from hub.devices.contract import Driver
from hub.jobs.polling.roster import Polled
from hub.jobs.polling.task import Task, Tools
from hub.values import Device

MANY = ("opcua",)
"""Kinds of devices that take several connections."""


class Crew:
    """To be used on one event loop."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tasks: dict[int, Task] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    @property
    def devices(self) -> set[int]:
        return set(self._tasks)

    def at(self, endpoints: Collection[str]) -> list[int]:
        """The devices that are polled there."""
        return [number for number, each in self._tasks.items() if each.endpoint in endpoints]

    def driver_of(self, device: int) -> Driver | None:
        """The driver that polls a device now."""
        task = self._tasks.get(device)
        return task.driver if task else None

    async def follow(
        self, places: Mapping[str, Collection[int]], polled: Mapping[int, Polled]
    ) -> None:
        """Poll some devices as they are configured now; others are left as they are.

        Args:
            places: the devices at each endpoint, all of them in ``polled``.
        """
        for endpoint, numbers in places.items():
            shared = [n for n in numbers if polled[n].device.kind not in MANY]
            for number in numbers:
                turn = self._turn(endpoint) if len(shared) > 1 and number in shared else None
                await self._follow(polled[number], endpoint, turn)
            if len(shared) < 2:
                self._turns.pop(endpoint, None)

    async def _follow(self, polled: Polled, endpoint: str, turn: asyncio.Lock | None) -> None:
        number = polled.device.id
        task = self._tasks.get(number)
        if task is not None and task.turn is turn and _same_link(task.polled, polled):
            if task.polled is not polled:
                task.alter(polled)
            return
        await self.end([number])
        if self._tools.valid(endpoint):
            self._tasks[number] = Task(polled, endpoint, turn, self._tools)

    async def end(self, devices: Collection[int]) -> None:
        """Poll some devices no more."""
        ending = [self._tasks.pop(number) for number in devices if number in self._tasks]
        await asyncio.gather(*(each.end() for each in ending))

    def _turn(self, endpoint: str) -> asyncio.Lock:
        return self._turns.setdefault(endpoint, asyncio.Lock())


def _same_link(old: Polled, new: Polled) -> bool:
    """Whether a device is reached and spoken to as before."""
    return _link(old.device) == _link(new.device)


def _link(device: Device) -> tuple[object, ...]:
    return (
        device.kind,
        device.host,
        device.port,
        device.unit,
        device.timeout_s,
        device.options,
    )
