"""Raw values as records, each with an id of its own; who may see which stream is for the caller
to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge

import numpy as np

from hub.errors import NotFound
from hub.series.parts import IntArray
from hub.series.points import Points
from hub.series.records import Record
from hub.services.streams.reading.newest import newest
from hub.store.streams.points import PointStore
from hub.store.streams.recent import RecentPoints
from hub.values import Stream

AHEAD = 1_280
"""Datapoints that are read ahead of very many, at least; in 64 documents."""
AT_ONCE = 200
"""Datapoints that are read ahead of each of several streams, as a rule."""


class Records:
    def __init__(self, points: PointStore, recent: RecentPoints) -> None:
        self._points = points
        self._recent = recent

    def newest(self, streams: Sequence[Stream], limit: int) -> list[Record]:
        """So many values of streams, newest first; of one moment, the later stream first."""
        if len(streams) == 1:
            return self._last(streams[0], limit)
        known = {stream.id: stream for stream in streams}
        ends = self._points.all_ends(streams)
        latest = {stream: last for stream, (_, last) in ends.items() if last is not None}
        return newest(latest, lambda stream, count: self._last(known[stream], count), limit)

    def pieces(self, stream: Stream, lo: int, hi: int) -> Iterator[Points]:
        """The datapoints with ``lo <= at < hi`` (ms) in order of time, about a raw document at a
        time; flat in memory, and the fastest way to read very many."""
        return self._points.between(stream, lo, hi, AHEAD, quality=True)

    def range(self, streams: Sequence[Stream], lo: int, hi: int) -> Iterator[Record]:
        """The values with ``lo <= at < hi`` (ms) in order of time; of one moment, those of the
        earlier stream first. Flat in memory."""
        if len(streams) == 1:
            return self._range(streams[0], lo, hi, 0)
        ranges = [self._range(stream, lo, hi, AT_ONCE) for stream in streams]
        return merge(*ranges, key=lambda record: (record.at, record.stream))

    def one(self, stream: Stream, at: int, sequence: int) -> Record:
        """The value of an id. Raises NotFound."""
        found = list(self._range(stream, at, at + 1, 0))
        if sequence >= len(found):
            raise NotFound("no such record", id=Record(stream.id, at, sequence, None).id)
        return found[sequence]

    def _range(self, stream: Stream, lo: int, hi: int, ahead: int) -> Iterator[Record]:
        for piece in self._points.between(stream, lo, hi, ahead, quality=True):
            yield from records_of(stream, piece)

    def _last(self, stream: Stream, limit: int) -> list[Record]:
        found = list(records_of(stream, self._recent.last(stream, limit)))
        return found[::-1][:limit]


def records_of(stream: Stream, points: Points) -> Iterator[Record]:
    """The datapoints of a stream, whole instants, as records."""
    rows = zip(points.at.tolist(), sequences(points.at), points.values, strict=True)
    doubts = points.doubts
    return (
        Record(stream.id, at, sequence, value, not sequence and at in doubts)
        for at, sequence, value in rows
    )


def sequences(at: IntArray) -> list[int]:
    """The place of each of ascending times among those that are equal, from 0."""
    same = np.zeros(len(at), np.bool_)
    same[1:] = at[1:] == at[:-1]
    if not same.any():
        return [0] * len(at)
    place = np.arange(len(at))
    found: list[int] = (place - np.maximum.accumulate(np.where(same, 0, place))).tolist()
    return found
