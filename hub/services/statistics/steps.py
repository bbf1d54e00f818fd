"""Mean, minimum and maximum of a stream by buckets of any duration: ``step=``.

Whole buckets of the rollups are taken wherever they fit, raw datapoints for the rest, and for what
the rollups have not seen. So an answer is that of the raw datapoints, at the cost of the rollups.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hub.errors import Invalid
from hub.series import parts, points
from hub.series.buckets import width_at
from hub.series.cover import Piece, cover, without
from hub.series.durations import Duration, Steps
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.series.levels import LEVELS, ROLLUPS, SECONDS, Level
from hub.series.parts import BoolArray, FloatArray, IntArray, Parts
from hub.series.points import Points, as_parts
from hub.services.streams.reading.settled import Settled
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Stream

BUCKETS_TOGETHER = 256
DOCUMENTS_TOGETHER = 512
"""Raw documents up to which buckets are read together."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values of ``[at, end)`` (ms). An extreme is an integer where the value was one; a mean
    is None where the sum is too large for a float."""

    stream: int
    at: int
    end: int
    count: int
    mean: float | None
    low: float
    high: float


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A bucket that is to be made of these pieces, which read about so many raw documents."""

    span: Span
    pieces: Sequence[Piece]
    documents: int


Tagged = tuple[IntArray, Parts]
"""Parts, and the number of the bucket that each one belongs to."""


class Stepping:
    def __init__(self, points: PointStore, rollups: Rollups) -> None:
        self._points = points
        self._rollups = rollups

    def buckets(self, stream: Stream, lo: int, hi: int, step: Duration) -> Iterator[Bucket]:
        """The buckets of ``[lo, hi)`` (ms) that have values, in order of time; flat in memory.

        The first begins at ``lo``, the last ends at ``hi``. Where only rollups are kept of old
        data, what is less than one of their buckets at the ends of a bucket is left out.

        Raises:
            Invalid: not a numeric stream.
        """
        if stream.value_type != "numeric":
            raise Invalid("only numeric streams have statistics", number=stream.id)
        steps = Steps(lo, step)
        if not step.months and step.ms < ROLLUPS[0].width_ms:
            return self._fine(stream, steps, hi)
        return self._coarse(stream, steps, hi)

    def _fine(self, stream: Stream, steps: Steps, hi: int) -> Iterator[Bucket]:
        """Buckets narrower than those of the rollups."""
        held = parts.empty()
        for piece in self._points.between(stream, steps.from_ms, hi):
            start = piece.at - (piece.at - steps.from_ms) % steps.length.ms
            every = parts.joined([held, as_parts(piece, numeric=True)])
            found = parts.grouped(every, np.concatenate([held.at, start]), cut=False)[0]
            spans = _spans(found, steps, hi)
            yield from _told(stream, found.rows(slice(0, -1)), spans[:-1])
            held = found.rows(slice(-1, None))
        yield from _told(stream, held, _spans(held, steps, hi))

    def _coarse(self, stream: Stream, steps: Steps, hi: int) -> Iterator[Bucket]:
        settled = Settled(stream, self._points, self._rollups)
        ends = self._ends(stream)
        first, after = max(steps.from_ms, ends[0]), min(hi, ends[1])
        together: list[_Wanted] = []
        documents = 0
        at: int | None = first if first < after else None
        while at is not None and at < after:
            number = steps.number(at)
            start, end = steps.start(number), min(steps.start(number + 1), hi)
            wanted = self._wanted(settled, start, end)
            together.append(wanted)
            documents += wanted.documents
            at = end
            if len(together) == BUCKETS_TOGETHER or documents > DOCUMENTS_TOGETHER:
                made = self._made(stream, together)
                yield from made
                together, documents = [], 0
                at = end if made else self._onward(stream, end)
        yield from self._made(stream, together)

    def _ends(self, stream: Stream) -> tuple[int, int]:
        """From where to where there is anything: ``[first, after)``; rollups may be older than
        the raw datapoints that are left."""
        first, last = self._points.ends(stream)
        coarsest = LEVELS[-1]
        begun, ended = (
            self._rollups.nearest(coarsest, stream.id, at, way, value=False)
            for at, way in ((BEFORE_ALL, 1), (AFTER_ALL, -1))
        )
        firsts = [at for at in (first, begun) if at is not None]
        lasts = [last + 1] if last is not None else []
        lasts += [ended + coarsest.width_ms] if ended is not None else []
        return min(firsts, default=AFTER_ALL), max(lasts, default=BEFORE_ALL)

    def _onward(self, stream: Stream, end: int) -> int | None:
        """The next moment at which there may be something, after a stretch without anything."""
        raw = self._points.nearest(stream, end - 1, 1, value=False)
        found = AFTER_ALL if raw is None else raw
        for level in ROLLUPS:
            before = level.ceil(end) - level.width_ms
            begin = self._rollups.nearest(level, stream.id, before, 1, value=False)
            if begin is not None and begin + level.width_ms <= found:
                found = begin
        return None if found == AFTER_ALL else found

    def _wanted(self, settled: Settled, start: int, end: int) -> _Wanted:
        holes = [(mark.lo, mark.hi + 1) for mark in settled.marks]
        if settled.until is not None:
            holes.append((settled.until, end))
        pieces: list[Piece] = []
        for hole, first, last in without(start, end, holes):
            pieces += cover(first, last, SECONDS if hole else LEVELS[-1])
        documents = sum(_documents(settled.stream, piece) for piece in pieces)
        return _Wanted((start, end), pieces, documents)

    def _made(self, stream: Stream, wanted: Sequence[_Wanted]) -> list[Bucket]:
        tagged = [(number, piece) for number, one in enumerate(wanted) for piece in one.pieces]
        found: list[Tagged] = []
        for level in {piece.level for _, piece in tagged}:
            own = [pair for pair in tagged if pair[1].level is level]
            if level is SECONDS:
                found += self._raw(stream, own)
            else:
                found.append(self._stored(level, stream, own))
        if not found:
            return []
        number = np.concatenate([numbers for numbers, _ in found])
        every = parts.joined([piece for _, piece in found])
        order = np.lexsort((every.at, number))
        every, number = every.rows(order), number[order]
        start = np.array([one.span[0] for one in wanted], np.int64)[number]
        merged, rows = parts.grouped(every, start, cut=False, owner=number)
        return _told(stream, merged, [wanted[n].span for n in number[rows].tolist()])

    def _stored(self, level: Level, stream: Stream, own: Sequence[tuple[int, Piece]]) -> Tagged:
        spans = [(stream.id, piece.lo, piece.hi) for _, piece in own]
        index, found = self._rollups.gathered(level, spans)
        return np.array([number for number, _ in own], np.int64)[index], found

    def _raw(self, stream: Stream, own: Sequence[tuple[int, Piece]]) -> Iterator[Tagged]:
        short = [pair for pair in own if _documents(stream, pair[1]) <= DOCUMENTS_TOGETHER]
        if short:
            read = self._read(stream, [piece for _, piece in short])
            sizes = [len(one) for one in read]
            numbers = np.repeat(np.array([number for number, _ in short], np.int64), sizes)
            yield numbers, as_parts(points.joined(read), numeric=True)
        for number, piece in own:
            if _documents(stream, piece) > DOCUMENTS_TOGETHER:
                folded = self._folded(stream, piece)
                yield np.full(len(folded), number, np.int64), folded

    def _read(self, stream: Stream, pieces: Sequence[Piece]) -> list[Points]:
        """The raw datapoints of ascending pieces; read as one where they lie close together."""
        whole = Piece(SECONDS, pieces[0].lo, pieces[-1].hi)
        if _documents(stream, whole) > len(pieces):
            return self._points.many([(stream, piece.lo, piece.hi) for piece in pieces])
        every = points.joined(list(self._points.between(stream, whole.lo, whole.hi)))
        return [every.between(piece.lo, piece.hi) for piece in pieces]

    def _folded(self, stream: Stream, piece: Piece) -> Parts:
        """A long stretch of raw datapoints as one part."""
        held = parts.empty()
        for found in self._points.between(stream, piece.lo, piece.hi):
            every = parts.joined([held, as_parts(found, numeric=True)])
            start = np.full(len(every), piece.lo, np.int64)
            held = parts.grouped(every, start, cut=False)[0]
        return held


