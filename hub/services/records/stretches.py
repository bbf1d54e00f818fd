"""Some values in order of time, in columns: what a long answer is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from hub.series.parts import IntArray
from hub.series.points import Points
from hub.services.rows import Position
from hub.services.streams.reading.records import sequences
from hub.values import Batch, Stream

STRETCH = 3_000
"""Values of one stretch, about; what an answer holds in memory."""
STRETCH_FIELD = "stretch"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some values in order of time, in columns; ``at`` in ms, ``sequence`` as in ``Record``.

    ``uncertain`` are the places of those that are.
    """

    streams: IntArray
    at: IntArray
    sequence: Sequence[int]
    values: list[Any]
    uncertain: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.values)

    def part(self, first: int, after: int) -> Stretch:
        return Stretch(
            self.streams[first:after],
            self.at[first:after],
            self.sequence[first:after],
            self.values[first:after],
            [place - first for place in self.uncertain if first <= place < after],
        )

    @property
    def last(self) -> Position:
        return int(self.at[-1]), int(self.streams[-1]), self.sequence[-1]

    def after(self, last: Position) -> Stretch:
        """Those behind a place, which is not before all of them."""
        near = int(np.searchsorted(self.at, last[0]))
        rest = range(near, len(self))
        first = next((n for n in rest if self._place(n) > last), len(self))
        return self.part(first, len(self))

    def _place(self, row: int) -> Position:
        return int(self.at[row]), int(self.streams[row]), self.sequence[row]


def of_one(stream: Stream, pieces: Sequence[Points]) -> Stretch:
    """Of a single stream, pieces that follow one another in time."""
    at = np.concatenate([piece.at for piece in pieces])
    values = list(chain.from_iterable(piece.values for piece in pieces))
    place, ids = sequences(at), np.full(len(at), stream.id, np.int64)
    return Stretch(ids, at, place, values, _uncertain(pieces, at, place))


def _uncertain(pieces: Sequence[Points], at: IntArray, place: Sequence[int]) -> list[int]:
    """Which ones are: the first of their moments, where there is a doubt."""
    doubts = [moment for piece in pieces for moment in piece.doubts]
    if not doubts:
        return []
    found: list[int] = np.flatnonzero(np.isin(at, doubts)).tolist()
    return [index for index in found if not place[index]]


def of_several(held: Sequence[tuple[int, Points]]) -> Stretch:
    """Of streams by their ids, pieces that no two have a moment of one stream in common; of one
    moment, those of the earlier stream first."""
    at = np.concatenate([points.at for _, points in held])
    sizes = [len(points) for _, points in held]
    ids = np.repeat(np.array([stream for stream, _ in held], np.int64), sizes)
    values = np.empty(len(at), np.object_)
    values[:] = list(chain.from_iterable(points.values for _, points in held))
    doubts = [
        np.isin(p.at, list(p.doubts)) if p.doubts else np.zeros(len(p), np.bool_) for _, p in held
    ]
    order = np.lexsort((ids, at))
    at, ids = at[order], ids[order]
    place = _sequences(at, ids)
    uncertain = np.flatnonzero(np.concatenate(doubts)[order] & (place == 0))
    return Stretch(ids, at, place.tolist(), values[order].tolist(), uncertain.tolist())


def _sequences(at: IntArray, ids: IntArray) -> IntArray:
    """The place of each value among those of its moment and stream, from 0."""
    same = np.zeros(len(at), np.bool_)
    same[1:] = (at[1:] == at[:-1]) & (ids[1:] == ids[:-1])
    place = np.arange(len(at))
    found: IntArray = place - np.maximum.accumulate(np.where(same, 0, place))
    return found


def cut(found: Stretch) -> Iterator[Stretch]:
    """One stretch as several of the usual length."""
    return (found.part(lo, lo + STRETCH) for lo in range(0, len(found), STRETCH))


def first(limit: int, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Stretches up to so many values."""
    left = limit
    for batch in batches:
        (row,) = batch.rows
        stretch: Stretch = row[STRETCH_FIELD]
        yield Batch([{STRETCH_FIELD: stretch.part(0, left)}])
        left -= len(stretch)
        if left <= 0:
            return
