"""A TCP connection on which one request is answered at a time, for protocols of our own."""

from __future__ import annotations

import asyncio
from typing import Self

from hub.devices.reader import CellReader
from hub.errors import DeviceGarbled, DeviceUnreachable
from hub.values import Device

BUFFER_BYTES_MAX = 1 << 17
"""What comes unread beyond this breaks the connection off."""


class _Inbox(asyncio.Protocol):
    """What came in and was not taken yet."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost = False
        self._changed = asyncio.Event()
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > BUFFER_BYTES_MAX and isinstance(self._transport, asyncio.Transport):
            self._transport.abort()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._changed.set()

    async def take(self, size: int) -> bytes:
        while len(self.data) < size:
            if self.lost:
                raise DeviceUnreachable("the device closed the connection")
            self._changed.clear()
            await self._changed.wait()
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken


class Link:
    """An open connection. Its methods wait without a limit: the caller sets one."""

    def __init__(self, transport: asyncio.Transport, inbox: _Inbox) -> None:
        self._transport = transport
        self._inbox = inbox

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Raises DeviceUnreachable: nobody answers there."""
        loop = asyncio.get_running_loop()
        try:
            transport, inbox = await loop.create_connection(_Inbox, host, port)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as exc:
            raise DeviceUnreachable("no connection to the device") from exc
        return cls(transport, inbox)

    @property
    def usable(self) -> bool:
        """Whether it is open, and nothing came that nobody asked for."""
        inbox = self._inbox
        return not (inbox.lost or inbox.data or self._transport.is_closing())

    def send(self, data: bytes) -> None:
        """Send a request; small enough not to fill what lies between."""
        self._transport.write(data)

    async def take(self, size: int) -> bytes:
        """Exactly so many bytes of what comes.

        Raises:
            DeviceUnreachable: the connection ended before.
            DeviceGarbled: nothing of that size comes over such a connection.
        """
        if size > BUFFER_BYTES_MAX:
            raise DeviceGarbled("the device announces more than it may send")
        return await self._inbox.take(size)

    def close(self) -> None:
        """Break it off at once; what is unsent or unread is lost."""
        self._transport.abort()


class LinkedReader(CellReader):
    """A driver of cells over a link of its own."""

    def __init__(self, device: Device) -> None:
        super().__init__(device.timeout_s)
        self._at = (device.host or "", device.port or 0)
        self._link: Link | None = None

    async def _connect(self) -> None:
        if self._link is None or not self._link.usable:
            await self._disconnect()
            async with self.connecting():
                self._link = await Link.open(*self._at)

    async def _disconnect(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _linked(self) -> Link:
        """A link on which nothing waits to be taken."""
        await self._connect()
        assert self._link is not None
        return self._link
