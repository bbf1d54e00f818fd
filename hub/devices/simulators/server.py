"""What the simulators of our own have in common: a TCP server that answers in turn."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Simulator(ABC):
    """A device on a TCP port; port 0 is one that is free. To be used as an async context."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None] | None] = set()

    @abstractmethod
    async def answered(self, reader: asyncio.StreamReader) -> bytes:
        """The answer to the next request, empty for none.

        Raises:
            asyncio.IncompleteReadError: there is no request any more.
            ValueError: it is no request; the connection is closed.
        """

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            serving = [task for task in self._tasks if task is not None]
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while True:
                writer.write(await self.answered(reader))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError, ValueError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
