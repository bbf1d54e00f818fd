"""Raw datapoints, and each of them as a part that can be merged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.series import parts
from hub.series.levels import SECOND_MS
from hub.series.parts import INT_SAFE, FloatArray, IntArray, Parts

SQUARE_MAX = 3_037_000_499
"""The largest integer whose square fits 64 bits."""


@dataclass(frozen=True, slots=True)
class Points:
    """Datapoints ascending in ``at`` (ms), those of one instant in the order of their arrival.

    A value is a number, None, any JSON value of a nominal or graph stream, or an object of
    downsampled letters that was appended as such. ``doubts`` are the times at which the first value
    is uncertain, as far as whoever read the datapoints asked for that; some may lie elsewhere.
    """

    at: IntArray
    values: list[Any]
    doubts: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.values)

    def part(self, chosen: slice) -> Points:
        return Points(self.at[chosen], self.values[chosen], self.doubts)

    def between(self, lo: int, hi: int) -> Points:
        """Those with ``lo <= at < hi``."""
        ends = np.searchsorted(self.at, [lo, hi])
        return self.part(slice(int(ends[0]), int(ends[1])))


def plain(value: Any) -> Any:
    """A number; the mean of an object that was appended downsampled."""
    return value.get("m") if isinstance(value, dict) else value


NO_POINTS = Points(np.empty(0, np.int64), [])


def joined(pieces: Sequence[Points]) -> Points:
    """Pieces that follow one another in time, as one."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return NO_POINTS
    values = [value for piece in pieces for value in piece.values]
    doubts = frozenset[int]().union(*(piece.doubts for piece in pieces))
    return Points(np.concatenate([piece.at for piece in pieces]), values, doubts)


def as_parts(points: Points, *, numeric: bool) -> Parts:
    """One part a datapoint, at the start of its second."""
    if not len(points):
        return parts.empty()
    if not numeric:
        return _uncountable(points)
    if any(type(value) is dict for value in points.values):
        return _with_objects(points)
    return _numbers(points)


def _numbers(points: Points) -> Parts:
    values: FloatArray = np.array(points.values, np.float64)
    there = ~np.isnan(values)
    whole = np.array([isinstance(value, int) for value in points.values], np.bool_)
    number = np.where(there, values, 0.0)
    integer = np.zeros(len(points), np.int64)
    if whole.any():
        integer = np.array(
            [value if isinstance(value, int) else 0 for value in points.values], np.int64
        )
    squared = whole & (np.abs(integer) <= SQUARE_MAX)
    return Parts(
        at=points.at - points.at % SECOND_MS,
        points=np.ones(len(points), np.int64),
        count=there.astype(np.int64),
        seconds=np.zeros(len(points), np.int64),
        first=points.at,
        last=points.at,
        total=number,
        spread=np.zeros(len(points)),
        low=values,
        high=values,
        whole=whole,
        total_int=integer,
        low_whole=whole,
        low_int=integer,
        high_whole=whole,
        high_int=integer,
        squared=squared,
        squares_int=np.where(squared, integer, 0) ** 2,
    )


def _uncountable(points: Points) -> Parts:
    """Values that are only counted."""
    blank = Points(points.at, [None] * len(points))
    there = np.array([value is not None for value in points.values], np.int64)
    bare = _numbers(blank)
    return Parts(
        **{name: getattr(bare, name) for name in Parts.__slots__ if name != "count"}, count=there
    )


def _with_objects(points: Points) -> Parts:
    """Datapoints of which some are already downsampled; those carry their own counts."""
    plain = Points(points.at, [None if type(v) is dict else v for v in points.values])
    found = _numbers(plain).rows(np.arange(len(points)))
    for index, value in enumerate(points.values):
        if type(value) is dict:
            _fill(found, index, value)
    return found


def _fill(found: Parts, index: int, value: dict[str, Any]) -> None:
    """Take a downsampled object over into columns that nobody else holds."""
    count = value.get("c") or 0
    if not count:
        return
    total = _total(value, count)
    mean = total / count
    low, high = value.get("l", mean), value.get("u", mean)
    found.count[index] = count
    found.total[index] = total
    found.low[index] = low
    found.high[index] = high
    found.spread[index] = _spread(value, count, mean)
    if isinstance(low, int):
        found.low_whole[index], found.low_int[index] = True, low
    if isinstance(high, int):
        found.high_whole[index], found.high_int[index] = True, high
    if all(isinstance(v, int) and abs(v) < INT_SAFE for v in (total, low, high)):
        found.whole[index], found.total_int[index] = True, total
        if isinstance(value.get("q"), int) and value["q"] < INT_SAFE:
            found.squared[index] = True
            found.squares_int[index] = value["q"]


def _total(value: dict[str, Any], count: int) -> float:
    """The sum that an object tells, or the best guess that its other letters allow."""
    if value.get("s") is not None:
        return value["s"]  # type: ignore[no-any-return]
    if value.get("m") is not None:
        return float(value["m"]) * count
    known = [value[letter] for letter in ("l", "u") if value.get(letter) is not None]
    return count * sum(known) / len(known) if known else 0.0


def _spread(value: dict[str, Any], count: int, mean: float) -> float:
    if value.get("d") is not None:
        return float(value["d"]) ** 2 * count
    if value.get("q") is None:
        return 0.0
    return max(0.0, math.fsum((value["q"], -mean * mean * count)))
