"""Parts as they are now: the stored ones, and those of what the rollups have not seen yet.

So an answer never depends on when the worker last ran. Where it is far behind, a level ends
before the first change that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.series import climb, parts
from hub.series.cover import without
from hub.series.levels import ROLLUPS, Level
from hub.series.parts import Parts
from hub.services.streams.carrying import Carrying
from hub.store.streams.point_documents import Mark
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Stream

UNSEEN_MAX = 500
"""Changed documents that a reader will bring up to date for itself."""


class Settled:
    """One stream, as it was when this was made. Below ``floor`` (ms) only rollups are whole."""

    def __init__(self, stream: Stream, points: PointStore, rollups: Rollups) -> None:
        self.stream = stream
        self.floor = points.floor(stream.id)
        self._rollups = rollups
        self._carrying = Carrying(points, rollups)
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
        computed, spans = self._computed(level, touched)
        pieces = [
            (computed if fresh else stored).between(first, last)
            for fresh, first, last in without(lo, hi, spans)
        ]
        return parts.joined(pieces)

    def _computed(
        self, level: Level, touched: list[tuple[int, int, bool]]
    ) -> tuple[Parts, list[tuple[int, int]]]:
        """The parts of changed stretches, and the stretches."""
        changed = [(self.stream, climb.spans(touched, ROLLUPS[0]))]
        *_, carried = self._carrying.levels(changed, level)
        return carried.parts, [(span.lo, span.hi) for span in carried.spans[0]]
