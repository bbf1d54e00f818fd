"""Where the next datapoints of many streams are: a look into an index for each, many sent at once.

Moments are milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.series import buckets
from hub.series.buckets import sizes
from hub.series.levels import ROLLUPS, Level
from hub.store.client import Doc, Mongo, translated
from hub.store.streams.point_documents import bucket_of
from hub.store.streams.rollups import CHUNK, collection_name
from hub.values import Stream

TOGETHER = 64
"""Looks that are sent at once; the server bounds the length of a pipeline."""
DOCUMENTS = 2
"""The first may hold nothing but what is before the moment; the second is behind it."""


class Onward:
    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    def next(self, streams: Sequence[Stream], at: int, before: int) -> dict[int, int]:
        """By stream, the first moment from ``at`` on at which it may have a value, raw or only in
        the rollups; those that have none before ``before`` are left out."""
        found = self._raw(streams, at, before)
        for level in ROLLUPS:
            first = level.ceil(at)
            wanted = [
                stream.id
                for stream in streams
                if first + level.width_ms <= found.get(stream.id, before)
            ]
            for stream, start in self._stored(level, wanted, first, before).items():
                if start + level.width_ms <= found.get(stream, before):
                    found[stream] = start
        return found

    def _raw(self, streams: Sequence[Stream], at: int, before: int) -> dict[int, int]:
        looks = (
            _look(
                {"s": stream.id, "w": width, "h": at - at % width},
                {"s": stream.id, "w": width, "h": before},
                {"z": {"$ne": None}},
                {"v": 1},
            )
            for stream in streams
            for width in sizes(stream.widths)
        )
        found: dict[int, int] = {}
        for row in self._looked("values", looks):
            bucket = bucket_of(row["_id"])
            times = buckets.points_of(bucket, row.get("v", {})).at.tolist()
            _earlier(found, bucket.stream, (time for time in times if at <= time < before))
        return found

    def _stored(self, level: Level, ids: Collection[int], at: int, before: int) -> dict[int, int]:
        chunk_ms = CHUNK * level.width_ms
        names = {"$map": {"input": {"$objectToArray": "$b"}, "in": "$$this.k"}}
        looks = (
            _look(
                {"s": stream, "t": at - at % chunk_ms},
                {"s": stream, "t": before},
                {"b": {"$gt": {}}},
                {"names": names},
            )
            for stream in ids
        )
        found: dict[int, int] = {}
        for row in self._looked(collection_name(level), looks):
            stream, start = row["_id"]["s"], int(row["_id"]["t"])
            times = (start + int(name) * level.width_ms for name in row["names"])
            _earlier(found, stream, (time for time in times if at <= time < before))
        return found

    def _looked(self, collection: str, looks: Iterable[list[Doc]]) -> Iterator[Mapping[str, Any]]:
        every = list(looks)
        for lo in range(0, len(every), TOGETHER):
            first, *others = every[lo : lo + TOGETHER]
            joined = [{"$unionWith": {"coll": collection, "pipeline": look}} for look in others]
            with translated():
                yield from self._mongo.db[collection].aggregate([*first, *joined])


def _look(first: Doc, after: Doc, more: Doc, shown: Doc) -> list[Doc]:
    """The first documents of a range that are not empty."""
    return [
        {"$match": {"_id": {"$gte": first, "$lt": after}, **more}},
        {"$sort": {"_id": 1}},
        {"$limit": DOCUMENTS},
        {"$project": shown},
    ]


def _earlier(found: dict[int, int], stream: int, times: Iterable[int]) -> None:
    earliest = min(times, default=None)
    if earliest is not None:
        found[stream] = min(earliest, found.get(stream, earliest))
