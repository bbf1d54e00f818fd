"""Numbers that are given out once, in ascending blocks."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument

from hub.store.client import Mongo, translated


class Counters:
    """A number that was given out never comes again; those of a failed write are left out."""

    def __init__(self, mongo: Mongo) -> None:
        self._counters = mongo.db["counters"]

    def block(self, name: str, count: int) -> range:
        """The next ``count`` numbers of a counter, from 1 on, in one durable write.

        Raises:
            Unavailable: not confirmed; these numbers are not to be used.
        """
        with translated():
            row: Any = self._counters.find_one_and_update(
                {"_id": name},
                {"$inc": {"last": count}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        last = int(row["last"])
        return range(last - count + 1, last + 1)

    def at(self, name: str) -> int:
        """The last number that was given out; 0 before the first."""
        with translated():
            row = self._counters.find_one({"_id": name})
        return int(row["last"]) if row else 0
