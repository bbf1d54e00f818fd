"""Records of statistics, read and posted. What the worker has not seen is computed for the reader.

Who may see which stream is for the caller to say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any

from hub.errors import NotFound
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.series.records import Statistic
from hub.series.windows import widened
from hub.services.statistics.computing import Computing, Stretch
from hub.services.statistics.posting import checked
from hub.services.streams.reading.newest import newest
from hub.services.streams.reading.settled import UNSEEN_MAX
from hub.store.points import PointStore
from hub.store.statistics import StatisticStore
from hub.values import Stream


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What was computed for the reader: in these ranges of time, and in order."""

    spans: Sequence[tuple[int, int]] = ()
    made: Sequence[Statistic] = ()

    def over(self, stored: Iterable[Statistic], *, backwards: bool = False) -> Iterator[Statistic]:
        """Stored records in order, with these in place of those that were computed before."""
        sign = -1 if backwards else 1
        left = (one for one in stored if one.posted or not self._covers(one.at))
        made = self.made[::-1] if backwards else self.made
        before: int | None = None
        for one in merge(left, made, key=lambda one: sign * one.at):
            if one.at != before:
                yield one
            before = one.at

    def _covers(self, at: int) -> bool:
        index = bisect_right(self.spans, at, key=lambda span: span[0]) - 1
        return index >= 0 and at < self.spans[index][1]


class KeptStatistics:
    def __init__(self, points: PointStore, store: StatisticStore) -> None:
        self._points = points
        self._store = store
        self._computing = Computing(points)

    def newest(self, streams: Sequence[Stream], limit: int) -> list[Statistic]:
        """So many records of streams, newest first; of one moment, the later stream first."""
        known = {stream.id: stream for stream in streams}
        latest = self._store.latest(list(known))
        for stream, (_, last) in self._points.all_ends(streams).items():
            if last is not None:
                latest[stream] = max(last, latest.get(stream, last))
        return newest(latest, lambda stream, count: self._last(known[stream], count), limit)

    def range(self, streams: Sequence[Stream], lo: int, hi: int) -> Iterator[Statistic]:
        """The records with ``lo <= at < hi`` (ms) in order of time; flat in memory."""
        ranges = [self._range(stream, lo, hi) for stream in streams]
        if len(ranges) == 1:
            return ranges[0]
        return merge(*ranges, key=lambda one: (one.at, one.stream))

    def one(self, stream: Stream, at: int) -> Statistic:
        """The record of a moment. Raises NotFound."""
        found = next(self._range(stream, at, at + 1), None)
        if found is None:
            raise NotFound("no such record", id=f"{stream.id}-{at}")
        return found

    def post(self, stream: Stream, at: int, told: Mapping[str, Any]) -> Statistic:
        """Make a posted record of a moment (ms), or change the named fields of the one there is.

        It stands before what the worker computes for a window that begins at this moment.

        Raises:
            Invalid: as ``posting.checked`` says.
            Unavailable: not confirmed; posting the same again is harmless.
        """
        return self._store.post(stream.id, at, checked(at, told))

    def _range(self, stream: Stream, lo: int, hi: int) -> Iterator[Statistic]:
        fresh = self._fresh(stream, lo, hi)
        stored = self._store.between(stream.id, lo, hi)
        yield from fresh.over(stored) if fresh.spans else stored

    def _last(self, stream: Stream, count: int) -> list[Statistic]:
        fresh = self._fresh(stream, BEFORE_ALL, AFTER_ALL)
        stored = self._store.backwards(stream.id, count)
        return list(islice(fresh.over(stored, backwards=True), count))

    def _fresh(self, stream: Stream, lo: int, hi: int) -> _Fresh:
        """What changed since the worker last ran, computed; nothing where that is too much."""
        if stream.value_type != "numeric":
            return _Fresh()
        marks = list(self._points.marks(stream.id, UNSEEN_MAX + 1))
        if not marks or len(marks) > UNSEEN_MAX:
            return _Fresh()
        lengths = self._store.lengths([stream.id])[stream.id]
        changed = sorted((mark.lo, mark.hi + 1) for mark in marks)
        whole = widened(lengths, changed)
        spans = [span for span in whole if span[0] < hi and span[1] > lo]
        stretches = [Stretch(stream, lengths, first, last) for first, last in spans]
        made = [one.told() for found in self._computing.windows(stretches) for one in found]
        return _Fresh(spans, [one for one in made if lo <= one.at < hi])
