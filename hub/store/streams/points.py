"""Raw datapoints of all streams: one document a stream and stretch of time (collection ``values``).

The documents are those of ``hub.store.streams.point_documents``. A mark of what the rollups have
not seen is removed only if no write came since it was read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    WriteError,
)

from hub.errors import TooLarge, Unavailable
from hub.series import buckets
from hub.series.buckets import Bucket, sizes
from hub.series.points import Points, joined
from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.streams.point_documents import (
    Change,
    Mark,
    bucket_of,
    extent,
    key,
    key_of,
    setting,
    update_of,
)
from hub.values import Stream

ATTEMPTS = 8
LONG = 16
"""Documents from which on a count is left to the database."""
SOME = 4
"""Documents that are read at least."""
POINTS_LEAST = 20
"""What each of many documents is taken to hold."""
BY_ID = 4
"""Documents of a range up to which they are asked for by their ids."""
TOGETHER = 64
"""Looks that are sent at once; the server bounds the length of a pipeline."""
FULL = (10334, 17419)
"""The server's codes for a document over 16 MiB."""
PLAIN: Doc = {"v": 1}
QUALITY: Doc = {"v": 1, "q": 1}
"""What is read of documents: the values, and which of them are uncertain."""
ENDS = (("a", ASCENDING), ("z", DESCENDING))


@dataclass(frozen=True, slots=True)
class Unmade:
    """Changes that were not made.

    Attributes:
        taken: ``fresh`` ones, because the document holds something as new, and those that have a
            ``by``, because they may have been made before.
        full: the document would be over 16 MiB.
    """

    taken: list[Change]
    full: list[Change]


