"""The leases that one process holds, kept between runs: an idle hub writes next to nothing."""

from __future__ import annotations

import threading
from datetime import timedelta
from time import monotonic

from hub.store.leases import Leases

RENEWED_AT = 0.5
"""A lease is renewed when less than this part of it is left."""


class Holding:
    """Leases by name, under one holder's name."""

    def __init__(self, leases: Leases, holder: str) -> None:
        self._leases = leases
        self._holder = holder
        self._held: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def fence(self, name: str, length: timedelta) -> int | None:
        """The fencing token of a lease that lasts for half of ``length`` at least.

        None while another process holds it.
        """
        now, seconds = monotonic(), length.total_seconds()
        with self._lock:
            token, until = self._held.get(name, (0, 0.0))
        if until - now > seconds * RENEWED_AT:
            return token
        taken = self._leases.take(name, self._holder, length)
        with self._lock:
            if taken is None:
                self._held.pop(name, None)
            else:
                self._held[name] = (taken, now + seconds)
        return taken

    def give_back(self, name: str) -> None:
        """Let another process have a lease at once."""
        with self._lock:
            held = self._held.pop(name, None)
        if held:
            self._leases.give_back(name, self._holder)

    def give_all_back(self) -> None:
        for name in list(self._held):
            self.give_back(name)
