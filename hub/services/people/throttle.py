"""How often a login may fail: by the name and by the address, in all processes together."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from hub.errors import TooMany
from hub.store.access.attempts import Attempts

NETWORK_BITS = 64
"""An IPv6 host has so many bits of its own: it counts as one address."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``burst`` attempts at once, then one each ``every_s`` seconds."""

    burst: int
    every_s: float


OF_ADDRESS = Pace(burst=10, every_s=15)
OF_NAME = Pace(burst=20, every_s=5)
"""More than one address has: nobody shuts a user out from a single place."""


class Throttle:
    """Args: ``pepper`` keys the digests under which attempts are counted."""

    def __init__(self, store: Attempts, pepper: bytes) -> None:
        self._store = store
        self._pepper = hashlib.blake2b(pepper, person=b"hub-attempts").digest()

    def take(self, name: str, address: str) -> None:
        """Count an attempt before it is made, so that many at once gain nothing.

        Raises:
            TooMany: too many of the address or of the name failed; nothing was counted.
        """
        place, person = self._buckets(name, address)
        self._counted(place, OF_ADDRESS, "logins_of_address")
        try:
            self._counted(person, OF_NAME, "logins_of_name")
        except TooMany:
            self._store.give_back(place, OF_ADDRESS.every_s)
            raise

    def give_back(self, name: str, address: str) -> None:
        """The attempt was good: it does not count."""
        place, person = self._buckets(name, address)
        self._store.give_back(place, OF_ADDRESS.every_s)
        self._store.give_back(person, OF_NAME.every_s)

    def _counted(self, bucket: bytes, pace: Pace, limit: str) -> None:
        wait_s = self._store.take(bucket, burst=pace.burst, every_s=pace.every_s)
        if wait_s:
            raise TooMany(
                "too many logins failed; wait as long as Retry-After says",
                limit=limit,
                retry_after_s=math.ceil(wait_s),
            )

    def _buckets(self, name: str, address: str) -> tuple[bytes, bytes]:
        return self._bucket(b"address", place_of(address)), self._bucket(b"name", name)

    def _bucket(self, kind: bytes, text: str) -> bytes:
        """Its digest: what was typed as a name may be a password."""
        typed = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(typed, key=self._pepper, person=kind, digest_size=32).digest()


def place_of(address: str) -> str:
    """What counts as one address: that of IPv4, the network of one host of IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((found, NETWORK_BITS), strict=False))
