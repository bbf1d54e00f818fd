"""Ending at once on SIGINT and SIGTERM, whatever is under way, with everything let go."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import TracebackType
from typing import Any


class Stopped(BaseException):
    """A signal came. Not an ``Exception``, so that nothing on the way takes it for a failure."""


class Stop:
    """While it is entered, a signal raises Stopped in the main thread; it must be entered there."""

    def __init__(self) -> None:
        self._asked = Event()
        self._deferred = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Stopped if a signal came, for where its own was lost in a ``finally``."""
        if self._asked.is_set():
            raise Stopped

    @contextmanager
    def deferred(self) -> Iterator[Event]:
        """Let what must not be torn run to its end: a signal sets the event, and raises then."""
        self._deferred = True
        try:
            yield self._asked
        finally:
            self._deferred = False
        self.check()

    def pause(self, seconds: float) -> None:
        """Sleep, unless a signal came or comes."""
        self.check()
        time.sleep(seconds)

    def _ask(self, *_: object) -> None:
        self._asked.set()
        if not self._deferred:
            raise Stopped