class PointStore:
    def __init__(self, mongo: Mongo) -> None:
        self._values = mongo.db["values"]

    def write(self, changes: Sequence[Change]) -> Unmade:
        """Set datapoints durably, each document atomically with its mark.

        Returns:
            The changes that were not made.

        Raises:
            TooLarge: datapoints of one document are over 16 MiB.
            Unavailable: not confirmed; setting the same again is harmless.
        """
        left, full = list(changes), list[Change]()
        for _ in range(ATTEMPTS):
            errors = self._bulk([setting(change) for change in left])
            full += [left[index] for index, code in errors if code != DUPLICATE]
            left = [left[index] for index, code in errors if code == DUPLICATE]
            if all(change.fresh or change.by for change in left):
                return Unmade(left, full)
        raise Unavailable("the datapoints could not be stored; too many writers at once")

    def _bulk(self, operations: Sequence[UpdateOne | DeleteOne]) -> list[tuple[int, int]]:
        """Run updates; index and code of those whose document does not match, or is full."""
        if not operations:
            return []
        with translated():
            try:
                self._values.bulk_write(operations, ordered=False)
            except BulkWriteError as exc:
                return _errors(exc.details)
            except DocumentTooLarge as exc:
                raise _too_large() from exc
            except OperationFailure as exc:
                raise _too_large() if exc.code in FULL else exc from exc
        return []

    def did(self, change: Change) -> bool:
        """Whether this request's change of the document was made; of the latest requests only."""
        if not change.by:
            return False
        with translated():
            found = self._values.find_one(
                {"_id": key_of(change.bucket), "k": change.by}, {"_id": 1}
            )
        return found is not None

    def document(self, bucket: Bucket) -> tuple[dict[str, Any], int]:
        """A document's map and its revision (0 where there is none)."""
        with translated():
            row = self._values.find_one({"_id": key_of(bucket)}, {"v": 1, "r": 1})
        return (row.get("v", {}), row["r"]) if row else ({}, 0)

    def held(self, stream: Stream, lo: int, hi: int) -> list[tuple[Bucket, dict[str, Any], int]]:
        """The documents that reach into ``[lo, hi)``: each with its map and its revision."""
        found = []
        for width in sizes(stream.widths):
            first, after = key(stream.id, width, lo - lo % width), key(stream.id, width, hi)
            with translated():
                for row in self._values.find({"_id": {"$gte": first, "$lt": after}}):
                    found.append((bucket_of(row["_id"]), row.get("v", {}), row["r"]))
        return found

    def nearest(self, stream: Stream, at: int, direction: int, *, value: bool) -> int | None:
        """The time of the next datapoint after (1) or before (-1) a moment, that one excluded.

        Args:
            value: pass over datapoints that are null.
        """
        times = [
            found
            for width in sizes(stream.widths)
            if (found := self._nearest(stream.id, width, at, direction, value=value)) is not None
        ]
        if not times:
            return None
        return min(times) if direction > 0 else max(times)

    def _nearest(
        self, stream: int, width: int, at: int, direction: int, *, value: bool
    ) -> int | None:
        start = key(stream, width, at - at % width)
        bound = {"$gte": start, "$lt": {"s": stream, "w": width + 1}}
        if direction < 0:
            bound = {"$gt": {"s": stream, "w": width}, "$lte": start}
        with translated():
            rows = self._values.find({"_id": bound}, {"v": 1}, sort=[("_id", direction)])
            for row in rows.batch_size(2):
                points = buckets.points_of(bucket_of(row["_id"]), row.get("v", {}))
                times: list[int] = [
                    moment
                    for moment, held in zip(points.at.tolist(), points.values, strict=True)
                    if (moment - at) * direction > 0 and not (value and held is None)
                ]
                if times:
                    return min(times) if direction > 0 else max(times)
        return None

    def exchange(
        self, change: Change, held: Mapping[str, Any], gone: Sequence[str], revision: int
    ) -> bool:
        """Set and take away datapoints of a document that held ``held`` at ``revision``.

        Returns:
            False when it was written meanwhile, or by the same request before; nothing was
            changed then.
        """
        update = update_of(change)
        if gone:
            left = (held.keys() - set(gone)) | change.values.keys()
            update.setdefault("$unset", {}).update({f"v.{name}": "" for name in gone})
            update["$set" if left else "$unset"] |= extent(left)
            update["$set"]["x"] = True
            del update["$min"]["a"], update["$max"]["z"]
        found: Doc = {"_id": key_of(change.bucket), "r": revision or {"$exists": False}}
        if change.by:
            found["k"] = {"$ne": change.by}
        with translated():
            try:
                made = self._values.update_one(found, update, upsert=not revision)
            except DuplicateKeyError:
                return False
            except WriteError as exc:
                if exc.code in FULL:
                    raise _too_large() from exc
                raise
        return bool(made.matched_count) or made.upserted_id is not None

    def between(
        self, stream: Stream, lo: int, hi: int, wanted: int = 0, *, quality: bool = False
    ) -> Iterator[Points]:
        """The datapoints with ``lo <= at < hi`` in order, in pieces of about a document.

        Args:
            wanted: how many will do (0: all), so that not many more are read.
            quality: tell which of them are uncertain.
        """
        fields = QUALITY if quality else PLAIN
        widths = sizes(stream.widths)
        cursors = [self._of_width((stream.id, w), (lo, hi), wanted, fields) for w in widths]
        ordered = merge(*cursors, key=lambda item: item[0].start)
        held: list[Points] = []
        until = lo
        for bucket, points in ordered:
            if held and bucket.start >= until:
                yield _clipped(held, lo, hi)
                held = []
            held.append(points)
            until = max(until, bucket.end)
        if held:
            yield _clipped(held, lo, hi)

    def _of_width(
        self, which: tuple[int, int], span: tuple[int, int], wanted: int, fields: Doc
    ) -> Iterator[tuple[Bucket, Points]]:
        (stream, width), (lo, hi) = which, span
        first = {"s": stream, "w": width, "h": lo - lo % width}
        after = {"s": stream, "w": width, "h": hi}
        with translated():
            rows = self._values.find({"_id": {"$gte": first, "$lt": after}}, fields).sort("_id")
            for row in rows.batch_size(max(SOME, wanted // POINTS_LEAST)) if wanted else rows:
                bucket = bucket_of(row["_id"])
                yield bucket, buckets.points_of(bucket, row.get("v", {}), row.get("q"))

    def many(self, ranges: Iterable[tuple[Stream, int, int]]) -> list[Points]:
        """The datapoints of several ranges, read at once; ``lo <= at < hi`` for each."""
        wanted = list(ranges)
        clauses = _clauses(wanted)
        found: dict[int, list[tuple[Bucket, Points]]] = {}
        if clauses:
            with translated():
                for row in self._values.find({"$or": clauses}, {"v": 1}):
                    bucket = bucket_of(row["_id"])
                    points = buckets.points_of(bucket, row.get("v", {}))
                    found.setdefault(bucket.stream, []).append((bucket, points))
        return [_within(found.get(s.id, ()), lo, hi) for s, lo, hi in wanted]

    def counts(self, ranges: Iterable[tuple[Stream, int, int]]) -> list[int]:
        """How many datapoints each range holds, ``lo <= at < hi``."""
        wanted = list(ranges)
        short = [one for one in wanted if not _long(*one)]
        found = iter(self.many(short))
        return [self._counted(*one) if _long(*one) else len(next(found)) for one in wanted]

    def _counted(self, stream: Stream, lo: int, hi: int) -> int:
        """Counted in the database, but for the documents at the ends."""
        widest = max(width for _, width in stream.widths)
        inner_lo, inner_hi = lo - lo % widest + widest, hi - hi % widest
        ends = self.many([(stream, lo, inner_lo), (stream, inner_hi, hi)])
        total = sum(map(len, ends))
        held = {"$sum": {"$size": {"$objectToArray": {"$ifNull": ["$v", {}]}}}}
        for width in sizes(stream.widths):
            first, after = key(stream.id, width, inner_lo), key(stream.id, width, inner_hi)
            steps: list[Doc] = [
                {"$match": {"_id": {"$gte": first, "$lt": after}}},
                {"$group": {"_id": None, "n": held}},
            ]
            with translated():
                total += sum(row["n"] for row in self._values.aggregate(steps))
        return total

    def ends(self, stream: Stream) -> tuple[int | None, int | None]:
        """The times of the earliest and the latest datapoint, ms; None for an empty stream."""
        return self.all_ends([stream])[stream.id]

    def all_ends(self, streams: Sequence[Stream]) -> dict[int, tuple[int | None, int | None]]:
        """``ends`` of several streams by their ids, at a few looks into the index each."""
        looks = [
            _look(stream.id, width, field, direction)
            for stream in streams
            for width in sizes(stream.widths)
            for field, direction in ENDS
        ]
        found: dict[int, list[int]] = {stream.id: [] for stream in streams}
        for lo in range(0, len(looks), TOGETHER):
            first, *others = looks[lo : lo + TOGETHER]
            joined = [{"$unionWith": {"coll": "values", "pipeline": look}} for look in others]
            with translated():
                for row in self._values.aggregate([*first, *joined]):
                    found[row["_id"]["s"]].append(int(row["_id"]["h"] + row["at"]))
        return {
            number: (min(times), max(times)) if times else (None, None)
            for number, times in found.items()
        }

    def marks(
        self, stream: int | Collection[int] | None = None, limit: int = 0, *, since: int = 0
    ) -> Iterator[Mark]:
        """What the rollups have not seen, by stream and time; at most ``limit`` (0: all).

        Args:
            stream: only of this one, or of these; else of those from ``since`` on.
        """
        which: Any = {"$gte": since} if stream is None else stream
        if isinstance(stream, Collection):
            which = {"$in": list(stream)}
        chosen: Doc = {"d": True, "_id.s": which}
        with translated():
            rows = self._values.find(chosen, {"v": 0}).hint("unseen").limit(limit)
            for row in rows.sort([("_id.s", 1), ("_id.h", 1)]):
                start = row["_id"]["h"]
                yield Mark(
                    bucket_of(row["_id"]),
                    start + row["lo"],
                    start + row["hi"],
                    row["r"],
                    row.get("x", False),
                )

    def unseen_from(self, ids: Collection[int]) -> dict[int, int]:
        """Of those of some streams of which the rollups have not seen all, from when on (ms)."""
        steps: list[Doc] = [
            {"$match": {"d": True, "_id.s": {"$in": list(ids)}}},
            {"$group": {"_id": "$_id.s", "at": {"$min": {"$add": ["$_id.h", "$lo"]}}}},
        ]
        with translated():
            rows = self._values.aggregate(steps, hint="unseen")
            return {row["_id"]: int(row["at"]) for row in rows}

    def floor(self, stream: int) -> int | None:
        """From which moment on (ms) a stream's raw datapoints are all there, and not only what came
        late; None for always."""
        return None

    def seen(self, marks: Iterable[Mark]) -> None:
        """Remove the marks of documents that nobody has written since; drop empty documents."""
        updates: list[UpdateOne | DeleteOne] = []
        for mark in marks:
            same: Doc = {"_id": key_of(mark.bucket), "r": mark.revision}
            if mark.removed:
                updates.append(DeleteOne({**same, "v": {}}))
            updates.append(UpdateOne(same, {"$unset": {"d": "", "lo": "", "hi": "", "x": ""}}))
        self._bulk(updates)

    def remove_some(self, stream: int, limit: int = 500) -> int:
        """Remove a bounded number of a stream's documents; how many."""
        mine = {"_id": {"$gte": {"s": stream}, "$lt": {"s": stream + 1}}}
        with translated():
            ids = [row["_id"] for row in self._values.find(mine, {"_id": 1}).limit(limit)]
            if ids:
                self._values.delete_many({"_id": {"$in": ids}})
        return len(ids)


def _clauses(ranges: Iterable[tuple[Stream, int, int]]) -> list[Doc]:
    """The documents of ranges: by their ids where they are few, which is cheaper by far."""
    keys: dict[tuple[int, int, int], Doc] = {}
    clauses: list[Doc] = []
    for stream, lo, hi in ranges:
        for width in sizes(stream.widths):
            starts = range(lo - lo % width, hi, width)
            if len(starts) <= BY_ID:
                keys |= {(stream.id, width, at): key(stream.id, width, at) for at in starts}
            else:
                first, after = key(stream.id, width, starts[0]), key(stream.id, width, hi)
                clauses.append({"_id": {"$gte": first, "$lt": after}})
    return [*clauses, {"_id": {"$in": list(keys.values())}}] if keys else clauses


def _long(stream: Stream, lo: int, hi: int) -> bool:
    return hi - lo > LONG * max(width for _, width in stream.widths)


def _look(stream: int, width: int, field: str, direction: int) -> list[Doc]:
    """The first or last document of a width that holds anything, and its outermost offset."""
    within = {"$gt": {"s": stream, "w": width}, "$lt": {"s": stream, "w": width + 1}}
    return [
        {"$match": {"_id": within, field: {"$ne": None}}},
        {"$sort": {"_id": direction}},
        {"$limit": 1},
        {"$project": {"at": f"${field}"}},
    ]


def _errors(details: Any) -> list[tuple[int, int]]:
    if details.get("writeConcernErrors"):
        raise Unavailable("the database did not confirm the write in time")
    errors = details["writeErrors"]
    for error in errors:
        if error.get("code") not in (DUPLICATE, *FULL):
            raise Unavailable("the database refused datapoints", reason=error.get("code"))
    return [(error["index"], error["code"]) for error in errors]


def _too_large() -> TooLarge:
    return TooLarge(
        "datapoints that are kept together are over 16 MiB; send fewer at once",
        limit="bson_bytes",
        max=16 * 1024 * 1024,
    )


def _within(found: Iterable[tuple[Bucket, Points]], lo: int, hi: int) -> Points:
    near = [(bucket, points) for bucket, points in found if bucket.start < hi and bucket.end > lo]
    near.sort(key=lambda item: item[0].start)
    pieces = [points for _, points in near]
    if len({bucket.width for bucket, _ in near}) > 1:
        return _clipped(pieces, lo, hi)
    return joined(pieces).between(lo, hi)


def _clipped(pieces: list[Points], lo: int, hi: int) -> Points:
    if len(pieces) == 1:
        return pieces[0].between(lo, hi)
    return buckets.in_order(joined(pieces)).between(lo, hi)
