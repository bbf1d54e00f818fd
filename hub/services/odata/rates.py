"""How often a key may ask over OData."""

from __future__ import annotations

from dataclasses import replace

from hub.services.rates import Meter, Standing
from hub.store.access.rates import Buckets, Rate


class Rates:
    """Args: ``rate`` is that of one key, in all processes together."""

    def __init__(self, buckets: Buckets, rate: Rate) -> None:
        self._meter = Meter(buckets, "odata", rate)

    def count(self, key_id: str) -> Standing:
        """Count one request of a key; what is refused does not count."""
        return replace(self._meter.count(key_id), limit="odata_rate_per_s")

    def take(self, key_id: str) -> None:
        """As ``count``. Raises TooMany: it came too often; ``detail`` says when to come again."""
        self.count(key_id).check()