def _documents(stream: Stream, piece: Piece) -> int:
    """About how many raw documents a piece reads."""
    if piece.level is not SECONDS:
        return 0
    return (piece.hi - piece.lo) // width_at(stream.widths, piece.lo) + 1


def _spans(found: Parts, steps: Steps, hi: int) -> list[Span]:
    """From where to where each bucket of a fixed length goes."""
    return [(at, min(at + steps.length.ms, hi)) for at in found.at.tolist()]


def _told(stream: Stream, merged: Parts, of: Iterable[Span]) -> list[Bucket]:
    columns = zip(
        of,
        merged.count.tolist(),
        _either(merged.whole, merged.total_int, merged.total),
        _either(merged.low_whole, merged.low_int, merged.low),
        _either(merged.high_whole, merged.high_int, merged.high),
        strict=True,
    )
    return [
        Bucket(stream.id, *span, count, _mean(total, count, low, high), low, high)
        for span, count, total, low, high in columns
        if count
    ]


def _either(whole: BoolArray, integers: IntArray, others: FloatArray) -> list[float]:
    """The integers where there are such, else the others."""
    rows = zip(whole.tolist(), integers.tolist(), others.tolist(), strict=True)
    return [integer if exact else other for exact, integer, other in rows]


def _mean(total: float, count: int, low: float, high: float) -> float | None:
    mean = total / count
    return float(min(max(mean, low), high)) if math.isfinite(mean) else None
