"""Values of data streams: the newest, those of a range, one, and what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from hub.errors import HubError, NotFound, StreamNotFound
from hub.series.parts import IntArray
from hub.series.points import Points
from hub.series.records import Record, parsed
from hub.services.permits import Permits
from hub.services.queries import Budgets
from hub.services.records.wishes import Seeing, Wish
from hub.services.rows import Position, Rows, resumed
from hub.services.streams.reading.records import sequences
from hub.services.values import Values
from hub.store.points import PointStore
from hub.values import Batch, Principal, Stream

STRETCH = 3_000
"""Values of one stretch, about; what an answer holds in memory."""
AHEAD = 1_280
"""Values that are read ahead of them, at least; in 64 documents."""
Written = tuple[int, int, Any]
"""A data stream, a time in ms and a value."""
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

    def start(self, count: int) -> Stretch:
        return Stretch(
            self.streams[:count],
            self.at[:count],
            self.sequence[:count],
            self.values[:count],
            [place for place in self.uncertain if place < count],
        )

    @property
    def last(self) -> Position:
        return int(self.at[-1]), int(self.streams[-1]), self.sequence[-1]


@dataclass(frozen=True, slots=True)
class PlantValues:
    seeing: Seeing
    values: Values
    points: PointStore
    permits: Permits
    budgets: Budgets

    def newest(self, wish: Wish, principal: Principal) -> list[Record]:
        """The ``limit`` newest values, newest first. Raises StreamNotFound as ``Seeing``."""
        streams = self.seeing.wanted(wish, principal)
        return self.values.records.newest(streams, wish.limit or 0)

    def in_order(self, wish: Wish, principal: Principal) -> Rows:
        """The values of a range in order of time; of one moment, those of the earlier stream
        first. Flat in memory: each row holds a ``Stretch`` under ``STRETCH_FIELD``.

        Raises:
            StreamNotFound: as ``Seeing`` says.
            OverBudget, TooMany, Unavailable: before the first row; later while iterating.
        """
        streams = self.seeing.wanted(wish, principal)
        release = self.permits.take(principal.key_id, heavy=False)
        return Rows(lambda: self._batches(streams, wish), release)

    def get(self, record: str, principal: Principal) -> Record:
        """The value of an id. Raises NotFound: there is none, or the key is for others."""
        number, at, sequence = parsed(record)
        try:
            stream = self.seeing.one(number, principal)
        except StreamNotFound as exc:
            raise NotFound("no such record", id=record) from exc
        return self.values.records.one(stream, at, sequence)

    def put(self, data: int, at: int, value: Any, principal: Principal) -> Record:
        """Make or change the value of a moment (ms), durably.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            BadDatapoint, LateDatapoint, Conflict, Unavailable: as ``Setting.put`` says.
        """
        return self.values.setting.put(self.seeing.one(data, principal), at, value)

    def put_all(
        self, wanted: Sequence[Written | HubError], principal: Principal
    ) -> list[Record | HubError]:
        """As ``put`` for each, in order; what is refused keeps no other from it. What is an
        error already stays one.

        Raises:
            Unavailable: not confirmed; putting the same again is harmless.
        """
        ids = {one[0] for one in wanted if isinstance(one, tuple)}
        known = self.seeing.among(ids, principal)
        verdicts: list[Record | HubError | None] = []
        good: list[tuple[Stream, int, Any]] = []
        for one in wanted:
            if isinstance(one, HubError):
                verdicts.append(one)
            elif (stream := known.get(one[0])) is None:
                verdicts.append(StreamNotFound("no such stream", number=one[0]))
            else:
                verdicts.append(None)
                good.append((stream, one[1], one[2]))
        done = iter(self.values.setting.put_all(good))
        return [next(done) if verdict is None else verdict for verdict in verdicts]

    def _batches(self, streams: Sequence[Stream], wish: Wish) -> Iterator[Batch]:
        def open_after(last: Position | None) -> Iterator[Batch]:
            for stretch in self._after(streams, wish, last):
                yield Batch([{STRETCH_FIELD: stretch}])

        rows = resumed(
            open_after,
            lambda row: row[STRETCH_FIELD].last,
            time_max_s=self.budgets.stream_s,
        )
        return rows if wish.limit is None else _first(wish.limit, rows)

    def _after(
        self, streams: Sequence[Stream], wish: Wish, last: Position | None
    ) -> Iterator[Stretch]:
        """The stretches behind a place, or from the beginning."""
        if len(streams) == 1:
            lo = wish.lo if last is None else int(last[0]) + 1
            return self._of_one(streams[0], lo, wish.hi)
        lo = wish.lo if last is None else int(last[0])
        return self._of_several(streams, (lo, wish.hi), last)

    def _of_one(self, stream: Stream, lo: int, hi: int) -> Iterator[Stretch]:
        """Whole documents each: an instant is never in two stretches."""
        held: list[Points] = []
        size = 0
        for piece in self.points.between(stream, lo, hi, AHEAD, quality=True):
            held.append(piece)
            size += len(piece)
            if size >= STRETCH:
                yield _stretch(stream, held)
                held, size = [], 0
        if size:
            yield _stretch(stream, held)

    def _of_several(
        self, streams: Sequence[Stream], span: tuple[int, int], last: Position | None
    ) -> Iterator[Stretch]:
        found = self.values.records.range(streams, *span)
        if last is not None:
            found = (one for one in found if (one.at, one.stream, one.sequence) > last)
        while some := list(islice(found, STRETCH)):
            yield Stretch(
                np.array([one.stream for one in some], np.int64),
                np.array([one.at for one in some], np.int64),
                [one.sequence for one in some],
                [one.value for one in some],
                [place for place, one in enumerate(some) if one.uncertain],
            )


def _stretch(stream: Stream, pieces: Sequence[Points]) -> Stretch:
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


def _first(limit: int, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Stretches up to so many values."""
    left = limit
    for batch in batches:
        (row,) = batch.rows
        stretch: Stretch = row[STRETCH_FIELD]
        yield Batch([{STRETCH_FIELD: stretch.start(left)}])
        left -= len(stretch)
        if left <= 0:
            return
