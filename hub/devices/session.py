"""A driver's time and turns: one call at a time, each within its limit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from hub.devices.contract import CALL_TIMEOUTS
from hub.errors import (
    BadAddress,
    BadDeviceValue,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
)


class Session(ABC):
    """What all drivers share: opening, closing, and how long a call may take."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._turn = asyncio.Lock()

    @abstractmethod
    async def _connect(self) -> None:
        """Connect anew unless a connection is there; may be cancelled at any moment."""

    @abstractmethod
    async def _disconnect(self) -> None:
        """Close what there is within ``timeout_s``, and never raise a DeviceError."""

    async def open(self) -> None:
        async with self.call():
            await self._connect()

    async def close(self) -> None:
        await self._disconnect()

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
    async def call(self) -> AsyncIterator[None]:
        """One call's turn. The connection does not outlive a call that failed or was cancelled.

        Raises:
            DeviceTimeout: it took longer than ``CALL_TIMEOUTS`` requests may, one of them being
                the time to close.
        """
        try:
            async with asyncio.timeout((CALL_TIMEOUTS - 1) * self.timeout_s), self._turn:
                try:
                    yield
                except (BadAddress, BadDeviceValue, DeviceRefused):
                    raise
                except BaseException:
                    await self._disconnect()
                    raise
        except TimeoutError as exc:
            raise DeviceTimeout("the device took too long for all that was asked") from exc

    @asynccontextmanager
    async def connecting(self) -> AsyncIterator[None]:
        """The time to connect, as long as that of a request.

        Raises:
            DeviceUnreachable: it is over.
        """
        try:
            async with self.request():
                yield
        except DeviceTimeout as exc:
            raise DeviceUnreachable("no connection to the device came about in time") from exc

    @asynccontextmanager
    async def request(self, times: int = 1) -> AsyncIterator[None]:
        """The time of one request, or of so many.

        Raises:
            DeviceTimeout: it is over.
        """
        try:
            async with asyncio.timeout(times * self.timeout_s):
                yield
        except TimeoutError as exc:
            raise DeviceTimeout("the device did not answer in time") from exc
