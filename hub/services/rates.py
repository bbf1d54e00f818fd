"""How often anybody may come: each key, user and address, in all processes together.

A process takes tokens from the shared bucket by the handful while somebody comes often, and one
by one as the bucket empties. So what comes a thousand times a second costs few round trips, and
what is refused costs none.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor
from time import monotonic
from typing import Final

from cachetools import LRUCache

from hub.errors import TooMany
from hub.services.people.throttle import place_of
from hub.store.access.rates import Buckets, Rate

WINDOW_S_MAX: Final = 3_600.0
"""A bucket is forgotten after so long: by then it must be full."""
HANDFUL_MAX: Final = 64
HELD_S: Final = 0.5
"""So long a handful may last; what is left of it then goes back."""
REFUSING_S: Final = 1.0
"""So long at most a refusal is repeated without looking."""
KNOWN_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Requests a second in the long run, and at once.

    ``key``, ``user`` (with a session) and ``address`` (who is not let in) are those of the plant
    API; ``elsewhere`` is of a key, or without one of an address, at datasets and streams, where
    None counts nothing.

    Raises:
        ValueError: an empty bucket would take longer than an hour to fill.
    """

    key_per_s: float = 500.0
    key_burst: int = 10_000
    user_per_s: float = 50.0
    user_burst: int = 2_000
    address_per_s: float = 20.0
    address_burst: int = 1_000
    elsewhere_per_s: float | None = None
    elsewhere_burst: int = 10_000

    def __post_init__(self) -> None:
        for name in ("key", "user", "address", "elsewhere"):
            rate = self.rate(name)
            if rate and rate.filling_s > WINDOW_S_MAX:
                raise ValueError(f"{name.upper()}_BURST: more than comes in an hour")

    def rate(self, name: str) -> Rate | None:
        """One of the four; None where nothing is counted."""
        per_s = getattr(self, f"{name}_per_s")
        return Rate(per_s, getattr(self, f"{name}_burst")) if per_s else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands after a request. ``wait_s`` is 0 where it was counted.

    ``remaining`` is what may come at once now, ``full_s`` the seconds until that is the whole
    burst again. Other processes may know of some requests more.
    """

    limit: str
    rate: Rate
    remaining: int
    wait_s: float

    @property
    def full_s(self) -> int:
        return ceil((self.rate.burst - self.remaining) / self.rate.per_s)

    def check(self) -> None:
        """Raises TooMany: it came too often; ``detail`` says when to come again."""
        if self.wait_s > 0:
            raise TooMany(
                f"more than {self.rate.per_s:g} requests a second; "
                "wait as long as Retry-After says",
                limit=self.limit,
                max=self.rate.per_s,
                retry_after_s=max(1, ceil(self.wait_s)),
            )


@dataclass(slots=True)
class _Hand:
    """What this process holds of a bucket, and what it last saw there. Times are the meter's."""

    left: float
    tokens: int = 0
    wish: int = 1
    until: float = 0.0
    seen: float = 0.0
    next_token: float = 0.0
    refusing_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Meter:
    """Counts requests of one kind of visitors.

    Args:
        name: that of the setting.
        clock: seconds, never less than before.
    """

    def __init__(
        self, buckets: Buckets, name: str, rate: Rate, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._buckets = buckets
        self._name = name
        self._rate = rate
        self._clock = clock
        self._hands: LRUCache[str, _Hand] = LRUCache(KNOWN_MAX)
        self._lock = threading.Lock()

    def count(self, who: str) -> Standing:
        """Count one request; what is refused does not count."""
        hand = self._hand(who)
        with hand.lock:
            now = self._clock()
            if now >= hand.refusing_until and not (hand.tokens and now < hand.until):
                self._draw(who, hand, now)
            wait_s = 0.0
            if hand.tokens:
                hand.tokens -= 1
            else:
                wait_s = max(0.001, hand.next_token - now)
            return Standing(f"rate_{self._name}_per_s", self._rate, self._left(hand, now), wait_s)

    def _hand(self, who: str) -> _Hand:
        with self._lock:
            hand = self._hands.get(who)
            if hand is None:
                hand = self._hands[who] = _Hand(self._rate.burst)
            return hand

    def _draw(self, who: str, hand: _Hand, now: float) -> None:
        """Give back what was not used in time, and take as many as will probably be used."""
        hand.wish = min(hand.wish * 2, HANDFUL_MAX) if now < hand.until else 1
        drawn = self._buckets.draw(
            f"{self._name}:{who}", self._rate, wish=hand.wish, back=hand.tokens
        )
        hand.tokens, hand.until = drawn.count, now + HELD_S
        hand.left, hand.seen = drawn.left, now
        if not drawn.count:
            wait_s = max(0.0, 1 - drawn.left) / self._rate.per_s
            hand.next_token = now + wait_s
            hand.refusing_until = now + min(wait_s, REFUSING_S)

    def _left(self, hand: _Hand, now: float) -> int:
        if not hand.tokens and hand.next_token > now:
            return 0
        come = (now - hand.seen) * self._rate.per_s
        return min(self._rate.burst, floor(hand.left + come) + hand.tokens)


class Limits:
    """The meters of the doors. Args: ``pepper`` keys the digests that addresses are kept as."""

    def __init__(self, buckets: Buckets, limits: RateLimits, pepper: bytes) -> None:
        rates = {name: limits.rate(name) for name in ("key", "user", "address", "elsewhere")}
        self._meters = {n: Meter(buckets, n, rate) for n, rate in rates.items() if rate}
        self._pepper = hashlib.blake2b(pepper, person=b"hub-rates").digest()

    @property
    def counts_elsewhere(self) -> bool:
        return "elsewhere" in self._meters

    def of_key(self, key_id: str) -> Standing:
        """A request with a key, at the plant API."""
        return self._meters["key"].count(key_id)

    def of_user(self, name: str) -> Standing:
        """A request with a session."""
        return self._meters["user"].count(name)

    def of_address(self, address: str) -> Standing:
        """A request of somebody who is not let in."""
        return self._meters["address"].count(self._digest(address))

    def elsewhere(self, key_id: str | None, address: str) -> Standing:
        """A request at datasets and streams, where they are counted."""
        who = self._digest(address) if key_id is None else key_id
        return self._meters["elsewhere"].count(who)

    def _digest(self, address: str) -> str:
        place = place_of(address).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(place, key=self._pepper, digest_size=16).hexdigest()
