"""The one moment by which a fetch must be over, whatever the other side does."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from hub.errors import FetchTimeout


@dataclass(frozen=True, slots=True)
class Deadline:
    """``at`` is a reading of the monotonic clock, in seconds."""

    at: float

    @classmethod
    def in_(cls, seconds: float) -> Deadline:
        return cls(monotonic() + seconds)

    def left(self, most: float = float("inf")) -> float:
        """Seconds until then, at most so many.

        Raises:
            FetchTimeout: there are none.
        """
        left = self.at - monotonic()
        if left <= 0:
            raise FetchTimeout("the page did not come in time")
        return min(left, most)
