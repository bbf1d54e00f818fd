"""Downsampled parts of all streams: one collection a level, many buckets in one document.

``_id`` is ``{s, t}``: stream and start in milliseconds of a chunk of ``CHUNK`` buckets. ``b``
maps a bucket's number in the chunk to its row (``hub.series.rows``); buckets without datapoints
are not there. ``f`` is the fencing token of the last writer: one that lost its lease is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from hub.errors import Conflict, Unavailable
from hub.series import parts, rows
from hub.series.levels import ROLLUPS, Level
from hub.series.parts import Parts
from hub.store.client import Doc, Mongo, translated

CHUNK = 360
DUPLICATE = 11000
Span = tuple[int, int, int]
"""A stream and a range of time in ms: ``lo <= bucket start < hi``."""


def collection_name(level: Level) -> str:
    return f"rollup_{level.name}"


class Rollups:
    def __init__(self, mongo: Mongo) -> None:
        self._levels = {level: mongo.db[collection_name(level)] for level in ROLLUPS}

    def read(self, level: Level, span: Span) -> Parts:
        """The parts of one range."""
        return self.many(level, [span])[0]

    def many(self, level: Level, spans: Sequence[Span]) -> list[Parts]:
        """The parts of several ranges, read at once."""
        chunk_ms = CHUNK * level.width_ms
        clauses: list[Doc] = [
            {"_id": {"$gte": {"s": s, "t": lo - lo % chunk_ms}, "$lt": {"s": s, "t": hi}}}
            for s, lo, hi in spans
            if lo < hi
        ]
        if not clauses:
            return [parts.empty() for _ in spans]
        found: dict[tuple[int, int], Mapping[str, rows.Row]] = {}
        with translated():
            for row in self._levels[level].find({"$or": clauses}, {"b": 1}).sort("_id"):
                found[row["_id"]["s"], row["_id"]["t"]] = row.get("b", {})
        return [_of_span(level, found, span) for span in spans]

    def nearest(
        self, level: Level, stream: int, at: int, direction: int, *, value: bool
    ) -> int | None:
        """The start of the next bucket with datapoints after (1) or before (-1) the one at ``at``.

        Args:
            value: pass over buckets without a value that is not null.
        """
        chunk_ms = CHUNK * level.width_ms
        start = {"s": stream, "t": at - at % chunk_ms}
        bound = {"$gte": start, "$lt": {"s": stream + 1}}
        if direction < 0:
            bound = {"$gte": {"s": stream}, "$lte": start}
        with translated():
            found = self._levels[level].find({"_id": bound}, {"b": 1}, sort=[("_id", direction)])
            for row in found.batch_size(2):
                held = (
                    (int(row["_id"]["t"]) + int(name) * level.width_ms, part)
                    for name, part in row["b"].items()
                )
                starts = [
                    moment
                    for moment, part in held
                    if (moment - at) * direction > 0 and not (value and part[1] == 0)
                ]
                if starts:
                    return min(starts) if direction > 0 else max(starts)
        return None

    def write(self, level: Level, made: Iterable[tuple[Span, Parts, bool]], fence: int) -> None:
        """Put the parts of ranges in place.

        Args:
            made: for each range all its parts, and whether buckets that are not among them
                must go.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: not confirmed; writing the same again is harmless.
        """
        updates: list[UpdateOne] = []
        for span, found, prune in made:
            updates += _updates(level, span[0], found, fence)
            if prune:
                updates += self._prunings(level, span, found, fence)
        if not updates:
            return
        with translated():
            try:
                self._levels[level].bulk_write(updates, ordered=False)
            except BulkWriteError as exc:
                raise _refused(exc.details) from exc

    def _prunings(self, level: Level, span: Span, found: Parts, fence: int) -> list[UpdateOne]:
        """Updates that take away the buckets of a range that hold nothing any more.

        Every document of the range takes the fence, be there something to take away or not: a
        worker that was overtaken may still be about to write what is gone.
        """
        stream, lo, hi = span
        keep = set(found.at.tolist())
        chunk_ms = CHUNK * level.width_ms
        stale: dict[int, Doc] = {start: {} for start in range(lo - lo % chunk_ms, hi, chunk_ms)}
        for at in self.read(level, span).at.tolist():
            if at not in keep:
                start = at - at % chunk_ms
                stale[start][f"b.{(at - start) // level.width_ms}"] = ""
        return [_pruning(stream, start, gone, fence) for start, gone in stale.items()]

    def remove_some(self, stream: int, limit: int = 500) -> int:
        """Remove a bounded number of a stream's documents at each level; how many."""
        removed = 0
        mine = {"_id": {"$gte": {"s": stream}, "$lt": {"s": stream + 1}}}
        with translated():
            for level in self._levels.values():
                ids = [row["_id"] for row in level.find(mine, {"_id": 1}).limit(limit)]
                if ids:
                    level.delete_many({"_id": {"$in": ids}})
                removed += len(ids)
        return removed


def _of_span(level: Level, found: Mapping[tuple[int, int], Mapping[str, Any]], span: Span) -> Parts:
    stream, lo, hi = span
    chunk_ms = CHUNK * level.width_ms
    pairs: list[tuple[int, rows.Row]] = []
    for start in _starts(found, stream, lo - lo % chunk_ms, hi, chunk_ms):
        held = [(start + int(k) * level.width_ms, row) for k, row in found[stream, start].items()]
        pairs += sorted(pair for pair in held if lo <= pair[0] < hi)
    return rows.parts([at for at, _ in pairs], [row for _, row in pairs])


def _starts(
    found: Mapping[tuple[int, int], Any], stream: int, lo: int, hi: int, chunk_ms: int
) -> list[int]:
    """The chunks of a range that exist, in order."""
    if (hi - lo) // chunk_ms < len(found):
        return [start for start in range(lo, hi, chunk_ms) if (stream, start) in found]
    return sorted(start for owner, start in found if owner == stream and lo <= start < hi)


def _updates(level: Level, stream: int, found: Parts, fence: int) -> list[UpdateOne]:
    if not len(found):
        return []
    chunk_ms = CHUNK * level.width_ms
    chunk = found.at - found.at % chunk_ms
    names = ((found.at - chunk) // level.width_ms).tolist()
    made = rows.rows(found)
    edges = [0, *(np.flatnonzero(chunk[1:] != chunk[:-1]) + 1).tolist(), len(found)]
    updates = []
    for lo, hi in pairwise(edges):
        values = {f"b.{names[index]}": made[index] for index in range(lo, hi)}
        found_by = _fenced(stream, int(chunk[lo]), fence)
        updates.append(UpdateOne(found_by, {"$set": {**values, "f": fence}}, upsert=True))
    return updates


def _pruning(stream: int, start: int, gone: Doc, fence: int) -> UpdateOne:
    update: Doc = {"$set": {"f": fence}}
    if gone:
        update["$unset"] = gone
    return UpdateOne(_fenced(stream, start, fence), update, upsert=True)


def _fenced(stream: int, start: int, fence: int) -> Doc:
    return {"_id": {"s": stream, "t": start}, "f": {"$lte": fence}}


def _refused(details: Any) -> Conflict | Unavailable:
    if any(error.get("code") == DUPLICATE for error in details["writeErrors"]):
        return Conflict("another worker has taken over the rollups")
    return Unavailable("the database refused rollups")
