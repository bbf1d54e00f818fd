"""Devices that share an endpoint, which may take one connection only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from hub.devices.contract import Driver, Point, Reading
from hub.errors import DeviceTimeout, DeviceUnreachable

NOTICED_S = 0.05
"""A machine needs a moment to notice that a connection is over, before it takes the next."""
BUSY_S = 0.25
"""And sometimes more."""


class Turns:
    """Who has the connection of an endpoint; it is closed when another one has its turn.

    Waiters have their turns in the order in which they came.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last: tuple[int, Driver] | None = None

    @asynccontextmanager
    async def of(self, device: int, driver: Driver) -> AsyncIterator[bool]:
        """A device's turn; whether the connection was another's just before."""
        async with self._lock:
            last, self._last = self._last, (device, driver)
            was_anothers = last is not None and last[0] != device
            if last is not None and was_anothers:
                await last[1].close()
                await asyncio.sleep(NOTICED_S)
            yield was_anothers


class Turned:
    """A driver that waits for its turn with each call, and has it for ``limit_s`` at most.

    Raises DeviceTimeout when that is over.
    """

    def __init__(self, driver: Driver, device: int, turns: Turns, limit_s: float) -> None:
        self._driver = driver
        self._device = device
        self._turns = turns
        self._limit_s = limit_s

    async def open(self) -> None:
        async with self._turn():
            await self._driver.open()

    async def read(self, points: Sequence[Point]) -> list[Reading]:
        async with self._turn() as was_anothers:
            try:
                return await self._driver.read(points)
            except DeviceUnreachable:
                if not was_anothers:
                    raise
            await asyncio.sleep(BUSY_S)
            return await self._driver.read(points)

    async def write(self, point: Point, value: object) -> None:
        async with self._turn():
            await self._driver.write(point, value)

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[bool]:
        async with self._turns.of(self._device, self._driver) as was_anothers:
            try:
                async with asyncio.timeout(self._limit_s):
                    yield was_anothers
            except TimeoutError as exc:
                raise DeviceTimeout("the device took longer than its turn lasts") from exc
