"""Attempts that are counted in all processes together, by the database's clock.

A bucket is one moment, ``due``: each attempt moves it on by its share of time, and it may be
ahead of the clock by no more than a burst. A bucket whose moment has passed is as good as none.
"""

from __future__ import annotations

from bson import Binary
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from hub.store.client import Doc, Mongo, translated


class Attempts:
    def __init__(self, mongo: Mongo) -> None:
        self._attempts = mongo.db["attempts"]

    def take(self, bucket: bytes, *, burst: int, every_s: float) -> float:
        """Count one attempt; the seconds until there is room for it, 0 if it was counted.

        Args:
            burst: how many there may be at once, if there were none before.
            every_s: seconds after which one is forgotten.
        """
        change = _counting(burst, every_s)
        with translated():
            try:
                found = self._changed(bucket, change)
            except DuplicateKeyError:  # another process made the bucket at the same moment
                found = self._changed(bucket, change)
        return max(0.0, float(found["wait_ms"])) / 1000

    def give_back(self, bucket: bytes, every_s: float) -> None:
        """Forget one attempt at once."""
        earlier = {"$subtract": ["$due", round(every_s * 1000)]}
        with translated():
            self._attempts.update_one({"_id": Binary(bucket)}, [{"$set": {"due": earlier}}])

    def _changed(self, bucket: bytes, change: list[Doc]) -> Doc:
        found = self._attempts.find_one_and_update(
            {"_id": Binary(bucket)}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        assert found is not None, "upserted"
        return found


def _counting(burst: int, every_s: float) -> list[Doc]:
    """The update that counts one attempt if there is room; ``wait_ms`` is positive if not."""
    every_ms = round(every_s * 1000)
    ahead_ms = {"$subtract": ["$due", "$$NOW"]}
    return [
        {"$set": {"due": {"$max": ["$due", "$$NOW"]}}},
        {"$set": {"wait_ms": {"$subtract": [ahead_ms, (burst - 1) * every_ms]}}},
        {"$set": {"due": {"$add": ["$due", {"$cond": [{"$gt": ["$wait_ms", 0]}, 0, every_ms]}]}}},
    ]
