"""A stretch of a source's samples, cut into the windows that are to be scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import time
from typing import Any, Final

import numpy as np

from hub.ai.numbers import FloatArray, IntArray
from hub.ai.scoring import whole, windows_of
from hub.series.points import Points, plain
from hub.store.plant.models import Position

SAMPLES_MAX: Final = 5_000
"""New samples of one slice, at most."""
NUMBERS_MAX: Final = 500_000
"""Numbers of all its windows, about."""
AHEAD_MS: Final = 3_600_000
"""What is dated so far ahead waits: all that comes before it would be late for ever."""


@dataclass(frozen=True, slots=True)
class Slice:
    """``rows`` are the windows to be scored and ``ends`` the times (ms) of their newest samples,
    no two the same. ``at`` are the times of all samples, those of earlier windows too."""

    window: int
    at: IntArray
    rows: FloatArray
    ends: IntArray

    def position(self, done: int) -> tuple[int, int]:
        """``after`` and ``start`` once so many of the windows are scored."""
        whole_slice = done >= len(self.ends)
        after = int(self.at[-1]) if whole_slice else int(self.ends[done - 1])
        count = int(np.searchsorted(self.at, after, side="right"))
        return after, int(
            self.at[max(0, count - self.window + 1) if self.window > 1 else count - 1]
        )

    def left_out(self, since: int, until: int, done: int) -> int:
        """How many instants behind ``since`` and up to ``until`` end no window of the first ones
        that are done: their window has a gap, or not enough samples."""
        at = self.at[(self.at > since) & (self.at <= until)]
        return len(np.unique(at)) - done


def horizon() -> int:
    """Up to when (ms, excluded) samples are scored now, by the hub's clock."""
    return int(time() * 1000) + AHEAD_MS


def samples_of(window: int) -> int:
    """How many new samples make a slice."""
    return max(1, min(SAMPLES_MAX, NUMBERS_MAX // window))


def taken(pieces: Iterable[Points], position: Position, most: int) -> Points:
    """Samples from ``start`` on, with at most so many that are new, but whole instants."""
    at: list[IntArray] = []
    values: list[Any] = []
    fresh = 0
    for piece in pieces:
        at.append(piece.at)
        values += piece.values
        fresh += len(piece) - int(np.searchsorted(piece.at, position.after, side="right"))
        if fresh > most:
            break
    times = np.concatenate(at) if at else np.empty(0, np.int64)
    known = int(np.searchsorted(times, position.after, side="right"))
    end = known + most
    if end < len(times):
        end = int(np.searchsorted(times, times[end - 1], side="right"))
    return Points(times[:end], values[:end])


def slice_of(found: Points, position: Position, window: int, usual_ms: int | None) -> Slice | None:
    """The windows that end in samples behind a position; None where there are no such samples."""
    known = int(np.searchsorted(found.at, position.after, side="right"))
    if known >= len(found):
        return None
    first = max(0, known - window + 1)
    at, values = found.at[first:], _numbers(found.values[first:])
    ends = at[window - 1 :]
    chosen = whole(at, values, window, usual_ms)
    last_of_instant = np.append(ends[1:] != ends[:-1], True)[: len(ends)]
    chosen &= last_of_instant & (ends > position.after)
    return Slice(window, at, windows_of(values, window)[chosen], ends[chosen])


def _numbers(values: list[Any]) -> FloatArray:
    """Values as floats; not a number where there is none."""
    return np.array([plain(value) for value in values], np.float64)
