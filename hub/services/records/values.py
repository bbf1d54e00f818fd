"""Values of data streams: the newest, those of a range, one, and what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import HubError, NotFound, StreamNotFound
from hub.series.points import Points
from hub.series.records import Record, parsed
from hub.services.permits import Permits
from hub.services.queries import Budgets
from hub.services.records.latest import latest
from hub.services.records.stretches import STRETCH, STRETCH_FIELD, Stretch, first, of_one
from hub.services.records.sweeping import swept
from hub.services.records.wishes import Seeing, Wish
from hub.services.rows import Position, Rows, resumed
from hub.services.values import Values
from hub.store.streams.sweep import Sweep
from hub.values import Batch, Principal, Stream

Written = tuple[int, int, Any]
"""A data stream, a time in ms and a value."""


@dataclass(frozen=True, slots=True)
class PlantValues:
    seeing: Seeing
    values: Values
    sweep: Sweep
    permits: Permits
    budgets: Budgets

    def newest(self, wish: Wish, principal: Principal) -> list[Record]:
        """The ``limit`` newest values, newest first. Raises StreamNotFound as ``Seeing``."""
        streams, limit = self.seeing.wanted(wish, principal), wish.limit or 0
        found = latest(self.sweep, streams, limit) if len(streams) > 1 else None
        return self.values.records.newest(streams, limit) if found is None else found

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
        return rows if wish.limit is None else first(wish.limit, rows)

    def _after(
        self, streams: Sequence[Stream], wish: Wish, last: Position | None
    ) -> Iterator[Stretch]:
        """The stretches behind a place, or from the beginning."""
        if len(streams) == 1:
            lo = wish.lo if last is None else int(last[0]) + 1
            return self._of_one(streams[0], lo, wish.hi)
        if not streams:
            return iter(())
        lo = wish.lo if last is None else int(last[0])
        found = swept(self.sweep, streams, lo, wish.hi, wish.limit)
        return found if last is None else _behind(last, found)

    def _of_one(self, stream: Stream, lo: int, hi: int) -> Iterator[Stretch]:
        """Whole documents each: an instant is never in two stretches."""
        held: list[Points] = []
        size = 0
        for piece in self.values.records.pieces(stream, lo, hi):
            held.append(piece)
            size += len(piece)
            if size >= STRETCH:
                yield of_one(stream, held)
                held, size = [], 0
        if size:
            yield of_one(stream, held)


def _behind(last: Position, found: Iterator[Stretch]) -> Iterator[Stretch]:
    """What is left of stretches behind a place."""
    for stretch in found:
        rest = stretch.after(last)
        if len(rest):
            yield rest
            break
    yield from found
