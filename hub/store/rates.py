"""Token buckets that all processes share: how often each key may come."""

from __future__ import annotations

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from hub.store.client import Doc, Mongo, translated

_QUICK = WriteConcern(1, j=False)
"""A bucket that is lost is a full one."""


class RateStore:
    def __init__(self, mongo: Mongo) -> None:
        self._rates = mongo.db.get_collection("rates", write_concern=_QUICK)

    def take(self, bucket: str, *, per_s: float, burst: int) -> float:
        """Take one token; the seconds until there is one, 0 if it was taken.

        Args:
            per_s: tokens that come back in a second.
            burst: the most that a bucket holds; a new one is full.
        """
        change = _taking(per_s, burst)
        with translated():
            try:
                found = self._changed(bucket, change)
            except DuplicateKeyError:  # another process made the bucket at the same moment
                found = self._changed(bucket, change)
        return 0.0 if found["taken"] else float(max(0.0, 1 - found["tokens"]) / per_s)

    def _changed(self, bucket: str, change: list[Doc]) -> Doc:
        found = self._rates.find_one_and_update(
            {"_id": bucket}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        assert found is not None, "upserted"
        return found


def _taking(per_s: float, burst: int) -> list[Doc]:
    """The update that fills a bucket up to now, by the server's clock, and takes one if it can."""
    gone_ms = {"$subtract": ["$$NOW", {"$ifNull": ["$at", "$$NOW"]}]}
    back = {"$multiply": [{"$max": [0, gone_ms]}, per_s / 1000]}
    full = {"$min": [burst, {"$add": [{"$ifNull": ["$tokens", burst]}, back]}]}
    return [
        {"$set": {"tokens": full, "at": "$$NOW"}},
        {"$set": {"taken": {"$gte": ["$tokens", 1]}}},
        {"$set": {"tokens": {"$subtract": ["$tokens", {"$cond": ["$taken", 1, 0]}]}}},
    ]
