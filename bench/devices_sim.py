"""Simulated Modbus devices that cost next to nothing: one process, one event loop, a port each.

Usage: python -m bench.devices_sim COUNT. It prints the ports in one line and ends with its stdin.
All devices show the same holding registers: big-endian fp32 values that change every second.
"""

from __future__ import annotations

import asyncio
import random
import resource
import struct
import sys
from array import array

CELLS = 65_536
VALUES = CELLS // 2
REQUEST = struct.Struct(">HHHBBHH")
ANSWER = struct.Struct(">HHHBBB")
REFUSED = struct.Struct(">HHHBBB")
READ_HOLDING, UNKNOWN_FUNCTION = 3, 1
CHANGED_S = 1.0


class Registers:
    """A random walk for each value, in quarters, of which fp32 holds every one exactly."""

    def __init__(self) -> None:
        self._walk = random.Random(7)
        self._now = array("f", (20 + number % 80 / 4 for number in range(VALUES)))
        self.held = b""
        self.step()

    def step(self) -> None:
        """Move every value by a quarter or not."""
        moves = self._walk.choices((-0.25, 0.0, 0.25), k=VALUES)
        self._now = array("f", map(float.__add__, self._now, moves))
        told = array("f", self._now)
        if sys.byteorder == "little":
            told.byteswap()
        self.held = told.tobytes()


class Device(asyncio.Protocol):
    """Answers to the reading of holding registers; refuses all else."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._left + data
        at = 0
        while len(data) - at >= REQUEST.size:
            self._transport.write(self._answer(*REQUEST.unpack_from(data, at)))
            at += REQUEST.size
        self._left = data[at:]

    def _answer(self, number: int, _: int, __: int, unit: int, *asked: int) -> bytes:
        function, start, count = asked
        if function != READ_HOLDING or start + count > CELLS:
            return REFUSED.pack(number, 0, 3, unit, function | 0x80, UNKNOWN_FUNCTION)
        size = 2 * count
        held = self._registers.held[2 * start : 2 * start + size]
        return ANSWER.pack(number, 0, 3 + size, unit, function, size) + held


async def main(count: int) -> None:
    """Serve until stdin ends."""
    loop, registers = asyncio.get_running_loop(), Registers()
    servers = [
        await loop.create_server(lambda: Device(registers), "127.0.0.1", 0) for _ in range(count)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        await asyncio.wait([ended], timeout=CHANGED_S)
        registers.step()


def _open_many() -> None:
    """As many files as the system lets a process have: each device has two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    _open_many()
    asyncio.run(main(int(sys.argv[1])))
