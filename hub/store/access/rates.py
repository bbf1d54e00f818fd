"""Token buckets that all processes share: how often each key may come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from hub.store.client import Doc, Mongo, translated

SHARE: Final = 8
"""More than one token at a time is only given out of this many: others shall find some, too."""

_QUICK = WriteConcern(1, j=False)
"""A bucket that is lost is a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_s`` tokens come back in a second; a bucket holds ``burst``, and a new one is full."""

    per_s: float
    burst: int

    @property
    def filling_s(self) -> float:
        """Seconds in which an empty bucket fills."""
        return self.burst / self.per_s


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many tokens were taken, none where there was not one; and what is in the bucket now."""

    count: int
    left: float


class Buckets(Protocol):
    def draw(self, bucket: str, rate: Rate, *, wish: int = 1, back: int = 0) -> Drawn:
        """Put tokens back into a bucket, then take some.

        Args:
            wish: 1 or more; so many are taken if they are no more than the ``SHARE``th part of
                what is there, else fewer, and one at least if there is one.
            back: such as were taken before and not used.
        """


class RateStore:
    """Buckets in the database, filled by its clock."""

    def __init__(self, mongo: Mongo) -> None:
        self._rates = mongo.db.get_collection("rates", write_concern=_QUICK)

    def draw(self, bucket: str, rate: Rate, *, wish: int = 1, back: int = 0) -> Drawn:
        """As ``Buckets`` has it."""
        change = _drawing(rate, wish, back)
        with translated():
            try:
                found = self._changed(bucket, change)
            except DuplicateKeyError:  # another process made the bucket at the same moment
                found = self._changed(bucket, change)
        return Drawn(int(found["taken"]), float(found["tokens"]))

    def _changed(self, bucket: str, change: list[Doc]) -> Doc:
        found = self._rates.find_one_and_update(
            {"_id": bucket}, change, upsert=True, return_document=ReturnDocument.AFTER
        )
        assert found is not None, "upserted"
        return found


def _drawing(rate: Rate, wish: int, back: int) -> list[Doc]:
    """The update that fills a bucket up to now, by the server's clock, and takes what it can."""
    gone_ms = {"$subtract": ["$$NOW", {"$ifNull": ["$at", "$$NOW"]}]}
    come = {"$multiply": [{"$max": [0, gone_ms]}, rate.per_s / 1000]}
    held = {"$add": [{"$ifNull": ["$tokens", rate.burst]}, come, back]}
    share = {"$max": [1, {"$floor": {"$divide": ["$tokens", SHARE]}}]}
    given = {"$cond": [{"$gte": ["$tokens", 1]}, {"$min": [wish, share]}, 0]}
    return [
        {"$set": {"tokens": {"$min": [rate.burst, held]}, "at": "$$NOW"}},
        {"$set": {"taken": given}},
        {"$set": {"tokens": {"$subtract": ["$tokens", "$taken"]}}},
    ]
