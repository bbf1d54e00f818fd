"""Access keys for every door: made, rotated, revoked, and verified on each request.

A secret is 256 random bits and is shown once. The store holds only its keyed digest, so a
copy of the database opens nothing; a random secret cannot be guessed, so no slow hash is
needed (docs/decisions/003-keys.md).
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cachetools import TTLCache

from hub.errors import Conflict, Invalid
from hub.services import scopes as scope_rules
from hub.store.access.audit import Audit
from hub.store.access.keys import Keys as KeyStore
from hub.values import EVERYTHING, Key, KeySecret, Principal, Reach

PREFIX = "hub_"
SECRET_CHARS_MAX = 256
LIVE_SECRETS_MAX = 2
CACHE_S = 0.5
"""How long a worker may go on with what it knew of a key: a revocation is seen within it."""
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A key with the secret that was just made for it; the secret is not kept anywhere."""

    key: Key
    secret: str


class Keys:
    """Args: ``pepper`` keys the digests; it must be the same in every process of the hub."""

    def __init__(self, store: KeyStore, audit: Audit, pepper: bytes) -> None:
        self._store = store
        self._audit = audit
        self._pepper = hashlib.blake2b(pepper, person=b"hub-keys").digest()
        self._cache: TTLCache[bytes, Principal] = TTLCache(maxsize=10_000, ttl=CACHE_S)
        self._lock = threading.Lock()

    def verify(self, secret: str) -> Principal | None:
        """Who shows this secret; None for an unknown, revoked or expired one."""
        if len(secret) > SECRET_CHARS_MAX:
            return None
        digest = self._digest(secret)
        with self._lock:
            known = self._cache.get(digest)
        principal = known or self._looked_up(digest)
        if principal is None or (principal.ends and principal.ends <= datetime.now(UTC)):
            return None
        return principal

    def _looked_up(self, digest: bytes) -> Principal | None:
        key = self._store.by_digest(digest)
        if key is None or key.revoked:
            return None
        principal = _principal(key, digest)
        now = datetime.now(UTC)
        if principal.ends is None or principal.ends > now:
            with self._lock:
                self._cache[digest] = principal
            if key.last_used is None or now - key.last_used > TOUCH_EVERY:
                self._store.touch(key.id, now)
        return principal

    def create(
        self,
        label: str,
        scopes: Iterable[str],
        *,
        reach: Reach = EVERYTHING,
        lifetime: timedelta | None = None,
    ) -> Issued:
        """Make a key.

        Raises:
            Invalid: an unknown scope, a reach of nothing, a lifetime that is not positive.
        """
        if not any(kind is None or kind for kind in (reach.datasets, reach.devices, reach.streams)):
            raise Invalid("a key restricted to nothing at all opens nothing")
        now = datetime.now(UTC)
        secret, stored = self._fresh(now)
        key = Key(
            id=secrets.token_hex(6),
            label=label,
            scopes=scope_rules.checked(scopes),
            reach=reach,
            created=now,
            expires=_end(now, lifetime),
            revoked=None,
            last_used=None,
            secrets=(stored,),
        )
        self._store.add(key)
        self._audit.note("key.create", key=key.id, scopes=list(key.scopes))
        return Issued(key, secret)

    def rotate(self, key_id: str, *, grace: timedelta) -> Issued:
        """Give a key a new secret; the one before stays good for ``grace``.

        Raises:
            NotFound: no such key.
            Conflict: it is revoked, or two secrets are live already.
            Invalid: a negative grace.
        """
        if grace < timedelta(0):
            raise Invalid("a grace time is not negative")
        key, now = self._store.get(key_id), datetime.now(UTC)
        if key.revoked:
            raise Conflict("the key is revoked", key=key_id)
        live = [s for s in key.secrets if s.expires is None or s.expires > now]
        if len(live) >= LIVE_SECRETS_MAX:
            raise Conflict(
                "two secrets of this key are live; the older one ends first",
                key=key_id,
                ends=min(s.expires for s in live if s.expires).isoformat(),
            )
        secret, stored = self._fresh(now)
        ending = (replace(s, expires=now + grace) for s in live)
        changed = (*ending, stored)
        self._store.replace_secrets(key, changed)
        self._audit.note("key.rotate", key=key_id, grace_s=grace.total_seconds())
        return Issued(replace(key, secrets=changed), secret)

    def revoke(self, key_id: str) -> None:
        """Close a key for good, in every worker within a second. Raises NotFound."""
        self._store.get(key_id)
        self._store.revoke(key_id, datetime.now(UTC))
        self._audit.note("key.revoke", key=key_id)

    def revoke_all_of(self, dataset: str) -> None:
        """Close the keys that open nothing but one dataset."""
        self._store.revoke_all_of(dataset, datetime.now(UTC))

    def get(self, key_id: str) -> Key:
        """One key by its id. Raises NotFound."""
        return self._store.get(key_id)

    def all(self, dataset: str | None = None) -> list[Key]:
        """Every key, or those restricted to one dataset, oldest first."""
        return self._store.all(dataset)

    def _fresh(self, now: datetime) -> tuple[str, KeySecret]:
        secret = PREFIX + secrets.token_urlsafe(32)
        return secret, KeySecret(self._digest(secret), now)

    def _digest(self, secret: str) -> bytes:
        shown = secret.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(shown, key=self._pepper, digest_size=32).digest()


def _principal(key: Key, digest: bytes) -> Principal:
    shown = next(s for s in key.secrets if s.digest == digest)
    ends = min((e for e in (key.expires, shown.expires) if e), default=None)
    return Principal(key.id, scope_rules.expanded(key.scopes), key.reach, ends)


def _end(now: datetime, lifetime: timedelta | None) -> datetime | None:
    if lifetime is None:
        return None
    if lifetime <= timedelta(0):
        raise Invalid("a lifetime is positive")
    return now + lifetime
