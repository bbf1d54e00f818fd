"""Redis, where there is one: the connection, whether it answers, and token buckets in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from hub.errors import SetupError, Unavailable
from hub.store.access.rates import SHARE, Buckets, Drawn, Rate

__all__ = ["Redis", "RedisBuckets", "RedisPulse", "connect"]

log = logging.getLogger(__name__)

PREFIX: Final = "hub:rate:"
SILENCE_S: Final = 0.25
"""How long Redis may stay silent; it answers in a fraction of a millisecond."""
PAUSE_S: Final = 5.0
"""How long it is left alone after it did not answer."""
KEPT_S: Final = 1.0
"""A bucket is kept so much longer than it takes to fill."""

_DRAW: Final = f"""
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local per_s, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wish, back = tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local come = math.max(0, now - (tonumber(kept[2]) or now)) * per_s
local tokens = math.min(burst, (tonumber(kept[1]) or burst) + come + back)
local taken = 0
if tokens >= 1 then
  taken = math.min(wish, math.max(1, math.floor(tokens / {SHARE})))
end
local left = string.format('%.17g', tokens - taken)
redis.call('HSET', KEYS[1], 'tokens', left, 'at', string.format('%.17g', now))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {{taken, left}}
"""


def connect(url: str, silence_s: float = SILENCE_S) -> Redis:
    """A client of the Redis at ``redis://``, ``rediss://`` or ``unix://``; nothing is sent yet.

    Args:
        silence_s: how long it may stay silent.

    Raises:
        SetupError: the URL is malformed; it is not repeated, for it may hold a password.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=silence_s,
            socket_connect_timeout=silence_s,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
    except (ValueError, TypeError) as exc:
        raise SetupError("HUB_REDIS_URL: not a URL of Redis") from exc


class RedisPulse:
    def __init__(self, client: Redis) -> None:
        self._client = client

    def feel(self) -> None:
        """Raises Unavailable: Redis does not answer at once, or does not let the hub in."""
        with _translated():
            self._client.ping()


class RedisBuckets:
    """Buckets in Redis, filled by its clock; while it does not answer, those of ``otherwise``.

    Who changes over finds full buckets on the other side. ``clock`` gives seconds, never less
    than before.
    """

    def __init__(
        self,
        client: Redis,
        space: str,
        otherwise: Buckets,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._clock = clock
        self._script = client.register_script(_DRAW)
        self._prefix = f"{PREFIX}{space}:"
        self._otherwise = otherwise
        self._silent_until = 0.0
        self._silent = False

    def draw(self, bucket: str, rate: Rate, *, wish: int = 1, back: int = 0) -> Drawn:
        """As ``Buckets`` has it."""
        if self._clock() >= self._silent_until:
            try:
                drawn = self._drawn(bucket, rate, wish, back)
            except Unavailable as exc:
                self._leave_alone(exc)
            else:
                self._come_back()
                return drawn
        return self._otherwise.draw(bucket, rate, wish=wish, back=back)

    def _drawn(self, bucket: str, rate: Rate, wish: int, back: int) -> Drawn:
        kept_ms = round((rate.filling_s + KEPT_S) * 1000)
        with _translated():
            count, left = self._script(
                keys=[self._prefix + bucket], args=[rate.per_s, rate.burst, wish, back, kept_ms]
            )
        return Drawn(int(count), float(left))

    def _leave_alone(self, exc: Unavailable) -> None:
        self._silent_until = self._clock() + PAUSE_S
        if not self._silent:
            self._silent = True
            log.warning("%s; rates are counted in the database", exc.message)

    def _come_back(self) -> None:
        if self._silent:
            self._silent = False
            log.warning("Redis answers; rates are counted there again")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's exceptions into the hub's. Raises Unavailable."""
    try:
        yield
    except AuthenticationError as exc:
        raise Unavailable("Redis does not let the hub in") from exc
    except RedisError as exc:
        raise Unavailable("Redis does not answer") from exc
