"""What is kept for how long, how far it was removed, and its removal.

- ``retention``: a policy each, ``_id`` is ``{s, k}``: stream (0: all of them) and kind of data;
  ``ms`` is the limit.
- ``floors``: by stream, from which moment on (``at``, ms) its raw datapoints are all there; it
  never falls, and is written before anything below it is removed. ``f`` is the fencing token of
  the last worker.

Kinds are ``values``, the names of the rollups' levels, and ``statistics``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pymongo import DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from hub.errors import Conflict, Unavailable
from hub.series import buckets
from hub.series.levels import ROLLUPS, Level
from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.streams.point_documents import bucket_of, extent, key
from hub.store.streams.removing import remove
from hub.store.streams.rollups import CHUNK, collection_name

VALUES, STATISTICS = "values", "statistics"
KINDS = (VALUES, *(level.name for level in ROLLUPS), STATISTICS)
EVERY_STREAM = 0
"""Stands for all streams where a policy names none."""
Limits = dict[str, int]
"""By kind, in milliseconds."""
ATTEMPTS = 4
"""How many times a document is trimmed that is written meanwhile."""
MARKED = ("d", "lo", "hi", "x")
"""The fields of a mark; see ``hub.store.streams.point_documents``."""


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

    def every(self) -> dict[int, Limits]:
        """The policies of all streams that have any, and those for all."""
        found: dict[int, Limits] = {}
        with translated():
            for row in self._retention.find({}):
                found.setdefault(int(row["_id"]["s"]), {})[row["_id"]["k"]] = int(row["ms"])
        return found

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

    def lift(self, wanted: Mapping[int, int], fence: int) -> None:
        """Let the floors of some streams be at least so high (ms), durably.

        Raises:
            Conflict: another worker has taken over.
        """
        updates = [
            UpdateOne(
                {"_id": stream, "f": {"$lte": fence}},
                {"$max": {"at": at}, "$set": {"f": fence}},
                upsert=True,
            )
            for stream, at in wanted.items()
        ]
        if not updates:
            return
        with translated():
            try:
                self._floors.bulk_write(updates, ordered=False)
            except BulkWriteError as exc:
                codes = {error.get("code") for error in exc.details["writeErrors"]}
                if DUPLICATE in codes:
                    raise Conflict("another worker has taken over the retention") from exc
                raise Unavailable("the database did not confirm the floors") from exc

    def drop(self, stream: int) -> int:
        """Forget a stream's floor; how many there were."""
        with translated():
            return self._floors.delete_one({"_id": stream}).deleted_count


class Removal:
    """Each step removes a bounded number of documents of some streams, and never anything at or
    after the moment (ms) that stands with the stream. Every step may be done again."""

    def __init__(self, mongo: Mongo) -> None:
        self._values = mongo.db["values"]
        self._levels = {level: mongo.db[collection_name(level)] for level in ROLLUPS}

    def unseen(self, before: Mapping[int, int]) -> set[int]:
        """Of streams with a moment each, those of which the rollups have not seen a change of
        datapoints before it."""
        clauses = [
            {"d": True, "_id.s": stream, "_id.h": {"$lt": at}} for stream, at in before.items()
        ]
        if not clauses:
            return set()
        steps: list[Doc] = [
            {"$match": {"$or": clauses}},
            {"$group": {"_id": "$_id.s", "at": {"$min": {"$add": ["$_id.h", "$lo"]}}}},
        ]
        with translated():
            rows = self._values.aggregate(steps, hint="unseen")
            return {row["_id"] for row in rows if row["at"] < before[row["_id"]]}

    def whole_documents(self, below: Sequence[tuple[int, int, int]], limit: int) -> int:
        """Remove raw documents that end before a moment; how many.

        Args:
            below: streams, each with a width of its documents and the moment.
        """
        clauses = [
            {"_id": {"$gte": {"s": stream, "w": width}, "$lte": key(stream, width, at - width)}}
            for stream, width, at in below
        ]
        return remove(self._values, clauses, limit)

    def old_datapoints(self, below: Sequence[tuple[int, int, int]]) -> int:
        """Take from the documents that straddle a moment what is older; of how many.

        The rollups are not told: what they have of it stays. A document that is written all the
        time is left for another time.

        Args:
            below: as ``whole_documents``, at most a document each.
        """
        offsets = {
            (stream, width, at - at % width): at % width
            for stream, width, at in below
            if at % width
        }
        taken = 0
        for _ in range(ATTEMPTS if offsets else 0):
            with translated():
                rows = self._values.find({"_id": {"$in": [key(*each) for each in offsets]}})
                found = [_trimming(row, offsets[bucket_of(row["_id"])]) for row in rows]
                if not (operations := [each for each in found if each]):
                    break
                done = self._values.bulk_write(operations, ordered=False)
            made = done.modified_count + done.deleted_count
            taken += made
            if made == len(operations):
                break
        return taken

    def chunks(self, level: Level, below: Sequence[tuple[int, int]], limit: int) -> int:
        """Remove chunks of a level that end before a moment; how many."""
        last = CHUNK * level.width_ms
        clauses = [
            {"_id": {"$gte": {"s": stream}, "$lte": {"s": stream, "t": at - last}}}
            for stream, at in below
        ]
        return remove(self._levels[level], clauses, limit)

    def old_buckets(self, level: Level, below: Sequence[tuple[int, int]]) -> int:
        """Take from the chunks that straddle a moment the older buckets; of how many."""
        chunk_ms = CHUNK * level.width_ms
        moments = {stream: at for stream, at in below if at % chunk_ms}
        ids = [{"s": stream, "t": at - at % chunk_ms} for stream, at in moments.items()]
        operations: list[UpdateOne] = []
        with translated():
            for row in self._levels[level].find({"_id": {"$in": ids}}, {"b": 1}) if ids else ():
                after = (moments[row["_id"]["s"]] % chunk_ms) // level.width_ms
                if gone := {f"b.{n}": "" for n in row.get("b", {}) if int(n) < after}:
                    operations.append(UpdateOne({"_id": row["_id"]}, {"$unset": gone}))
            if operations:
                self._levels[level].bulk_write(operations, ordered=False)
        return len(operations)


def _trimming(row: Mapping[str, Any], offset: int) -> UpdateOne | DeleteOne | None:
    """Without the datapoints before an offset, if there are any; the mark stays only if it is of
    what is left."""
    names: Mapping[str, Any] = row.get("v", {})
    gone = [name for name in names if buckets.parsed(name)[0] < offset]
    if not gone:
        return None
    same = {"_id": row["_id"], "r": row["r"]}
    left = names.keys() - set(gone)
    if not left:
        return DeleteOne(same)
    unset = dict.fromkeys((f"v.{name}" for name in gone), "")
    unset |= {f"q.{name}": "" for name in gone if name in row.get("q", ())}
    if row.get("d") and row["hi"] < offset:
        unset |= dict.fromkeys(MARKED, "")
    return UpdateOne(same, {"$unset": unset, "$set": extent(left), "$inc": {"r": 1}})
