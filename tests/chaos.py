"""A network that fails on purpose: a TCP proxy that harms what a server answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import repeat
from types import TracebackType
from typing import Literal, Self

Harm = Literal[
    "none", "split", "delay", "hold", "drop", "duplicate", "reset", "close", "stall", "garble",
    "babble",
]  # fmt: skip
GARBAGE = bytes(range(7, 250, 3)) * 40


class Chaos:
    """Between a client and a server on this host. ``harm`` may change at any time.

    ``at`` is the byte of the answers, counted from when ``harm`` was given, from which on they
    are closed, stalled or of which one is garbled. ``delay_s`` is that of a delay. Answers that are
    held go on when ``go`` is set; ``held`` is set from the first one on.
    """

    def __init__(self, server_port: int, *, delay_s: float = 0.05) -> None:
        self.port = 0
        self.delay_s = delay_s
        self.connections = 0
        self.held = asyncio.Event()
        self.go = asyncio.Event()
        self._server_port = server_port
        self._harm: Harm = "none"
        self._at = 0
        self._seen = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None] | None] = set()

    def harm(self, harm: Harm, at: int = 0) -> None:
        self._harm, self._at, self._seen = harm, at, 0

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._tasks)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        serving = [task for task in self._tasks if task is not None]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            above, up = await asyncio.open_connection("127.0.0.1", self._server_port)
            try:
                await self._pumped(reader, writer, above, up)
            finally:
                up.transport.abort()
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pumped(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        above: asyncio.StreamReader,
        up: asyncio.StreamWriter,
    ) -> None:
        """Both directions, until one of them ends."""
        pumps = [
            asyncio.create_task(self._ask(reader, up)),
            asyncio.create_task(self._answer(above, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _ask(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                up.write(data)
                await up.drain()

    async def _answer(self, above: asyncio.StreamReader, down: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await above.read(65_536):
                seen, self._seen = self._seen, self._seen + len(data)
                if not await self._harmed(data, self._at - seen, down):
                    return
                await down.drain()

    async def _harmed(self, data: bytes, at: int, down: asyncio.StreamWriter) -> bool:
        """Send on what is left of an answer; whether the connection goes on."""
        match self._harm:
            case "split" | "babble":
                await self._in_pieces(data, down)
            case "delay":
                await asyncio.sleep(self.delay_s)
                down.write(data)
            case "hold":
                self.held.set()
                await self.go.wait()
                down.write(data)
            case "close" | "stall" | "reset" if at < len(data):
                return await self._cut(data[: max(0, at)], down)
            case _:
                down.write(self._changed(data, at))
        return True

    def _changed(self, data: bytes, at: int) -> bytes:
        """An answer as it comes instead, still at once."""
        match self._harm:
            case "drop":
                return b""
            case "duplicate":
                return data + data
            case "garble" if 0 <= at < len(data):
                return data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :]
            case _:
                return data

    async def _in_pieces(self, data: bytes, down: asyncio.StreamWriter) -> None:
        """Byte by byte; who babbles goes on with garbage, and never ends."""
        babbles = self._harm == "babble"
        for piece in repeat(GARBAGE) if babbles else (data[n : n + 1] for n in range(len(data))):
            down.write(piece)
            await down.drain()
            await asyncio.sleep(0)

    async def _cut(self, data: bytes, down: asyncio.StreamWriter) -> bool:
        """No more than this: then silence, an end, or a reset at once."""
        if self._harm != "reset":
            down.write(data)
            await down.drain()
        if self._harm == "stall":
            await asyncio.sleep(3600)
        if self._harm == "close":
            down.close()
            await asyncio.sleep(0.05)
        return False
