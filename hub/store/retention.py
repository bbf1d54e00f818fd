"""What is kept for how long, how far it was removed, and its removal.

- ``retention``: a policy each, ``_id`` is ``{s, k}``: stream (0: all of them) and kind of data;
  ``ms`` is the limit.
- ``floors``: by stream, from which moment on (``at``, ms) its raw datapoints are all there; it
  never falls, and is written before anything below it is removed. ``f`` is the fencing token of
  the last worker.

Kinds are ``values``, the names of the rollups' levels, and ``statistics``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pymongo import DeleteOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict
from hub.series import buckets
from hub.series.levels import ROLLUPS, Level
from hub.store.client import Doc, Mongo, translated
from hub.store.point_documents import extent, key
from hub.store.rollups import CHUNK, collection_name

VALUES, STATISTICS = "values", "statistics"
KINDS = (VALUES, *(level.name for level in ROLLUPS), STATISTICS)
EVERY_STREAM = 0
"""Stands for all streams where a policy names none."""
Limits = dict[str, int]
"""By kind, in milliseconds."""
MARKED = ("d", "lo", "hi", "x")
"""The fields of a mark; see ``hub.store.point_documents``."""


class Policies:
    def __init__(self, mongo: Mongo) -> None:
        self._retention = mongo.db["retention"]

    def put(self, stream: int, kind: str, limit_ms: int) -> None:
        with translated():
            self._retention.update_one(
                {"_id": {"s": stream, "k": kind}}, {"$set": {"ms": limit_ms}}, upsert=True
            )

    def remove(self, stream: int, kind: str) -> bool:
        """Whether there was one."""
        with translated():
            done = self._retention.delete_one({"_id": {"s": stream, "k": kind}})
        return bool(done.deleted_count)

    def of(self, ids: Collection[int]) -> dict[int, Limits]:
        """The policies of each of these; empty for one without."""
        found: dict[int, Limits] = {number: {} for number in ids}
        clauses = [{"_id": {"$gte": {"s": s}, "$lt": {"s": s + 1}}} for s in found]
        if clauses:
            with translated():
                for row in self._retention.find({"$or": clauses}):
                    found[row["_id"]["s"]][row["_id"]["k"]] = int(row["ms"])
        return found

    def any_at_all(self) -> bool:
        with translated():
            return self._retention.find_one({}, {"_id": 1}) is not None

    def drop(self, stream: int) -> int:
        """Forget a stream's policies; how many there were."""
        mine = {"_id": {"$gte": {"s": stream}, "$lt": {"s": stream + 1}}}
        with translated():
            return self._retention.delete_many(mine).deleted_count


class Floors:
    def __init__(self, mongo: Mongo) -> None:
        self._floors = mongo.db["floors"]

    def of(self, ids: Collection[int]) -> dict[int, int]:
        """The floors of those of these streams that have one, ms."""
        with translated():
            rows = self._floors.find({"_id": {"$in": list(ids)}})
            return {row["_id"]: int(row["at"]) for row in rows}

    def lift(self, stream: int, at: int, fence: int) -> None:
        """Let a floor be at least so high (ms), durably.

        Raises:
            Conflict: another worker has taken over.
        """
        same = {"_id": stream, "f": {"$lte": fence}}
        with translated():
            try:
                change = {"$max": {"at": at}, "$set": {"f": fence}}
                self._floors.update_one(same, change, upsert=True)
            except DuplicateKeyError as exc:
                raise Conflict("another worker has taken over the retention") from exc

    def drop(self, stream: int) -> int:
        """Forget a stream's floor; how many there were."""
        with translated():
            return self._floors.delete_one({"_id": stream}).deleted_count


class Removal:
    """Each step removes a bounded number of documents, and never anything at or after ``before``
    (ms). Every step may be done again."""

    def __init__(self, mongo: Mongo) -> None:
        self._values = mongo.db["values"]
        self._levels = {level: mongo.db[collection_name(level)] for level in ROLLUPS}

    def unseen(self, stream: int, before: int) -> bool:
        """Whether the rollups have not seen a change of a stream's datapoints before a moment."""
        first = {"$add": ["$_id.h", "$lo"]}
        chosen = {
            "d": True,
            "_id.s": stream,
            "_id.h": {"$lt": before},
            "$expr": {"$lt": [first, before]},
        }
        with translated():
            return self._values.find_one(chosen, {"_id": 1}, hint="unseen") is not None

    def whole_documents(self, which: tuple[int, int], before: int, limit: int) -> int:
        """Remove raw documents of a stream and width that end before a moment; how many."""
        stream, width = which
        old = {
            "_id": {"$gte": {"s": stream, "w": width}, "$lte": key(stream, width, before - width)}
        }
        with translated():
            ids = [row["_id"] for row in self._values.find(old, {"_id": 1}).limit(limit)]
            if ids:
                self._values.delete_many({"_id": {"$in": ids}})
        return len(ids)

    def old_datapoints(self, which: tuple[int, int], before: int) -> bool:
        """Take from the one document that straddles a moment what is older.

        The rollups are not told: what they have of it stays. A document that is written
        meanwhile is left for another time.

        Returns:
            Whether there was something to take and it is gone.
        """
        stream, width = which
        start = before - before % width
        if start == before:
            return False
        same: Doc = {"_id": key(stream, width, start)}
        with translated():
            row = self._values.find_one(same)
            names = row.get("v", {}) if row else {}
            gone = [n for n in names if buckets.parsed(n)[0] < before - start]
            if row is None or not gone:
                return False
            same["r"] = row["r"]
            operation = _trimming(same, row, gone, before - start)
            done = self._values.bulk_write([operation])
        return bool(done.modified_count or done.deleted_count)

    def chunks(self, level: Level, stream: int, before: int, limit: int) -> int:
        """Remove chunks of a level that end before a moment; how many."""
        last = {"s": stream, "t": before - CHUNK * level.width_ms}
        old = {"_id": {"$gte": {"s": stream}, "$lte": last}}
        held = self._levels[level]
        with translated():
            ids = [row["_id"] for row in held.find(old, {"_id": 1}).limit(limit)]
            if ids:
                held.delete_many({"_id": {"$in": ids}})
        return len(ids)

    def old_buckets(self, level: Level, stream: int, before: int) -> bool:
        """Take from the one chunk that straddles a moment the older buckets; whether any."""
        chunk_ms = CHUNK * level.width_ms
        start = before - before % chunk_ms
        same = {"_id": {"s": stream, "t": start}}
        with translated():
            row = self._levels[level].find_one(same, {"b": 1}) if start < before else None
            names: Mapping[str, Any] = row.get("b", {}) if row else {}
            gone = [n for n in names if start + int(n) * level.width_ms < before]
            if gone:
                self._levels[level].update_one(same, {"$unset": {f"b.{n}": "" for n in gone}})
        return bool(gone)


def _trimming(
    same: Doc, row: Mapping[str, Any], gone: Collection[str], offset: int
) -> UpdateOne | DeleteOne:
    """Without the named datapoints; the mark stays only if it is of what is left."""
    left = row["v"].keys() - set(gone)
    if not left:
        return DeleteOne(same)
    unset = dict.fromkeys((f"v.{name}" for name in gone), "")
    if row.get("d") and row["hi"] < offset:
        unset |= dict.fromkeys(MARKED, "")
    return UpdateOne(same, {"$unset": unset, "$set": extent(left), "$inc": {"r": 1}})
