"""How often a key may ask over OData."""

from __future__ import annotations

from math import ceil

from hub.errors import TooMany
from hub.store.rates import RateStore


class Rates:
    """Args: ``per_s`` in the long run, ``burst`` at once; of all processes together."""

    def __init__(self, store: RateStore, per_s: float, burst: int) -> None:
        self._store = store
        self._per_s = per_s
        self._burst = burst

    def take(self, key_id: str) -> None:
        """Count one request of a key.

        Raises:
            TooMany: it came too often; ``detail`` says when to come again.
        """
        wait_s = self._store.take(f"odata:{key_id}", per_s=self._per_s, burst=self._burst)
        if wait_s:
            raise TooMany(
                f"more than {self._per_s:g} requests a second; wait as long as Retry-After says",
                limit="odata_rate_per_s",
                max=self._per_s,
                retry_after_s=max(1, ceil(wait_s)),
            )
