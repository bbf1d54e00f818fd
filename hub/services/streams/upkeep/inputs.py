"""What derived streams are made from: the raw datapoints of a stream, or the means of a level."""

from __future__ import annotations

from typing import Protocol

from hub.series.derive import Neighbour, Track, Window
from hub.series.levels import SECONDS, Level, highest_of, level_of
from hub.series.points import joined, plain
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Source, Stream


class Input(Protocol):
    """A source's datapoints. Times are ms; windows are closed at both ends."""

    def changed(self, lo: int, hi: int) -> Window:
        """Which times may have changed when raw datapoints with ``lo <= at < hi`` did."""

    def nearest(self, at: int, direction: int, kind: Neighbour) -> int | None:
        """The next datapoint (or value) after (1) or before (-1) a moment."""

    def read(self, first: int, last: int) -> Track:
        """The datapoints of a window."""


class RawInput:
    """Datapoints as they were appended, those up to ``after_ms`` left out."""

    def __init__(self, points: PointStore, stream: Stream, after_ms: int | None) -> None:
        self._points = points
        self._stream = stream
        self._after = -1 if after_ms is None else after_ms

    def changed(self, lo: int, hi: int) -> Window:
        return lo, hi - 1

    def nearest(self, at: int, direction: int, kind: Neighbour) -> int | None:
        found = self._points.nearest(self._stream, at, direction, value=kind == "value")
        return None if found is None or found <= self._after else found

    def read(self, first: int, last: int) -> Track:
        lo = max(first, self._after + 1)
        found = joined(list(self._points.between(self._stream, lo, last + 1)))
        return Track(found.at.tolist(), [plain(value) for value in found.values])


class LevelInput:
    """The means of a level's finished buckets, at their starts; empty buckets are no datapoints."""

    def __init__(
        self,
        stores: tuple[PointStore, Rollups],
        stream: Stream,
        level: Level,
        after_ms: int | None,
    ) -> None:
        self._points, self._rollups = stores
        self._stream = stream
        self._level = level
        self._after = -1 if after_ms is None else after_ms

    def changed(self, lo: int, hi: int) -> Window:
        """The buckets of the change; the one before may just have been finished by it."""
        before = self._points.nearest(self._stream, lo, -1, value=False)
        first = lo if before is None else before
        return self._level.floor(first), self._level.floor(hi - 1)

    def nearest(self, at: int, direction: int, kind: Neighbour) -> int | None:
        value = kind == "value"
        found = self._rollups.nearest(self._level, self._stream.id, at, direction, value=value)
        if found is None or found <= self._after or found >= self._until():
            return None
        return found

    def read(self, first: int, last: int) -> Track:
        lo = self._level.ceil(max(first, self._after + 1))
        hi = min(self._level.floor(last) + self._level.width_ms, self._until())
        found = self._rollups.read(self._level, (self._stream.id, lo, max(lo, hi)))
        means = [
            total / count if count else None
            for total, count in zip(found.total.tolist(), found.count.tolist(), strict=True)
        ]
        return Track(found.at.tolist(), means)

    def _until(self) -> int:
        latest = self._points.ends(self._stream)[1]
        return 0 if latest is None else self._level.floor(latest)


def input_of(
    points: PointStore, rollups: Rollups, stream: Stream, source: Source, after_ms: int | None
) -> Input:
    """The datapoints that a derivation takes from a stream."""
    level = level_of(source.granularity) or SECONDS
    if level.rank <= highest_of(stream).rank:
        return RawInput(points, stream, after_ms)
    return LevelInput((points, rollups), stream, level, after_ms)
