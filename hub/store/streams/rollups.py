"""Downsampled parts of all streams: one collection a level, many buckets in one document.

``_id`` is ``{s, t}``: stream and start in milliseconds of a chunk of ``CHUNK`` buckets. ``b``
maps a bucket's number in the chunk to its row (``hub.series.rows``); buckets without datapoints
are not there. ``f`` is the fencing token of the last writer: one that lost its lease is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from hub.errors import Conflict, Unavailable
from hub.series import rows
from hub.series.levels import ROLLUPS, Level
from hub.series.parts import IntArray, Parts
from hub.store.client import DUPLICATE, Doc, Mongo, translated

CHUNK = 360
Stretch = tuple[int, int, int]
"""A stream and a range of time in ms: ``lo <= bucket start < hi``."""


def collection_name(level: Level) -> str:
    return f"rollup_{level.name}"


Chunks = dict[tuple[int, int], tuple[list[int], list[rows.Row]]]
CLAUSES, KEYS = 200, 1_000
"""Ranges, or documents, that are looked up together."""
BY_ID = 8
"""Documents of a range up to which they are asked for by their ids."""
NAMED = CHUNK // 3
"""Buckets up to which only they are read of documents, and not all that there are."""


@dataclass(frozen=True, slots=True)
class Made:
    """Parts to be stored, by stream and ascending in time, the stream's id beside each.

    In ``stale`` ranges the stored buckets that are not among them must go.
    """

    stream: IntArray
    parts: Parts
    stale: Sequence[Stretch] = ()


class Rollups:
    def __init__(self, mongo: Mongo) -> None:
        self._levels = {level: mongo.db[collection_name(level)] for level in ROLLUPS}

    def read(self, level: Level, span: Stretch) -> Parts:
        """The parts of one range."""
        return self.gathered(level, [span])[1]

    def many(self, level: Level, spans: Sequence[Stretch]) -> list[Parts]:
        """The parts of several ranges, read at once."""
        index, found = self.gathered(level, spans)
        edges = np.searchsorted(index, np.arange(len(spans) + 1)).tolist()
        return [found.rows(slice(lo, hi)) for lo, hi in pairwise(edges)]

    def gathered(self, level: Level, spans: Sequence[Stretch]) -> tuple[IntArray, Parts]:
        """The parts of several ranges, one after the other, and which range's each one is."""
        chunk_ms = CHUNK * level.width_ms
        chunks = self._chunks(level, spans)
        index: list[int] = []
        starts: list[int] = []
        found: list[rows.Row] = []
        for number, (stream, lo, hi) in enumerate(spans):
            for start in _starts(chunks, stream, lo - lo % chunk_ms, hi, chunk_ms):
                at, held = chunks[stream, start]
                first, after = bisect_left(at, lo), bisect_left(at, hi)
                index += [number] * (after - first)
                starts += at[first:after]
                found += held[first:after]
        return np.array(index, np.int64), rows.parts(starts, found)

    def _chunks(self, level: Level, spans: Sequence[Stretch]) -> Chunks:
        """The documents that ranges reach into: their bucket starts and rows, ascending."""
        shown = _shown(level, spans)
        found: Chunks = {}
        for query in _queries(_outlines(spans, CHUNK * level.width_ms), CHUNK * level.width_ms):
            with translated():
                for row in self._levels[level].find(query, shown):
                    stream, start = row["_id"]["s"], row["_id"]["t"]
                    held = sorted((int(name), part) for name, part in row.get("b", {}).items())
                    at = [start + number * level.width_ms for number, _ in held]
                    found[stream, start] = (at, [part for _, part in held])
        return found

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
                    for name, part in row.get("b", {}).items()
                )
                starts = [
                    moment
                    for moment, part in held
                    if (moment - at) * direction > 0 and not (value and part[1] == 0)
                ]
                if starts:
                    return min(starts) if direction > 0 else max(starts)
        return None

    def write(self, level: Level, made: Made, fence: int) -> None:
        """Put parts in place.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: not confirmed; writing the same again is harmless.
        """
        updates = _updates(level, made, fence)
        for span in made.stale:
            updates += self._prunings(level, span, made, fence)
        if not updates:
            return
        with translated():
            try:
                self._levels[level].bulk_write(updates, ordered=False)
            except BulkWriteError as exc:
                raise _refused(exc.details) from exc

    def _prunings(self, level: Level, span: Stretch, made: Made, fence: int) -> list[UpdateOne]:
        """Updates that take away the buckets of a range that hold nothing any more.

        Every document of the range takes the fence, be there something to take away or not, or
        no document at all: a worker that was overtaken may be about to write what is gone.
        """
        stream, lo, hi = span
        keep = set(made.parts.at[made.stream == stream].tolist())
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


