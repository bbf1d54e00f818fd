"""Reading a stream: a range at a granularity, one page of it, at a cost that follows the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hub.errors import BadParameter
from hub.series import draw, shape
from hub.series.grid import (
    AFTER_ALL,
    BEFORE_ALL,
    Even,
    Grid,
    Run,
    asked_for,
    finer,
    grid_of,
    raw_range,
)
from hub.series.levels import LEVELS, Level, first_rollup, highest_of, level_of
from hub.series.parts import FloatArray, Parts, grouped
from hub.series.points import Points, joined, plain
from hub.series.selection import DRAWN_DEFAULT, Selection
from hub.services.permits import Permits
from hub.services.raw_columns import RawColumns, stored
from hub.services.streams.reading.ranks import Ranks
from hub.services.streams.reading.settled import Settled
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Stream

ANYBODY = "anybody"
Ends = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How much one request may read: raw datapoints, and buckets under those of a calendar."""

    raw_points_max: int = 2_000_000
    buckets_max: int = 300_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A page of datapoints.

    Attributes:
        total: how many the range has at this granularity.
        limit: how many this page may hold.
        granularity: as it was asked for, by full name.
        points: ``{"t": …, "v": …}`` each.
    """

    total: int
    limit: int
    granularity: str
    points: list[dict[str, Any]] = field(default_factory=list)


class Readings:
    def __init__(
        self, points: PointStore, rollups: Rollups, permits: Permits, limits: ReadLimits
    ) -> None:
        self._points = points
        self._rollups = rollups
        self._permits = permits
        self._limits = limits

    def ends(self, streams: Sequence[Stream]) -> dict[int, tuple[int | None, int | None]]:
        """Times of the earliest and the latest datapoint, ms, by stream id."""
        return self._points.all_ends(streams)

    def read(self, stream: Stream, asked: Selection, *, reader: str = ANYBODY) -> Reading:
        """One page of datapoints.

        Args:
            reader: the id of the key that asks; those without one count as one.

        Raises:
            BadParameter: the answer would need more raw datapoints than one request may read.
            TooMany: so many are computing answers from raw datapoints already.
        """
        read = _Reader((self._points, self._rollups), self._limits, stream, asked)
        if not _heavy(stream, asked):
            return read.page()
        release = self._permits.take(reader, heavy=True)
        try:
            return read.page()
        finally:
            release()


def _heavy(stream: Stream, asked: Selection) -> bool:
    """Whether the answer is computed from the raw datapoints under it."""
    if asked.draw:
        return True
    if asked.points is None and level_of(asked.granularity or stream.highest) == highest_of(stream):
        return False
    values = asked.chosen_values(stream.value_downsamplers)
    times = asked.chosen_times(stream.time_downsamplers)
    return not all(
        [*(stored("value", name) for name in values), *(stored("time", name) for name in times)]
    )


class _Reader:
    """One request, with what is known of its stream.

    The ends are read before the marks: so what makes a bucket a finished one came after all
    that is told of it.
    """

    def __init__(
        self,
        stores: tuple[PointStore, Rollups],
        limits: ReadLimits,
        stream: Stream,
        asked: Selection,
    ) -> None:
        self._points, self._rollups = stores
        self._limits = limits
        self._stream = stream
        self._asked = asked
        self._highest = highest_of(stream)
        self._ends = self._points.ends(stream)
        self._settled = Settled(stream, self._points, self._rollups)

    def page(self) -> Reading:
        asked = self._asked
        name = asked.granularity or self._highest.name
        earliest, latest = self._ends
        if None in self._with_rollups(LEVELS[-1]):
            return Reading(0, asked.limit, name)
        if asked.points is not None and asked.granularity is None and not asked.draw:
            name = self._finest(asked.points)
        level = level_of(name)
        if not asked.draw and (level is None or level.rank > self._highest.rank):
            return self._downsampled(name)
        if earliest is None or latest is None:
            return Reading(0, asked.limit, name)
        if asked.draw:
            return self._drawn(asked.draw, earliest, latest)
        return self._raw(name, earliest, latest)

    def _with_rollups(self, level: Level) -> Ends:
        """The ends of all that there is at a level, also where its raw datapoints are gone."""
        first, last = self._ends
        if self._settled.floor is None:
            return first, last
        mine = self._stream.id
        begun, ended = (
            self._rollups.nearest(level, mine, at, way, value=False)
            for at, way in ((BEFORE_ALL, 1), (AFTER_ALL, -1))
        )
        if begun is not None and (first is None or begun < level.floor(first)):
            first = int(self._rollups.read(level, (mine, begun, begun + 1)).first[0])
        if ended is not None and (last is None or ended > last):
            last = ended + level.width_ms
        return first, last

    def _finest(self, points: int) -> str:
        """The name of the finest granularity with at most so many points in the range, and of
        the raw datapoints only if none of the range are gone."""
        earliest, latest = self._ends
        floor = self._settled.floor
        kept = floor is None or raw_range(self._highest, self._asked)[0] >= floor
        if kept and earliest is not None and latest is not None:
            lo, hi = self._clipped(earliest, latest)
            if Ranks(self._settled, self._points, self._rollups).total(lo, hi) <= points:
                return self._highest.name
        for level in LEVELS[self._highest.rank + 1 :]:
            first, last = self._with_rollups(level)
            if first is None or last is None:
                continue
            if len(self._run(Even(level), first, last)) <= points:
                return level.name
        return LEVELS[-1].name

    def _clipped(self, earliest: int, latest: int) -> tuple[int, int]:
        lo, hi = raw_range(self._highest, self._asked)
        return max(lo, earliest), min(hi, latest + 1)

    def _raw(self, name: str, earliest: int, latest: int) -> Reading:
        asked = self._asked
        lo, hi = self._clipped(earliest, latest)
        ranks = Ranks(self._settled, self._points, self._rollups)
        total = ranks.total(lo, hi)
        first, after = asked.offset, min(asked.offset + asked.limit, total)
        if asked.reverse:
            first, after = max(0, total - asked.offset - asked.limit), total - asked.offset
        if first >= after:
            return Reading(total, asked.limit, name)
        start, skip = ranks.seek(lo, hi, first) if first else (lo, 0)
        found = shape.raw(self._take(start, hi, skip, after - first))
        return Reading(total, asked.limit, name, found[::-1] if asked.reverse else found)

    def _between(self, lo: int, hi: int) -> Points:
        return joined(list(self._points.between(self._stream, lo, hi)))

    def _take(self, lo: int, hi: int, skip: int, count: int) -> Points:
        """So many datapoints from ``lo`` on, after passing over some."""
        pieces, size = [], 0
        for piece in self._points.between(self._stream, lo, hi, skip + count):
            pieces.append(piece)
            size += len(piece)
            if size >= skip + count:
                break
        return joined(pieces).part(slice(skip, skip + count))

    def _run(self, grid: Grid, earliest: int, latest: int) -> Run:
        until = self._settled.until
        if until is not None and until <= latest:
            latest = max(until, earliest)
        run = asked_for(grid, self._asked, earliest, latest)
        return run if self._stream.value_downsamplers else run.page(0, 0, reverse=False)

    def _downsampled(self, name: str) -> Reading:
        asked = self._asked
        earliest, latest = self._with_rollups(level_of(name) or LEVELS[-1])
        if earliest is None or latest is None:
            return Reading(0, asked.limit, name)
        run = self._run(grid_of(name, asked.tz), earliest, latest)
        page = run.page(asked.offset, asked.limit, reverse=asked.reverse)
        if not len(page):
            return Reading(len(run), asked.limit, name)
        edges = page.edges()
        base = first_rollup(self._highest) or LEVELS[-1]
        frame = shape.Frame(edges[:-1], edges[1:], base.width_ms, earliest, latest)
        parts = self._parts(page, frame, base)
        raw = RawColumns(
            lambda: self._between(int(edges[0]), int(edges[-1])),
            edges,
            parts,
            self._limits.raw_points_max,
        )
        found = shape.downsampled(
            parts,
            frame,
            asked.chosen_values(self._stream.value_downsamplers),
            asked.chosen_times(self._stream.time_downsamplers),
            raw.column,
        )
        return Reading(len(run), asked.limit, name, found[::-1] if asked.reverse else found)

    def _parts(self, page: Run, frame: shape.Frame, base: Level) -> Parts:
        lo, hi = int(frame.start[0]), int(frame.end[-1])
        if isinstance(page.grid, Even):
            return self._settled.parts(page.grid.level, lo, hi)
        edges = np.append(frame.start, hi)
        below = finer(edges)
        if (hi - lo) // below.width_ms > self._limits.buckets_max:
            raise BadParameter(
                "too many days for one answer in this time zone; ask for fewer",
                parameter="limit",
            )
        fine = self._settled.parts(below, lo, hi)
        starts = frame.start[np.searchsorted(frame.start, fine.at, side="right") - 1]
        return grouped(fine, starts, cut=below.rank >= base.rank)[0]

    def _drawn(self, how: str, earliest: int, latest: int) -> Reading:
        """The range's raw datapoints, reduced to those that make the picture."""
        asked = self._asked
        lo, hi = self._clipped(earliest, latest)
        total = Ranks(self._settled, self._points, self._rollups).total(lo, hi)
        if total > self._limits.raw_points_max:
            raise BadParameter(
                f"the range holds {total} datapoints, and {self._limits.raw_points_max} are drawn "
                "at most; narrow it, or ask for a granularity",
                parameter="downsample",
            )
        points = self._between(lo, hi)
        wanted = asked.points or DRAWN_DEFAULT
        numbers: FloatArray = np.array([plain(v) for v in points.values], np.float64)
        if how == "lttb":
            chosen = draw.lttb(points.at, numbers, wanted)
        else:
            chosen = draw.m4(points.at, numbers, wanted, lo, hi - 1)
        kept = Points(points.at[chosen], [points.values[i] for i in chosen.tolist()])
        found = shape.raw(kept)
        ordered = found[::-1] if asked.reverse else found
        page = ordered[asked.offset : asked.offset + asked.limit]
        return Reading(len(found), asked.limit, self._highest.name, page)
