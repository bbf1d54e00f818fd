"""Mean, minimum and maximum of streams by buckets of any duration: ``step=``.

Whole buckets of the rollups are taken wherever they fit, raw datapoints for the rest, and for what
the rollups have not seen. So an answer is that of the raw datapoints, at the cost of the rollups.
The buckets of very many streams are made slab by slab: some after one another, of all the streams
that have anything there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from hub.errors import Invalid
from hub.series import parts
from hub.series.durations import Duration, Steps
from hub.series.grid import AFTER_ALL
from hub.series.levels import ROLLUPS
from hub.series.parts import IntArray, Parts
from hub.series.points import Points, as_parts
from hub.services.records.sweeping import swept
from hub.services.statistics.making import Bucket, Holes, Making, Span, told
from hub.services.streams.reading.settled import UNSEEN_MAX
from hub.store.streams.onward import Onward
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.store.streams.sweep import Sweep
from hub.values import Stream

__all__ = ["Bucket", "Stepping"]

SLAB = 32_768
"""Buckets of all streams that are made one after another and then put in order."""
STEPS_TOGETHER = 256
"""Buckets of a stream in a slab."""
UNSEEN_EACH, UNSEEN_MOST = 4, 20_000
"""Changed documents that are looked at one by one: those of one stream may be as many as a reader
brings up to date for itself, and with many streams so many more each, up to this many."""


class Stepping:
    def __init__(self, points: PointStore, rollups: Rollups, onward: Onward, sweep: Sweep) -> None:
        self._points = points
        self._onward = onward
        self._sweep = sweep
        self._making = Making(points, rollups)

    def buckets(
        self, streams: Sequence[Stream], span: Span, step: Duration, *, since: int | None = None
    ) -> Iterator[Bucket]:
        """The buckets of ``[lo, hi)`` (ms) that have values, in order of time and stream; flat in
        memory.

        The first begins at ``lo``, the last ends at ``hi``. Where only rollups are kept of old
        data, what is less than one of their buckets at the ends of a bucket is left out.

        Args:
            since: begin with the bucket that begins at this moment.

        Raises:
            Invalid: not a numeric stream.
        """
        for stream in streams:
            if stream.value_type != "numeric":
                raise Invalid("only numeric streams have statistics", number=stream.id)
        (lo, hi), steps = span, Steps(span[0], step)
        begin = lo if since is None else since
        if not step.months and step.ms < ROLLUPS[0].width_ms:
            return self._fine(streams, steps, (begin, hi))
        return self._coarse(streams, steps, (begin, hi))

    def _fine(self, streams: Sequence[Stream], steps: Steps, span: Span) -> Iterator[Bucket]:
        """Buckets narrower than those of the rollups."""
        held, owner = parts.empty(), np.empty(0, np.int64)
        for ids, piece in self._raw(streams, span):
            every = parts.joined([held, as_parts(piece, numeric=True)])
            own = np.concatenate([owner, ids])
            at = np.concatenate([held.at, piece.at])
            start = at - (at - steps.from_ms) % steps.length.ms
            order = np.lexsort((own, start))
            own, start = own[order], start[order]
            found, rows = parts.grouped(every.rows(order), start, cut=False, owner=own)
            done = int(np.searchsorted(found.at, found.at[-1:])[0]) if len(found) else 0
            yield from _narrow(own[rows][:done], found.rows(slice(0, done)), steps, span[1])
            held, owner = found.rows(slice(done, None)), own[rows][done:]
        yield from _narrow(owner, held, steps, span[1])

    def _raw(self, streams: Sequence[Stream], span: Span) -> Iterator[tuple[IntArray, Points]]:
        """The raw datapoints in order of time, and beside each one the id of its stream."""
        if len(streams) > 1:
            for stretch in swept(self._sweep, streams, *span, None):
                yield stretch.streams, Points(stretch.at, stretch.values)
            return
        for stream in streams:
            for piece in self._points.between(stream, *span):
                yield np.full(len(piece), stream.id, np.int64), piece

    def _coarse(self, streams: Sequence[Stream], steps: Steps, span: Span) -> Iterator[Bucket]:
        """Slab after slab; ``due`` says from when on each stream may have anything."""
        begin, hi = span
        holes = self._holes(streams)
        due = dict.fromkeys((stream.id for stream in streams), begin) if begin < hi else {}
        while due:
            first = steps.number(min(due.values()))
            far = steps.start(first + STEPS_TOGETHER)
            wanted = [stream for stream in streams if due.get(stream.id, far) < far]
            count = max(min(STEPS_TOGETHER, SLAB // len(wanted)), 1)
            spans = _spans(steps, first, count, hi)
            end = spans[-1][1]
            wanted = [stream for stream in wanted if due[stream.id] < end]
            made, busy = self._making.buckets(wanted, spans, holes)
            yield from sorted(made, key=lambda bucket: (bucket.at, bucket.stream))
            due = self._due_next(wanted, busy, due, (end, hi))

    def _due_next(
        self, done: Sequence[Stream], busy: set[int], due: Mapping[int, int], left: Span
    ) -> dict[int, int]:
        """``due`` after a slab: one that had nothing in it is looked up; without those that have
        nothing any more."""
        end, hi = left
        if end >= hi:
            return {}
        idle = [stream for stream in done if stream.id not in busy]
        later = {**due, **dict.fromkeys(busy, end)}
        for stream in idle:
            del later[stream.id]
        return later | self._onward.next(idle, end, hi)

    def _holes(self, streams: Sequence[Stream]) -> Holes:
        """Where the rollups have not seen all; where that is very much, all that is behind it."""
        ids = [stream.id for stream in streams]
        most = min(UNSEEN_MAX + UNSEEN_EACH * len(ids), UNSEEN_MOST)
        marks = list(self._points.marks(ids, most + 1))
        if len(marks) > most:
            begun = self._points.unseen_from(ids)
            return {stream: [(at, AFTER_ALL)] for stream, at in begun.items()}
        holes: dict[int, list[Span]] = {}
        for mark in marks:
            holes.setdefault(mark.bucket.stream, []).append((mark.lo, mark.hi + 1))
        return holes


def _spans(steps: Steps, first: int, count: int, hi: int) -> list[Span]:
    """So many buckets from a number on, as far as they begin before ``hi``."""
    edges = [steps.start(number) for number in range(first, first + count + 1)]
    return [(lo, min(after, hi)) for lo, after in pairwise(edges) if lo < hi]


def _narrow(owners: IntArray, found: Parts, steps: Steps, hi: int) -> list[Bucket]:
    """Parts as buckets of a fixed length."""
    spans = [(at, min(at + steps.length.ms, hi)) for at in found.at.tolist()]
    return told(owners.tolist(), found, spans)
