"""Devices that share an endpoint, which may take one connection only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from hub.devices.contract import Driver, Point, Reading
from hub.errors import DeviceTimeout


class Turned:
    """A driver that has the endpoint for one call at a time, and lets go of it after each.

    Waiters have their turns in the order in which they came, whichever device they are for. A
    turn ends after ``limit_s``: then DeviceTimeout is raised.
    """

    def __init__(self, driver: Driver, turn: asyncio.Lock, limit_s: float) -> None:
        self._driver = driver
        self._turn = turn
        self._limit_s = limit_s

    async def open(self) -> None:
        """Nothing: a connection lasts for a call."""

    async def read(self, points: Sequence[Point]) -> list[Reading]:
        async with self._connected():
            return await self._driver.read(points)

    async def write(self, point: Point, value: object) -> None:
        async with self._connected():
            await self._driver.write(point, value)

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        async with self._turn:
            try:
                async with asyncio.timeout(self._limit_s):
                    yield
            except TimeoutError as exc:
                raise DeviceTimeout("the device took longer than its turn lasts") from exc
            finally:
                await self._driver.close()
