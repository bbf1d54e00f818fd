"""From threads to the one event loop of a process on which drivers run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from hub.devices.names import NamingLoop

T = TypeVar("T")
STOP_S = 5.0


class BridgeTimeout(Exception):
    """The work did not end in time, or was broken off."""


class Bridge:
    """The loop runs in a thread of its own from the first call on; never before a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], limit_s: float) -> T:
        """What the work gives or raises.

        Raises:
            BridgeTimeout: it took longer; it was told to end, and nobody waits until it has.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(limit_s)
        except (concurrent.futures.CancelledError, TimeoutError) as exc:
            future.cancel()
            raise BridgeTimeout from exc

    def close(self) -> None:
        """End what is under way, and the thread."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        with suppress(TimeoutError, concurrent.futures.CancelledError):
            asyncio.run_coroutine_threadsafe(_end_all(), loop).result(STOP_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_S)
        if not thread.is_alive():
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = NamingLoop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="devices", daemon=True
                )
                self._thread.start()
            return self._loop


async def _end_all() -> None:
    """Cancel what else is on this loop, and wait for it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
