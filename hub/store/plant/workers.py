"""Worker processes that share the polling: a row each, which counts as long as it is kept up.

Fields of a row of ``workers``: ``_id``, the holder's name of its leases; ``until`` and ``told``,
until when it counts and when it said so, by its own clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo import timeout

from hub.store.client import Mongo, translated
from hub.store.leases import LIMIT_S, lasting


class Workers:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["workers"]

    def tell(self, worker: str, length: timedelta) -> None:
        """Let a worker count among the living for so long."""
        now = datetime.now(UTC)
        alive = {"$set": {"until": now + length, "told": now}}
        with timeout(LIMIT_S), translated():
            self._rows.update_one({"_id": worker}, alive, upsert=True)

    def alive(self) -> int:
        """How many there are."""
        with timeout(LIMIT_S), translated():
            return self._rows.count_documents(lasting())

    def leave(self, worker: str) -> None:
        with timeout(LIMIT_S), translated():
            self._rows.delete_one({"_id": worker})
