"""Parts as they are now: the stored ones, and those of what the rollups have not seen yet.

So an answer never depends on when the worker last ran. Where it is far behind, a level ends
before the first change that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.series import climb, parts
from hub.series.climb import Run
from hub.series.cover import without
from hub.series.levels import ROLLUPS, Level
from hub.series.parts import Parts
from hub.services.streams.downsample import Downsampling
from hub.store.points import Mark, PointStore
from hub.store.rollups import Rollups
from hub.values import Stream

UNSEEN_MAX = 500
"""Changed documents that a reader will bring up to date for itself."""


class Settled:
    """One stream, as it was when this was made."""

    def __init__(
        self, stream: Stream, points: PointStore, rollups: Rollups, downsampling: Downsampling
    ) -> None:
        self.stream = stream
        self._rollups = rollups
        self._downsampling = downsampling
        marks = list(points.marks(stream.id, UNSEEN_MAX + 1))
        self.until: int | None = None
        if len(marks) > UNSEEN_MAX:
            self.until = min(mark.lo for mark in marks)
            marks = []
        self.marks: Sequence[Mark] = marks

    def parts(self, level: Level, lo: int, hi: int) -> Parts:
        """The parts with ``lo <= at < hi``, both on the level's grid."""
        stored = self._rollups.read(level, (self.stream.id, lo, hi))
        touched = [
            (mark.lo, mark.hi, mark.removed)
            for mark in self.marks
            if level.floor(mark.lo) < hi and mark.hi >= lo
        ]
        if not touched:
            return stored
        runs = self._computed(level, touched)
        return _laid_over(stored, runs, lo, hi)

    def _computed(self, level: Level, touched: list[tuple[int, int, bool]]) -> list[Run]:
        spans = climb.spans(touched, ROLLUPS[0])
        *_, (_, runs) = self._downsampling.levels([(self.stream, spans)], level)
        return runs[0][1]


def _laid_over(stored: Parts, runs: list[Run], lo: int, hi: int) -> Parts:
    """The stored parts, those of the runs in place of what they cover."""
    covers = {run.lo: run for run in runs}
    pieces = [
        covers[first].parts if fresh else stored.between(first, last)
        for fresh, first, last in without(min(lo, runs[0].lo), max(hi, runs[-1].hi), list_of(runs))
    ]
    return parts.joined(pieces).between(lo, hi)


def list_of(runs: list[Run]) -> list[tuple[int, int]]:
    return [(run.lo, run.hi) for run in runs]
