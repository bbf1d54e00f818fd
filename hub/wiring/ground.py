"""What every part stands on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hub.services.keys import Keys
from hub.services.permits import Permits
from hub.settings import Settings
from hub.store.access import keys as store_keys
from hub.store.access.audit import Audit
from hub.store.client import Mongo
from hub.store.counters import Counters
from hub.store.redis import Redis

Remote = Redis | None


@dataclass(frozen=True, slots=True)
class Ground:
    """One hub's settings, database and secret; ``remote`` is Redis, where there is one."""

    settings: Settings
    mongo: Mongo
    pepper: bytes
    remote: Remote
    notes: Audit
    keys: Keys
    permits: Permits
    counters: Counters

    @classmethod
    def over(cls, settings: Settings, mongo: Mongo, pepper: bytes, remote: Remote) -> Ground:
        notes = Audit(mongo)
        return cls(
            settings,
            mongo,
            pepper,
            remote,
            notes,
            Keys(store_keys.Keys(mongo), notes, pepper),
            Permits(settings.concurrency),
            Counters(mongo),
        )

    def derived(self, person: bytes, size: int = 64) -> bytes:
        """A key for one purpose, from the hub's secret."""
        return hashlib.blake2b(self.pepper, person=person, digest_size=size).digest()
