"""Statistics of data streams: the newest, those of a range, one, buckets, and what is posted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from time import time_ns
from typing import Any

from hub.errors import BadField, Invalid, NotFound, StreamNotFound
from hub.series.durations import Duration
from hub.series.records import Statistic, parsed
from hub.series.windows import Lengths
from hub.services.permits import Permits, Release
from hub.services.plant.fields import refused
from hub.services.queries import Budgets
from hub.services.records.wishes import TOGETHER, Seeing, Wish, first
from hub.services.rows import Position, Rows, resumed
from hub.services.statistics.statistics import Statistics
from hub.services.statistics.steps import Bucket
from hub.values import Batch, Principal

RECORD = "record"
"""Under this name each row of an answer has what it tells."""
Told = Statistic | Bucket


@dataclass(frozen=True, slots=True)
class PlantStatistics:
    seeing: Seeing
    statistics: Statistics
    permits: Permits
    budgets: Budgets

    def newest(self, wish: Wish, principal: Principal) -> list[Statistic]:
        """The ``limit`` newest records, newest first. Raises StreamNotFound as ``Seeing``."""
        streams = self.seeing.wanted(wish, principal)
        return self.statistics.kept.newest(streams, wish.limit or 0)

    def in_order(self, wish: Wish, principal: Principal) -> Rows:
        """The records of a range in order of time, each a ``Statistic`` under ``RECORD``.

        Raises:
            StreamNotFound: as ``Seeing`` says.
            OverBudget, TooMany, Unavailable: before the first row; later while iterating.
        """
        streams = self.seeing.wanted(wish, principal)

        def found(last: Position | None) -> Iterator[Statistic]:
            lo = wish.lo if last is None else int(last[0])
            return self.statistics.kept.range(streams, lo, wish.hi)

        return self._rows(found, wish, self.permits.take(principal.key_id, heavy=False))

    def stepped(self, wish: Wish, step: Duration, principal: Principal) -> Rows:
        """The range in buckets one after another, each a ``Bucket`` under ``RECORD``; those
        without values are left out.

        Raises:
            Invalid: the wish is for a data stream that is not numeric.
            StreamNotFound, OverBudget, TooMany, Unavailable: as ``in_order``.
        """
        streams = self.seeing.wanted(wish, principal)
        if wish.data is None:
            streams = [stream for stream in streams if stream.value_type == "numeric"]

        def found(last: Position | None) -> Iterator[Bucket]:
            since = None if last is None else int(last[0])
            span = wish.lo, wish.hi
            return self.statistics.stepping.buckets(streams, span, step, since=since)

        return self._rows(found, wish, self.permits.take(principal.key_id, heavy=True))

    def get(self, record: str, principal: Principal) -> Statistic:
        """The record of an id. Raises NotFound: there is none, or the key is for others."""
        number, at, sequence = parsed(record)
        try:
            stream = self.seeing.one(number, principal)
        except StreamNotFound as exc:
            raise NotFound("no such record", id=record) from exc
        if sequence:
            raise NotFound("no such record", id=record)
        return self.statistics.kept.one(stream, at)

    def post(self, data: int, at: int, told: Mapping[str, Any], principal: Principal) -> Statistic:
        """Make the posted record of a moment (ms), or change the named fields of the one there is.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            BadField: a field or the time is none that can be; the stream is not numeric.
            Unavailable: not confirmed; posting the same again is harmless.
        """
        stream = self.seeing.one(data, principal)
        if stream.value_type != "numeric":
            raise BadField("only numeric data streams have statistics", fields={})
        try:
            return self.statistics.kept.post(stream, at, told)
        except Invalid as exc:
            raise refused(exc.detail.get("path", "body"), f"{exc.message}.") from exc

    def lengths(self, data: int, principal: Principal) -> Lengths:
        """How long its windows are, and from when on. Raises StreamNotFound as ``post``."""
        return self.statistics.summarizing.lengths(self.seeing.one(data, principal))

    def set_length(self, data: int, seconds: float, principal: Principal) -> Lengths:
        """Give a data stream windows of another length, 0 for no statistics.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            BadField: no such length; the stream is not numeric.
            Conflict: too many change it at once.
        """
        stream = self.seeing.one(data, principal)
        try:
            return self.statistics.summarizing.set_window(stream, seconds, time_ns() // 1_000_000)
        except Invalid as exc:
            raise refused("window_seconds", f"{exc.message}.") from exc

    def _rows(
        self, found: Callable[[Position | None], Iterator[Told]], wish: Wish, release: Release
    ) -> Rows:
        """What is found, up to the limit of the wish.

        Args:
            found: opens what there is in order of time, whole or from a place on.
        """

        def open_after(last: Position | None) -> Iterator[Batch]:
            left = (one for one in found(last) if last is None or _place(one) > last)
            while some := list(islice(left, TOGETHER)):
                yield Batch([{RECORD: one} for one in some])

        batches = resumed(
            open_after, lambda row: _place(row[RECORD]), time_max_s=self.budgets.stream_s
        )
        return Rows(lambda: first(wish.limit, batches), release)


def _place(one: Told) -> Position:
    return one.at, one.stream
