"""How long a device is left alone after it failed: pure."""

from __future__ import annotations

from collections.abc import Callable
from random import random

FIRST_S = 1.0
MOST_S = 30.0
JITTER = 0.2


class Backoff:
    """Pauses that double from failure to failure, spread so that devices do not come together."""

    def __init__(self, chance: Callable[[], float] = random) -> None:
        self._chance = chance
        self._failures = 0

    def failed(self) -> float:
        """The pause after one more failure, in seconds."""
        pause_s: float = min(MOST_S, FIRST_S * 2 ** min(self._failures, 30))
        self._failures += 1
        return pause_s * (1 - JITTER * self._chance())

    def good(self) -> None:
        """Begin anew."""
        self._failures = 0
