"""Machines that run beside a test, on an event loop of their own, and what is asked of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from hub.devices.simulators.melsec import MelsecSimulator
from tests.live import free_port

T = TypeVar("T")
NOTICED_S = 3.0
BATCH_WRITE = b"\x01\x14"


class Beside:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)

    def run(self, work: Coroutine[Any, Any, T], limit_s: float = 60.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(limit_s)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.run(_ended())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def beside() -> Iterator[Beside]:
    found = Beside()
    found.start()
    try:
        yield found
    finally:
        found.stop()


class OneAtATime(MelsecSimulator):
    """A controller whose port takes one connection: others are broken off.

    ``turned_away`` counts those, ``served`` the ones that were taken. It has a moment to notice
    that the one before is over, however busy this machine is.
    """

    turned_away = 0
    served = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        until = asyncio.get_running_loop().time() + NOTICED_S
        while self._tasks and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
        if self._tasks:
            self.turned_away += 1
            writer.transport.abort()
            return
        self.served += 1
        await super()._serve(reader, writer)


class Slow(OneAtATime):
    """One that takes so long for each answer. ``asked`` counts the requests."""

    read_s = 0.0
    write_s = 0.0
    asked = 0

    def _done(self, rest: bytes) -> bytes:
        self.asked += 1
        self._pause_s = self.write_s if rest[2:4] == BATCH_WRITE else self.read_s
        return super()._done(rest)

    async def answered(self, reader: asyncio.StreamReader) -> bytes:
        answer = await super().answered(reader)
        await asyncio.sleep(self._pause_s)
        return answer


class Dripping:
    """A server that takes every connection and sends a byte a second, or nothing at all."""

    def __init__(self, *, drips: bool) -> None:
        self.port = 0
        self._drips = drips
        self._tasks: set[asyncio.Task[None] | None] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            if task is not None:
                task.cancel()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            while True:
                await asyncio.sleep(1)
                if self._drips:
                    writer.write(b"\xd0")
                    await writer.drain()
        writer.transport.abort()


def closed_port() -> int:
    """A port on which nobody listens."""
    return free_port()


async def _ended() -> None:
    """Cancel all else on a loop and wait for it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
