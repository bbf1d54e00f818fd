"""Records of statistics, read and posted. What the worker has not seen is computed for the reader.

Who may see which stream is for the caller to say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Any

from hub.errors import Conflict, NotFound
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.series.records import Statistic
from hub.series.windows import widened
from hub.services.statistics.computing import Computing, Stretch
from hub.services.statistics.posting import checked
from hub.services.streams.reading.newest import newest
from hub.services.streams.reading.settled import UNSEEN_MAX
from hub.store.streams.point_documents import Mark
from hub.store.streams.points import PointStore
from hub.store.streams.statistics import StatisticStore
from hub.values import Stream

ATTEMPTS = 8
FEW = 64
"""Streams that are asked for one by one."""
LOOKS, LOOKS_EACH = 1_000, 4
"""Records of all streams that are looked through for the newest of some: so many, and so many for
each of these."""
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What was computed for the reader: in these ranges of time of some streams; in order of time
    and stream."""

    spans: Mapping[int, Spans] = field(default_factory=dict)
    made: Sequence[Statistic] = ()

    def over(self, stored: Iterable[Statistic], *, backwards: bool = False) -> Iterator[Statistic]:
        """Stored records in order, with these in place of those that were computed before."""
        sign = -1 if backwards else 1
        left = (one for one in stored if one.posted or not self._covers(one))
        made = self.made[::-1] if backwards else self.made
        before: tuple[int, int] | None = None
        for one in merge(left, made, key=lambda one: (sign * one.at, sign * one.stream)):
            if (one.at, one.stream) != before:
                yield one
            before = one.at, one.stream

    def _covers(self, one: Statistic) -> bool:
        spans = self.spans.get(one.stream, ())
        index = bisect_right(spans, one.at, key=lambda span: span[0]) - 1
        return index >= 0 and one.at < spans[index][1]


class KeptStatistics:
    def __init__(self, points: PointStore, store: StatisticStore) -> None:
        self._points = points
        self._store = store
        self._computing = Computing(points)

    def newest(self, streams: Sequence[Stream], limit: int) -> list[Statistic]:
        """So many records of streams, newest first; of one moment, the later stream first."""
        if len(streams) > FEW and (found := self._newest(streams, limit)) is not None:
            return found
        known = {stream.id: stream for stream in streams}
        latest = self._store.latest(list(known))
        for stream, (_, last) in self._points.all_ends(streams).items():
            if last is not None:
                latest[stream] = max(last, latest.get(stream, last))
        return newest(latest, lambda stream, count: self._last(known[stream], count), limit)

    def range(self, streams: Sequence[Stream], lo: int, hi: int) -> Iterator[Statistic]:
        """The records with ``lo <= at < hi`` (ms) in order of time; flat in memory."""
        if len(streams) > FEW:
            fresh = self._unseen(streams, lo, hi)
            return fresh.over(self._store.across([stream.id for stream in streams], lo, hi))
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
            Conflict: too many post it at once.
            Unavailable: not confirmed; posting the same again is harmless.
        """
        for _ in range(ATTEMPTS):
            before = self._store.posted(stream.id, at)
            whole = checked(at, told, before)
            given = {name: whole[name] for name in told}
            if made := self._store.post(stream.id, at, given, before):
                return made
        raise Conflict("the record is being changed by others", id=f"{stream.id}-{at}")

    def _range(self, stream: Stream, lo: int, hi: int) -> Iterator[Statistic]:
        fresh = self._fresh(stream, lo, hi)
        stored = self._store.between(stream.id, lo, hi)
        yield from fresh.over(stored) if fresh.spans else stored

    def _last(self, stream: Stream, count: int) -> list[Statistic]:
        fresh = self._fresh(stream, BEFORE_ALL, AFTER_ALL)
        stored = self._store.backwards(stream.id, count)
        return list(islice(fresh.over(stored, backwards=True), count))

    def _newest(self, streams: Sequence[Stream], limit: int) -> list[Statistic] | None:
        """As ``newest``, of very many; None where much is newer in other streams."""
        ids = {stream.id for stream in streams}
        most, given_up = LOOKS + LOOKS_EACH * len(ids), False

        def stored() -> Iterator[Statistic]:
            nonlocal given_up
            for number, one in enumerate(self._store.latest_first()):
                if number == most + limit:
                    given_up = True
                    return
                if one.stream in ids:
                    yield one

        fresh = self._unseen(streams, BEFORE_ALL, AFTER_ALL)
        found = list(islice(fresh.over(stored(), backwards=True), limit))
        return None if given_up else found

    def _fresh(self, stream: Stream, lo: int, hi: int) -> _Fresh:
        return self._computed([stream], list(self._points.marks(stream.id, UNSEEN_MAX + 1)), lo, hi)

    def _unseen(self, streams: Sequence[Stream], lo: int, hi: int) -> _Fresh:
        return self._computed(streams, list(self._points.marks(None, UNSEEN_MAX + 1)), lo, hi)

    def _computed(
        self, streams: Sequence[Stream], marks: Sequence[Mark], lo: int, hi: int
    ) -> _Fresh:
        """What changed since the worker last ran, computed; nothing where that is too much."""
        numeric = {stream.id: stream for stream in streams if stream.value_type == "numeric"}
        if len(marks) > UNSEEN_MAX:
            return _Fresh()
        changed: dict[int, list[tuple[int, int]]] = {}
        for mark in marks:
            if mark.bucket.stream in numeric:
                changed.setdefault(mark.bucket.stream, []).append((mark.lo, mark.hi + 1))
        lengths = self._store.lengths(changed) if changed else {}
        spans = {
            stream: [one for one in widened(lengths[stream], sorted(own)) if _meets(one, lo, hi)]
            for stream, own in changed.items()
        }
        stretches = [
            Stretch(numeric[stream], lengths[stream], *span)
            for stream, own in spans.items()
            for span in own
        ]
        made = [one.told() for found in self._computing.windows(stretches) for one in found]
        within = [one for one in made if lo <= one.at < hi]
        return _Fresh(spans, sorted(within, key=lambda one: (one.at, one.stream)))


def _meets(span: tuple[int, int], lo: int, hi: int) -> bool:
    return span[0] < hi and span[1] > lo
