"""What comes from an OPC UA server, before the library looks at it: bounded."""

from __future__ import annotations

import asyncio

from asyncua.client.ua_client import UASocketProtocol

from hub.errors import DeviceGarbled

CHUNK_BYTES_MAX = 1 << 20
"""How many bytes of a part of a message may wait for its end: sixteen times what servers are told
they may send in one."""
MESSAGE_BYTES_MAX, MESSAGE_PARTS_MAX = 1 << 24, 1 << 12
"""How many bytes and parts a message may have whose last part did not come yet."""


class Guard(asyncio.Protocol):
    """Hands on what comes, and breaks off a connection whose message never comes to its end.

    The library would wait for as much as a part announces, and copy all of it with everything
    that comes; and it would gather parts for ever, for it lets the server set the limits.
    """

    def __init__(self, guarded: UASocketProtocol, transport: asyncio.Transport) -> None:
        self._guarded = guarded
        self._transport = transport
        self._fault: DeviceGarbled | None = None

    @classmethod
    def over(cls, guarded: UASocketProtocol | None) -> None:
        """Stand between a connection, if there is one, and who listens to it."""
        if guarded is not None and guarded.transport is not None:
            guarded.transport.set_protocol(cls(guarded, guarded.transport))

    def data_received(self, data: bytes) -> None:
        self._guarded.data_received(data)
        waiting = self._guarded.receive_buffer
        if waiting is not None and len(waiting) > CHUNK_BYTES_MAX:
            self._break_off()
        gathered = self._guarded._connection
        if gathered._incoming_size > MESSAGE_BYTES_MAX:
            self._break_off()
        if len(gathered._incoming_parts) > MESSAGE_PARTS_MAX:
            self._break_off()

    def _break_off(self) -> None:
        self._fault = DeviceGarbled("what the server sent has no end")
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._guarded.connection_lost(self._fault or exc)