def _outlines(spans: Sequence[Stretch], chunk_ms: int) -> list[Stretch]:
    """The ranges, those that share a document or lie in neighbouring ones as one."""
    made: list[Stretch] = []
    for stream, lo, hi in spans:
        if lo >= hi:
            continue
        last = made[-1] if made else (None, 0, 0)
        if last[0] == stream and last[1] <= lo <= last[2] + chunk_ms:
            made[-1] = (stream, last[1], max(hi, last[2]))
        else:
            made.append((stream, lo, hi))
    return made


def _queries(outlines: Sequence[Stretch], chunk_ms: int) -> Iterator[Doc]:
    """The documents of ranges: by their ids where they are few, which is cheaper by far."""
    keys: list[Doc] = []
    clauses: list[Doc] = []
    for s, lo, hi in outlines:
        starts = range(lo - lo % chunk_ms, hi, chunk_ms)
        if len(starts) <= BY_ID:
            keys += [{"s": s, "t": at} for at in starts]
        else:
            clauses.append({"_id": {"$gte": {"s": s, "t": starts[0]}, "$lt": {"s": s, "t": hi}}})
    for first in range(0, len(keys), KEYS):
        yield {"_id": {"$in": keys[first : first + KEYS]}}
    for first in range(0, len(clauses), CLAUSES):
        yield {"$or": clauses[first : first + CLAUSES]}


def _shown(level: Level, spans: Sequence[Stretch]) -> Doc:
    """What of the documents is to be read: some of their buckets, if those are few in all."""
    names: set[int] = set()
    for lo, hi in {(lo, hi) for _, lo, hi in spans}:
        first, after = lo // level.width_ms, -(-hi // level.width_ms)
        if after - first > NAMED or len(names) > NAMED:
            return {"b": 1}
        names.update(number % CHUNK for number in range(first, after))
    return {f"b.{number}": 1 for number in names} or {"b": 1}


def _starts(chunks: Chunks, stream: int, lo: int, hi: int, chunk_ms: int) -> list[int]:
    """The chunks of a range that exist, in order."""
    if (hi - lo) // chunk_ms <= len(chunks):
        return [start for start in range(lo, hi, chunk_ms) if (stream, start) in chunks]
    return sorted(start for owner, start in chunks if owner == stream and lo <= start < hi)


def _updates(level: Level, made: Made, fence: int) -> list[UpdateOne]:
    found = made.parts
    if not len(found):
        return []
    chunk_ms = CHUNK * level.width_ms
    chunk = found.at - found.at % chunk_ms
    names = ((found.at - chunk) // level.width_ms).tolist()
    parts_rows = rows.rows(found)
    change = (chunk[1:] != chunk[:-1]) | (made.stream[1:] != made.stream[:-1])
    edges = [0, *(np.flatnonzero(change) + 1).tolist(), len(found)]
    updates = []
    for lo, hi in pairwise(edges):
        values = {f"b.{names[index]}": parts_rows[index] for index in range(lo, hi)}
        found_by = _fenced(int(made.stream[lo]), int(chunk[lo]), fence)
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
