"""How often a key may ask over OData."""

from __future__ import annotations

from dataclasses import replace

from hub.services.rates import Meter
from hub.store.rates import Buckets, Rate


class Rates:
    """Args: ``rate`` is that of one key, in all processes together."""

    def __init__(self, buckets: Buckets, rate: Rate) -> None:
        self._meter = Meter(buckets, "odata", rate)

    def take(self, key_id: str) -> None:
        """Count one request of a key.

        Raises:
            TooMany: it came too often; ``detail`` says when to come again.
        """
        replace(self._meter.count(key_id), limit="odata_rate_per_s").check()
