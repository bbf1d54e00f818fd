"""The buckets that an answer has, by number: from the first datapoint to the last finished one.

Buckets follow one another without gaps, so how many there are and where each one stands is
arithmetic, whether or not anything was ever measured in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from hub.series.levels import LEVELS, ROLLUPS, SECOND_MS, Level, level_of
from hub.series.parts import IntArray
from hub.series.selection import Selection

MONTHS = 12
BEFORE_ALL, AFTER_ALL = -(2**62), 2**62
FAR_MS = 100 * 86_400 * SECOND_MS
"""More than any bucket: so far after the latest datapoint all times are alike."""


class Grid(Protocol):
    """Numbered buckets; ``start(n)`` grows with ``n``."""

    def number(self, at_ms: int) -> int:
        """The number of the bucket that holds a moment."""

    def start(self, number: int) -> int:
        """Where a bucket begins, ms."""


@dataclass(frozen=True, slots=True)
class Even:
    """The buckets of a level, aligned to UTC."""

    level: Level

    def number(self, at_ms: int) -> int:
        return at_ms // self.level.width_ms

    def start(self, number: int) -> int:
        return number * self.level.width_ms


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days, weeks (from Monday) or months of a time zone.

    A day of 23 or 25 hours is one bucket. A day that begins in a gap of the clock begins where
    the gap ends.
    """

    unit: str
    zone: ZoneInfo

    def number(self, at_ms: int) -> int:
        local = datetime.fromtimestamp(at_ms // SECOND_MS, UTC).astimezone(self.zone)
        day = local.toordinal()
        if self.unit == "months":
            return local.year * MONTHS + local.month - 1
        return (day - 1) // 7 if self.unit == "weeks" else day

    def start(self, number: int) -> int:
        if self.unit == "months":
            day = date(number // MONTHS, number % MONTHS + 1, 1)
        else:
            day = date.fromordinal(number * 7 + 1 if self.unit == "weeks" else number)
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        since = local.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return since // timedelta(milliseconds=1)


def grid_of(name: str, tz: str | None) -> Grid:
    """The buckets of a granularity by full name; days, weeks and months are those of a zone (None:
    UTC), everything finer is aligned to UTC."""
    level = level_of(name)
    if level is None or (tz and level is LEVELS[-1]):
        return Calendar(name, ZoneInfo(tz or "UTC"))
    return Even(level)


def finer(edges: IntArray) -> Level:
    """The coarsest rollup whose buckets make up those with these edges.

    Zones have been whole multiples of ten seconds off UTC since 1970, nearly all of an hour.
    """
    within = (level for level in reversed(ROLLUPS) if not (edges % level.width_ms).any())
    return next(within, ROLLUPS[0])


@dataclass(frozen=True, slots=True)
class Run:
    """The buckets ``first <= number < after`` of a grid."""

    grid: Grid
    first: int
    after: int

    def __len__(self) -> int:
        return max(0, self.after - self.first)

    def page(self, offset: int, limit: int, *, reverse: bool) -> Run:
        """Some of them: counted from the end if ``reverse``, still in ascending order."""
        if reverse:
            after = max(self.first, self.after - offset)
            return Run(self.grid, max(self.first, after - limit), after)
        first = min(self.after, self.first + offset)
        return Run(self.grid, first, min(self.after, first + limit))

    def edges(self) -> IntArray:
        """The start of each bucket, and the end of the last one."""
        if isinstance(self.grid, Even):
            return np.arange(self.first, self.after + 1, dtype=np.int64) * self.grid.level.width_ms
        return np.array([self.grid.start(n) for n in range(self.first, self.after + 1)], np.int64)


def asked_for(grid: Grid, asked: Selection, earliest: int, latest: int) -> Run:
    """The buckets that a selection takes of a stream's.

    ``start`` counts from the bucket that holds it, ``start_exclusive`` from the one after that;
    ``end`` takes the buckets that begin at or before it, ``end_exclusive`` those that begin
    before it. The bucket of the latest datapoint is open, and there only with ``partial``.
    Source: reference of the Datastream API, sections 3.5 and 3.6.
    """
    first = grid.number(earliest)
    after = grid.number(latest) + (1 if asked.partial else 0)
    lowest, beyond = grid.start(first), latest + FAR_MS
    if (start := _ms(asked.start)) is not None and start >= lowest:
        first = grid.number(min(start, beyond))
    if (start := _ms(asked.start_exclusive)) is not None and start >= lowest:
        first = grid.number(min(start, beyond)) + 1
    end, below = _ms(asked.end), _ms(asked.end_exclusive)
    last = end if below is None else below - 1
    if last is not None:
        after = min(after, grid.number(min(last, beyond)) + 1 if last >= lowest else first)
    return Run(grid, first, max(first, after))


def raw_range(level: Level, asked: Selection) -> tuple[int, int]:
    """The raw datapoints that a selection takes, ``lo <= at < hi`` in ms.

    A datapoint counts with its whole second; starts are rounded down to a bucket of ``level``,
    the stream's highest granularity, as for downsampled ones.
    """
    lo, hi = BEFORE_ALL, AFTER_ALL
    if (start := _ms(asked.start)) is not None:
        lo = level.floor(start)
    if (start := _ms(asked.start_exclusive)) is not None:
        lo = level.floor(start) + level.width_ms
    if (end := _ms(asked.end)) is not None:
        hi = end + SECOND_MS
    if (end := _ms(asked.end_exclusive)) is not None:
        hi = end
    return lo, hi


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * SECOND_MS
