"""Leases: work that must not run twice, held by one process at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from hub.store.client import Mongo, translated


class Leases:
    """Every grant of a name carries a fencing token greater than the one before.

    Times are the database clients' own (aware UTC); a lease outlives clock differences that
    are small against its length.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._leases = mongo.db["leases"]

    def take(self, name: str, holder: str, length: timedelta) -> int | None:
        """Take or renew a lease; its fencing token, or None while another one holds it."""
        now = datetime.now(UTC)
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$lte": now}}]}
        change = {"$set": {"holder": holder, "until": now + length}, "$inc": {"token": 1}}
        with translated():
            try:
                row = self._leases.find_one_and_update(
                    free, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                return None
        return int(row["token"]) if row else None

    def give_back(self, name: str, holder: str) -> None:
        with translated():
            self._leases.update_one(
                {"_id": name, "holder": holder}, {"$set": {"until": datetime.now(UTC)}}
            )
