"""The latest raw datapoints of a stream, read from the end."""

from __future__ import annotations

from hub.series import buckets
from hub.series.buckets import Bucket, sizes
from hub.series.points import Points, joined
from hub.store.client import Mongo, translated
from hub.store.streams.point_documents import bucket_of
from hub.store.streams.points import QUALITY
from hub.values import Stream

MORE = 4
"""So many times the documents of one look are read with the next: one holds hundreds of values as a
rule, and may hold a single one."""


class RecentPoints:
    def __init__(self, mongo: Mongo) -> None:
        self._values = mongo.db["values"]

    def last(self, stream: Stream, wanted: int) -> Points:
        """The latest datapoints in order of time: all there are of the latest instants, so many
        at least, if there are as many."""
        found = [held for width in sizes(stream.widths) for held in self._of(stream, width, wanted)]
        found.sort(key=lambda held: held[0].start)
        every = joined([points for _, points in found])
        ordered = buckets.in_order(every) if len(sizes(stream.widths)) > 1 else every
        if len(ordered) <= wanted:
            return ordered
        first = int(ordered.at[-wanted])
        return ordered.between(first, int(ordered.at[-1]) + 1)

    def _of(self, stream: Stream, width: int, wanted: int) -> list[tuple[Bucket, Points]]:
        after = {"s": stream.id, "w": width + 1}
        found: list[tuple[Bucket, Points]] = []
        count, size = 0, 1
        while count < wanted:
            mine = {"_id": {"$gt": {"s": stream.id, "w": width}, "$lt": after}}
            with translated():
                rows = list(self._values.find(mine, QUALITY).sort("_id", -1).limit(size))
            for row in rows:
                bucket = bucket_of(row["_id"])
                points = buckets.points_of(bucket, row.get("v", {}), row.get("q"))
                found.append((bucket, points))
                count += len(points)
            if len(rows) < size:
                break
            after, size = rows[-1]["_id"], size * MORE
        return found
