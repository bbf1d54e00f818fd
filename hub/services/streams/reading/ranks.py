"""How many raw datapoints a range holds, and where the n-th of them is: without reading them.

Counts come from the coarsest finished buckets that fit, finer ones towards the ends, and the
raw datapoints of what is left; so the cost does not grow with the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hub.series.cover import Piece, cover, without
from hub.series.levels import LEVELS, SECONDS, Level
from hub.series.parts import IntArray
from hub.services.streams.reading.settled import Settled
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups


@dataclass(frozen=True, slots=True)
class Blocks:
    """Some datapoints in a row of stretches ``[at, end)``; ``level`` is what counted them."""

    at: IntArray
    end: IntArray
    counts: IntArray
    level: Level


class Ranks:
    def __init__(self, settled: Settled, points: PointStore, rollups: Rollups) -> None:
        self._stream = settled.stream
        self._marks = settled.marks
        self._floor = settled.floor
        self._unsettled = settled.until
        self._points = points
        self._rollups = rollups

    def total(self, lo: int, hi: int) -> int:
        """How many datapoints have ``lo <= at < hi``."""
        return sum(int(block.counts.sum()) for block in self._blocks(lo, hi, LEVELS[-1]))

    def seek(self, lo: int, hi: int, rank: int) -> tuple[int, int]:
        """Where the datapoint of a rank (from 0) in the range is to be found.

        Returns:
            A time from which to read on, and how many datapoints to pass over.
        """
        top = LEVELS[-1]
        while True:
            block, index, rank = self._holding(lo, hi, top, rank)
            lo, hi, top = int(block.at[index]), int(block.end[index]), block.level
            if top is SECONDS:
                return lo, rank
            top = LEVELS[top.rank - 1]

    def _holding(self, lo: int, hi: int, top: Level, rank: int) -> tuple[Blocks, int, int]:
        last: tuple[Blocks, int] | None = None
        for block in self._blocks(lo, hi, top):
            if not len(block.counts):
                continue
            sums = np.cumsum(block.counts)
            if rank < sums[-1]:
                index = int(np.searchsorted(sums, rank, side="right"))
                return block, index, rank - int(sums[index] - block.counts[index])
            rank -= int(sums[-1])
            last = (block, len(block.counts) - 1)
        if last is None:
            nothing = np.array([hi], np.int64)
            return Blocks(nothing, nothing, nothing, SECONDS), 0, rank
        block, index = last
        return Blocks(block.end, block.end, block.counts, SECONDS), index, rank

    def _blocks(self, lo: int, hi: int, top: Level) -> list[Blocks]:
        pieces = self._pieces(lo, hi, top)
        found: dict[Piece, Blocks] = {}
        for level in {piece.level for piece in pieces}:
            own = [piece for piece in pieces if piece.level is level]
            found |= zip(own, self._counted(level, own), strict=True)
        return [found[piece] for piece in pieces]

    def _pieces(self, lo: int, hi: int, top: Level) -> list[Piece]:
        """The range in pieces that the rollups have seen, and raw ones for the rest: also where
        they count what is kept no more."""
        holes = [(mark.lo, mark.hi + 1) for mark in self._marks]
        if self._floor is not None:
            holes.append((lo, self._floor))
        if self._unsettled is not None:
            holes.append((self._unsettled, hi))
        made: list[Piece] = []
        for hole, first, last in without(lo, hi, holes):
            made += cover(first, last, SECONDS if hole else top)
        return made

    def _counted(self, level: Level, pieces: list[Piece]) -> list[Blocks]:
        if level is SECONDS:
            wanted = [(self._stream, piece.lo, piece.hi) for piece in pieces]
            counts = self._points.counts(wanted)
            return [_one(p, count) for p, count in zip(pieces, counts, strict=True)]
        spans = [(self._stream.id, piece.lo, piece.hi) for piece in pieces]
        return [
            Blocks(found.at, found.at + level.width_ms, found.points, level)
            for found in self._rollups.many(level, spans)
        ]


def _one(piece: Piece, count: int) -> Blocks:
    at, end, counts = (np.array([n], np.int64) for n in (piece.lo, piece.hi, count))
    return Blocks(at, end, counts, SECONDS)
