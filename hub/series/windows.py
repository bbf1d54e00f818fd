"""Windows of statistics: which one a datapoint falls into, and what the values of one come to.

A window is ``[start, start + length)`` on the grid of its length, in milliseconds UTC. How long a
stream's windows are may change from a moment on; the time of a datapoint alone decides which
window it is in. A length divides the hour, and changes come at whole hours, so windows never
overlap. A length of 0 means: no statistics.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hub.errors import Invalid
from hub.series.levels import SECOND_MS
from hub.series.parts import BoolArray, FloatArray, IntArray
from hub.series.points import Points, plain
from hub.series.quartiles import quartile

HOUR_MS = 3600 * SECOND_MS
DEFAULT_MS = 60 * SECOND_MS
Lengths = tuple[tuple[int, int], ...]
"""From which moment on (ms, ascending, the first 0) windows have which length (ms)."""
ONE_MINUTE: Lengths = ((0, DEFAULT_MS),)
"""The windows of a stream for which nobody has said anything else."""


def length_ms(seconds: float) -> int:
    """A length in ms from one in seconds; 0 is none at all.

    Raises:
        Invalid: no whole number of seconds that divides the hour.
    """
    length = round(seconds * SECOND_MS) if 0 <= seconds <= HOUR_MS else -1
    if length < 0 or length % SECOND_MS or (length and HOUR_MS % length):
        raise Invalid(
            "a window of statistics has a whole number of seconds that divides the hour, or 0",
            path="statistic_window",
        )
    return length


def changed(lengths: Lengths, from_ms: int, length: int) -> Lengths:
    """The lengths with another one from the first whole hour at or after a moment on."""
    since = -(-from_ms // HOUR_MS) * HOUR_MS
    kept = tuple(pair for pair in lengths if pair[0] < since)
    if kept and kept[-1][1] == length:
        return kept
    return (*kept, (since, length)) if kept else ((0, length),)


def length_at(lengths: Lengths, at_ms: int) -> int:
    """The length in force at a moment."""
    return lengths[max(bisect_right(lengths, at_ms, key=lambda pair: pair[0]) - 1, 0)][1]


def grain(lengths: Lengths, least_ms: int) -> int:
    """The least multiple of ``least_ms`` at which no window of any length is cut."""
    return math.lcm(least_ms, *(length for _, length in lengths if length))


def starts(lengths: Lengths, at: IntArray) -> tuple[IntArray, BoolArray]:
    """The start of the window of each time, and whether there is one."""
    since = np.array([pair[0] for pair in lengths[1:]], np.int64)
    length = np.array([pair[1] for pair in lengths], np.int64)
    own = length[np.searchsorted(since, at, side="right")]
    return at - at % np.maximum(own, 1), own > 0


def widened(lengths: Lengths, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending ranges ``lo <= at < hi`` as whole windows, joined where they meet."""
    made: list[tuple[int, int]] = []
    for lo, hi in spans:
        if lo >= hi:
            continue
        before, after = length_at(lengths, lo) or 1, length_at(lengths, hi - 1) or 1
        first, last = lo - lo % before, hi - 1 - (hi - 1) % after + after
        if made and first <= made[-1][1]:
            first, last = made[-1][0], max(made.pop()[1], last)
        made.append((first, last))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """What the values of some groups come to, one row a group, in order.

    Attributes:
        group: the group's number.
        rms: the root of the mean of the squares.
        q1, median, q3: see ``hub.series.quartiles``.
    """

    group: IntArray
    count: IntArray
    mean: FloatArray
    rms: FloatArray
    median: FloatArray
    low: FloatArray
    high: FloatArray
    q1: FloatArray
    q3: FloatArray

    def __len__(self) -> int:
        return len(self.group)

    def rows(self) -> list[list[float]]:
        """``[count, mean, rms, median, min, max, q1, q3]`` of each."""
        columns = (
            self.count, self.mean, self.rms, self.median, self.low, self.high, self.q1, self.q3,
        )  # fmt: skip
        return [list(row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def numbers(points: Points) -> tuple[IntArray, FloatArray]:
    """Times and values of the datapoints that have one; an object that was appended downsampled
    counts as one value, its mean."""
    values: FloatArray = np.array([plain(value) for value in points.values], np.float64)
    there = np.isfinite(values)
    return points.at[there], values[there]


def summarized(group: IntArray, values: FloatArray) -> Summaries:
    """What finite values come to, group by group (in any order).

    Sums are of values scaled by a power of two, about their least, and the mean is corrected by
    the mean of what is left: neither a large offset nor a large exponent costs digits.
    """
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1 if len(group) else 0))
    count = np.diff(np.append(first, len(group)))
    if not len(group):
        nothing = np.empty(0)
        return Summaries(group=group, count=count, **dict.fromkeys(_NUMBERS, nothing))
    low, high = values[first], values[first + count - 1]
    mean, rms = _means(values, first, count)
    q1, median, q3 = (quartile(number, values, first, count) for number in (1, 2, 3))
    return Summaries(
        group=group[first],
        count=count,
        mean=np.clip(mean, low, high),
        rms=rms,
        median=median,
        low=low,
        high=high,
        q1=q1,
        q3=q3,
    )


_NUMBERS: Sequence[str] = ("mean", "rms", "median", "low", "high", "q1", "q3")


def _means(ordered: FloatArray, first: IntArray, count: IntArray) -> tuple[FloatArray, FloatArray]:
    """Mean and root mean square of each group of ascending values."""
    largest = np.maximum(np.abs(ordered[first]), np.abs(ordered[first + count - 1]))
    exponent = np.frexp(largest)[1] + 1
    scaled = np.ldexp(ordered, -np.repeat(exponent, count))
    low = scaled[first]
    mean = low + np.add.reduceat(scaled - np.repeat(low, count), first) / count
    mean += np.add.reduceat(scaled - np.repeat(mean, count), first) / count
    rms = np.sqrt(np.add.reduceat(scaled * scaled, first) / count)
    return np.ldexp(mean, exponent), np.ldexp(rms, exponent)
