"""An event loop whose end never waits for the name of a host.

The system's resolver may hang for as long as it likes and cannot be told to stop. The loop of the
standard library asks it in threads that the end of the loop, and of the process, waits for.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

LOOKING_MAX = 256
"""How many names are looked up at once: one that hangs shall not delay others."""
Look = Callable[..., Any]
"""As ``socket.getaddrinfo``."""


class NamingLoop(asyncio.SelectorEventLoop):
    """Looks names up in threads of their own, which nobody waits for in the end.

    Args:
        look: how a name is looked up.
    """

    def __init__(self, look: Look = socket.getaddrinfo) -> None:
        super().__init__()
        self._look = look
        self._places = asyncio.Semaphore(LOOKING_MAX)

    async def getaddrinfo(self, host: Any, port: Any, **how: int) -> Any:
        await self._places.acquire()
        found: asyncio.Future[Any] = self.create_future()

        def look() -> None:
            answer: Any = None
            fault: Exception | None = None
            try:
                answer = self._look(host, port, **how)
            except Exception as exc:
                fault = exc
            with suppress(RuntimeError):  # the loop is closed
                self.call_soon_threadsafe(self._tell, found, answer, fault)

        threading.Thread(target=look, name="names", daemon=True).start()
        return await found

    def _tell(self, found: asyncio.Future[Any], answer: Any, fault: Exception | None) -> None:
        self._places.release()
        if found.done():
            return
        if fault is None:
            found.set_result(answer)
        else:
            found.set_exception(fault)
