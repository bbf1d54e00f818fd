"""What the OData doors give at most, how often, and to which web pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.store.access.rates import Rate

RATE_MIN_PER_S: Final = 2.0
BURST_MIN: Final = 3
"""The official clients of the DataStream API send this much, and some do not survive a 429."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ODataLimits:
    """Of every process of the hub together, for each key.

    Attributes:
        budget_ms: the whole time of a request, looks into other sets too.
        count_ms: how long an exact count may take, and the estimate after it.
        page_bytes_max: of the body of a page.
        rate_per_s: requests a second in the long run.
        burst: requests that may come at once.
        origins: the web pages whose scripts may read, as ``https://host``, divided by commas.

    Raises:
        ValueError: the official clients would not work, or an origin is none.
    """

    budget_ms: int = 30_000
    count_ms: int = 5_000
    page_bytes_max: int = 32 * 1024 * 1024
    rate_per_s: float = 100.0
    burst: int = 1_000
    origins: str | None = None

    def __post_init__(self) -> None:
        if self.rate_per_s < RATE_MIN_PER_S:
            raise ValueError(f"RATE_PER_S: less than {RATE_MIN_PER_S:g}")
        if self.burst < BURST_MIN:
            raise ValueError(f"BURST: less than {BURST_MIN}")
        for origin in self.allowed_origins:
            scheme, _, host = origin.partition("://")
            if scheme not in ("http", "https") or not host or "/" in host:
                raise ValueError(f"ORIGINS: {origin} is no origin like https://example.org")

    @property
    def rate(self) -> Rate:
        return Rate(self.rate_per_s, self.burst)

    @property
    def allowed_origins(self) -> frozenset[str]:
        return frozenset(part for text in (self.origins or "").split(",") if (part := text.strip()))
