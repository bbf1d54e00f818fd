"""Windows of statistics computed from raw datapoints, of many streams at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hub.series.buckets import width_at
from hub.series.parts import FloatArray, IntArray
from hub.series.windows import Lengths, length_at, numbers, starts, summarized
from hub.store.streams.points import PointStore
from hub.store.streams.statistics import Computed
from hub.values import Stream

DOCUMENTS_MAX = 512
"""Raw documents that are read at once."""
VALUES_MAX = 200_000
"""Values of one stream that are held before their windows are computed, as a rule."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole windows of a stream: ``lo <= at < hi``."""

    stream: Stream
    lengths: Lengths
    lo: int
    hi: int

    @property
    def documents(self) -> int:
        """About how many raw documents it has."""
        return (self.hi - self.lo) // width_at(self.stream.widths, self.hi) + 1


Held = tuple[Stretch, IntArray, FloatArray]
"""Times and values, ascending in time."""


class Computing:
    def __init__(self, points: PointStore) -> None:
        self._points = points

    def windows(self, stretches: Iterable[Stretch]) -> Iterator[list[Computed]]:
        """The windows of stretches that have values, some at a time; flat in memory, but for the
        values of one window."""
        together: list[Stretch] = []
        documents = 0
        for stretch in stretches:
            if stretch.documents > DOCUMENTS_MAX:
                yield from self._long(stretch)
                continue
            together.append(stretch)
            documents += stretch.documents
            if documents > DOCUMENTS_MAX:
                yield self._short(together)
                together, documents = [], 0
        if together:
            yield self._short(together)

    def _short(self, stretches: Sequence[Stretch]) -> list[Computed]:
        read = self._points.many([(one.stream, one.lo, one.hi) for one in stretches])
        return _computed(
            [(one, *numbers(found)) for one, found in zip(stretches, read, strict=True)]
        )

    def _long(self, stretch: Stretch) -> Iterator[list[Computed]]:
        held: list[tuple[IntArray, FloatArray]] = []
        size, enough = 0, VALUES_MAX
        for piece in self._points.between(stretch.stream, stretch.lo, stretch.hi):
            held.append(numbers(piece))
            size += len(held[-1][0])
            if size > enough:
                at, values = _joined(held)
                cut = int(np.searchsorted(at, starts(stretch.lengths, at[-1:])[0][0]))
                yield _computed([(stretch, at[:cut], values[:cut])])
                held, size = [(at[cut:], values[cut:])], len(at) - cut
                enough = max(VALUES_MAX, 2 * size)
        if held:
            yield _computed([(stretch, *_joined(held))])


def _joined(pieces: Sequence[tuple[IntArray, FloatArray]]) -> tuple[IntArray, FloatArray]:
    at, values = zip(*pieces, strict=True)
    return np.concatenate(at), np.concatenate(values)


def _computed(held: Sequence[Held]) -> list[Computed]:
    """What the windows come to, by stretch and time."""
    found = [starts(one.lengths, at) for one, at, _ in held]
    begin = np.concatenate([start[there] for start, there in found])
    values = np.concatenate(
        [own[there] for (_, _, own), (_, there) in zip(held, found, strict=True)]
    )
    sizes = [int(there.sum()) for _, there in found]
    owner = np.repeat(np.arange(len(held)), sizes)
    change = np.ones(len(begin), np.bool_)
    change[1:] = (begin[1:] != begin[:-1]) | (owner[1:] != owner[:-1])
    first = np.flatnonzero(change)
    made = summarized(np.cumsum(change), values)
    at, owners = begin[first].tolist(), owner[first].tolist()
    return [
        Computed(held[index][0].stream.id, start, length_at(held[index][0].lengths, start), row)
        for index, start, row in zip(owners, at, made.rows(), strict=True)
    ]
