"""How many queries may run at once, so that no reader starves the sensors or each other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from hub.errors import TooMany

Release = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Of one process. ``heavy`` queries are those that read much and give little."""

    total: int = 8
    per_key: int = 4
    heavy: int = 2
    wait_s: float = 2.0


class Permits:
    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._changed = threading.Condition()
        self._by_key: Counter[str] = Counter()
        self._heavy = 0

    def take(self, key_id: str, *, heavy: bool) -> Release:
        """Wait for a place; the function that gives it back (calling it twice is harmless).

        Raises:
            TooMany: none became free in ``wait_s``; ``detail`` names the limit that was met.
        """
        until = monotonic() + self._allowance.wait_s
        with self._changed:
            while limit := self._full(key_id, heavy):
                left = until - monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TooMany("too many queries at once", limit=limit, retry_after_s=1)
            self._by_key[key_id] += 1
            self._heavy += heavy
        return self._release_once(key_id, heavy)

    def _full(self, key_id: str, heavy: bool) -> str | None:
        if self._by_key[key_id] >= self._allowance.per_key:
            return "queries_per_key"
        if self._by_key.total() >= self._allowance.total:
            return "queries"
        return "heavy_queries" if heavy and self._heavy >= self._allowance.heavy else None

    def _release_once(self, key_id: str, heavy: bool) -> Release:
        held = threading.Lock()

        def release() -> None:
            if not held.acquire(blocking=False):
                return
            with self._changed:
                self._by_key[key_id] -= 1
                if not self._by_key[key_id]:
                    del self._by_key[key_id]
                self._heavy -= heavy
                self._changed.notify_all()

        return release
