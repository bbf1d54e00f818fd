"""Buckets of streams made of whole buckets of the rollups where they fit, of raw datapoints else.

However many streams and buckets are wanted, what is read of them at once is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from hub.series import parts, points
from hub.series.buckets import width_at
from hub.series.cover import Piece, cover, without
from hub.series.levels import LEVELS, SECONDS, Level
from hub.series.parts import BoolArray, FloatArray, IntArray, Parts
from hub.series.points import Points, as_parts
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Stream

CELLS_TOGETHER = 4_096
"""Buckets that are made together: so many of all streams, or fewer, of so many"""
ROWS_TOGETHER = 20_000
"""buckets of rollups, or so many"""
DOCUMENTS_TOGETHER = 512
"""raw documents."""
RANGES = 1_000
"""Stretches of raw datapoints that are read together."""
Span = tuple[int, int]
Holes = Mapping[int, Sequence[Span]]
"""By stream, the ranges (``[lo, hi)``, ms) in which only raw datapoints count."""


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


@dataclass(frozen=True, slots=True)
class _Cell:
    """A bucket of a stream that is to be made of these pieces."""

    stream: Stream
    span: Span
    pieces: Sequence[Piece]
    rows: int
    documents: int


Tagged = tuple[IntArray, Parts]
"""Parts, and the number of the cell that each one belongs to."""
Own = Sequence[tuple[int, Piece]]
"""Pieces, and the number of the cell that each one belongs to."""


class Making:
    def __init__(self, points: PointStore, rollups: Rollups) -> None:
        self._points = points
        self._rollups = rollups

    def buckets(
        self, streams: Sequence[Stream], spans: Sequence[Span], holes: Holes
    ) -> tuple[list[Bucket], set[int]]:
        """The buckets of these ranges that have values, stream by stream; and which streams have
        datapoints there."""
        made: list[Bucket] = []
        busy: set[int] = set()
        for cells in _together(_cells(streams, spans, holes)):
            number, merged = self._merged(cells)
            owners = [cells[index].stream.id for index in number.tolist()]
            busy.update(owners)
            made += told(owners, merged, [cells[index].span for index in number.tolist()])
        return made, busy

    def _merged(self, cells: Sequence[_Cell]) -> Tagged:
        """One part for each of the cells that hold anything."""
        tagged = [(number, piece) for number, cell in enumerate(cells) for piece in cell.pieces]
        found: list[Tagged] = []
        for level in {piece.level for _, piece in tagged}:
            own = [pair for pair in tagged if pair[1].level is level]
            if level is SECONDS:
                found += self._raw(cells, own)
            else:
                found.append(self._stored(level, cells, own))
        number = np.concatenate([np.empty(0, np.int64), *(numbers for numbers, _ in found)])
        every = parts.joined([piece for _, piece in found])
        order = np.lexsort((every.at, number))
        every, number = every.rows(order), number[order]
        start = np.array([cell.span[0] for cell in cells], np.int64)[number]
        merged, rows = parts.grouped(every, start, cut=False, owner=number)
        return number[rows], merged

    def _stored(self, level: Level, cells: Sequence[_Cell], own: Own) -> Tagged:
        spans = [(cells[number].stream.id, piece.lo, piece.hi) for number, piece in own]
        index, found = self._rollups.gathered(level, spans)
        return np.array([number for number, _ in own], np.int64)[index], found

    def _raw(self, cells: Sequence[_Cell], own: Own) -> Iterator[Tagged]:
        short, long = list[tuple[int, Piece]](), list[tuple[int, Piece]]()
        for number, piece in own:
            few = _documents(cells[number].stream, piece) <= DOCUMENTS_TOGETHER
            (short if few else long).append((number, piece))
        if short:
            read = self._read(cells, short)
            sizes = [len(one) for one in read]
            numbers = np.repeat(np.array([number for number, _ in short], np.int64), sizes)
            yield numbers, as_parts(points.joined(read), numeric=True)
        for number, piece in long:
            folded = self._folded(cells[number].stream, piece)
            yield np.full(len(folded), number, np.int64), folded

    def _read(self, cells: Sequence[_Cell], own: Own) -> list[Points]:
        """The raw datapoints of pieces, in the order of streams and time; those of a stream are
        read as one where they lie close together."""
        ranges: list[tuple[Stream, int, int]] = []
        which: list[int] = []
        for _, group in groupby(own, key=lambda pair: cells[pair[0]].stream.id):
            pairs = list(group)
            stream, pieces = cells[pairs[0][0]].stream, [piece for _, piece in pairs]
            whole = Piece(SECONDS, pieces[0].lo, pieces[-1].hi)
            if _documents(stream, whole) <= len(pieces):
                which += [len(ranges)] * len(pieces)
                ranges.append((stream, whole.lo, whole.hi))
            else:
                which += range(len(ranges), len(ranges) + len(pieces))
                ranges += [(stream, piece.lo, piece.hi) for piece in pieces]
        found: list[Points] = []
        for lo in range(0, len(ranges), RANGES):
            found += self._points.many(ranges[lo : lo + RANGES])
        return [
            found[index].between(piece.lo, piece.hi)
            for index, (_, piece) in zip(which, own, strict=True)
        ]

    def _folded(self, stream: Stream, piece: Piece) -> Parts:
        """A long stretch of raw datapoints as one part."""
        held = parts.empty()
        for found in self._points.between(stream, piece.lo, piece.hi):
            every = parts.joined([held, as_parts(found, numeric=True)])
            start = np.full(len(every), piece.lo, np.int64)
            held = parts.grouped(every, start, cut=False)[0]
        return held


def told(owners: Iterable[int], merged: Parts, spans: Iterable[Span]) -> list[Bucket]:
    """Parts as buckets of these streams and ranges, without those of nothing but nulls."""
    columns = zip(
        owners,
        spans,
        merged.count.tolist(),
        _either(merged.whole, merged.total_int, merged.total),
        _either(merged.low_whole, merged.low_int, merged.low),
        _either(merged.high_whole, merged.high_int, merged.high),
        strict=True,
    )
    return [
        Bucket(owner, at, end, count, _mean(total, count, low, high), low, high)
        for owner, (at, end), count, total, low, high in columns
        if count
    ]


def _cells(streams: Sequence[Stream], spans: Sequence[Span], holes: Holes) -> Iterator[_Cell]:
    """By stream and time."""
    plain = [(span, cover(*span)) for span in spans]
    rows = [sum(map(_rows, pieces)) for _, pieces in plain]
    for stream in streams:
        own = holes.get(stream.id, ())
        for (span, pieces), count in zip(plain, rows, strict=True):
            cut = [hole for hole in own if hole[0] < span[1] and hole[1] > span[0]]
            if cut:
                pieces = _around(span, cut)
                count = sum(map(_rows, pieces))
            documents = sum(_documents(stream, piece) for piece in pieces)
            yield _Cell(stream, span, pieces, count, documents)


def _around(span: Span, holes: list[Span]) -> list[Piece]:
    pieces: list[Piece] = []
    for hole, first, last in without(*span, holes):
        pieces += cover(first, last, SECONDS if hole else LEVELS[-1])
    return pieces


def _together(cells: Iterable[_Cell]) -> Iterator[list[_Cell]]:
    held: list[_Cell] = []
    rows = documents = 0
    for cell in cells:
        held.append(cell)
        rows += cell.rows
        documents += cell.documents
        full = len(held) == CELLS_TOGETHER or rows > ROWS_TOGETHER
        if full or documents > DOCUMENTS_TOGETHER:
            yield held
            held, rows, documents = [], 0, 0
    if held:
        yield held


def _rows(piece: Piece) -> int:
    """How many buckets of rollups a piece reads."""
    return 0 if piece.level is SECONDS else (piece.hi - piece.lo) // piece.level.width_ms


def _documents(stream: Stream, piece: Piece) -> int:
    """About how many raw documents a piece reads."""
    if piece.level is not SECONDS:
        return 0
    return (piece.hi - piece.lo) // width_at(stream.widths, piece.lo) + 1


def _either(whole: BoolArray, integers: IntArray, others: FloatArray) -> list[float]:
    """The integers where there are such, else the others."""
    rows = zip(whole.tolist(), integers.tolist(), others.tolist(), strict=True)
    return [integer if exact else other for exact, integer, other in rows]


def _mean(total: float, count: int, low: float, high: float) -> float | None:
    mean = total / count
    return float(min(max(mean, low), high)) if math.isfinite(mean) else None
