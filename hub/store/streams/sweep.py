"""Raw datapoints of very many streams, document after document in order of time: by one index over
all of them, where a cursor or a look for each stream would be too dear."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from hub.series import buckets
from hub.series.buckets import Bucket
from hub.series.points import Points
from hub.store.client import Doc, Mongo, translated
from hub.store.streams.point_documents import bucket_of, key_of
from hub.store.streams.points import QUALITY

INDEX = "time"
"""By width, start and stream of a document."""
TOGETHER = 64
"""Documents that are read ahead."""
ENDS_TOGETHER = 1_000
"""Ends of documents that are read ahead."""
Held = tuple[Bucket, Points]


@dataclass(frozen=True, slots=True)
class Latest:
    """A document and the time (ms) of the latest datapoint that may be in it."""

    bucket: Bucket
    end: int


class Sweep:
    def __init__(self, mongo: Mongo) -> None:
        self._values = mongo.db["values"]

    def documents(self, width: int, ids: Collection[int], lo: int, hi: int) -> Iterator[Held]:
        """The documents of a width that may hold datapoints with ``lo <= at < hi`` (ms)."""
        first = lo - lo % width
        whole: Doc = {"_id.w": width, "_id.s": {"$in": list(ids)}}
        if hi - first > 2 * width:
            found = whole | {"_id.h": {"$gte": first, "$lt": hi}}
        else:
            found = {"$or": [whole | _within(start, lo, hi) for start in range(first, hi, width)]}
        with translated():
            rows = self._values.find(found, QUALITY).hint(INDEX).batch_size(TOGETHER)
            for row in rows:
                yield _read(row)

    def next_start(self, widths: Sequence[int], ids: Collection[int], at: int) -> int | None:
        """When the first document starts that may hold a datapoint at a moment (ms) or later."""
        found: list[int] = []
        for width in widths:
            chosen: Doc = {"_id.w": width, "_id.h": {"$gte": at - at % width}}
            chosen["_id.s"] = {"$in": list(ids)}
            with translated():
                rows = self._values.find(chosen, {"_id": 1}).hint(INDEX)
                for row in rows.sort([("_id.w", 1), ("_id.h", 1), ("_id.s", 1)]).limit(1):
                    found.append(int(row["_id"]["h"]))
        return min(found, default=None)

    def latest(self, widths: Sequence[int]) -> Iterator[Latest]:
        """All documents of these widths that are not empty, of whichever stream; none that reaches
        further than one before it could by its width."""
        cursors = [self._backwards(width) for width in widths]
        return merge(*cursors, key=lambda one: -one.bucket.end)

    def _backwards(self, width: int) -> Iterator[Latest]:
        chosen: Doc = {"_id.w": width}
        with translated():
            rows = self._values.find(chosen, {"z": 1}).hint(INDEX)
            rows = rows.sort([("_id.w", -1), ("_id.h", -1), ("_id.s", -1)])
            for row in rows.batch_size(ENDS_TOGETHER):
                if row.get("z") is not None:
                    bucket = bucket_of(row["_id"])
                    yield Latest(bucket, int(bucket.start + row["z"]))

    def read(self, wanted: Sequence[Bucket]) -> list[Held]:
        """These documents, as far as they are still there, in any order."""
        with translated():
            rows = self._values.find({"_id": {"$in": [key_of(one) for one in wanted]}}, QUALITY)
            return [_read(row) for row in rows]


def _within(start: int, lo: int, hi: int) -> Doc:
    """Of the documents with this start, those whose outermost datapoints let one lie between."""
    return {"_id.h": start, "a": {"$lt": hi - start}, "z": {"$gte": lo - start}}


def _read(row: Doc) -> Held:
    bucket = bucket_of(row["_id"])
    return bucket, buckets.points_of(bucket, row.get("v", {}), row.get("q"))
