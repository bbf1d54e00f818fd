"""A part as a stored row, and back.

``[points, count, seconds, first, last, sum, spread, squares, min, max]``: times are whole
milliseconds since the bucket's start, ``squares`` is the exact sum of squares of integers or
null. Without numbers the row ends after ``last``. Integers stand for exact integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Any

import numpy as np

from hub.series.parts import BoolArray, FloatArray, IntArray, Parts, empty

Row = list[Any]
WITHOUT_NUMBERS = 5
_PADDING = [None] * 5


def rows(parts: Parts) -> list[Row]:
    """One row a part, in order."""
    times = (
        parts.points,
        parts.count,
        parts.seconds,
        parts.first - parts.at,
        parts.last - parts.at,
    )
    plain = [column.tolist() for column in times]
    squares = _either(parts.squared, parts.squares_int, None)
    numbers = (
        _either(parts.whole, parts.total_int, parts.total),
        parts.spread.tolist(),
        squares,
        _either(parts.low_whole, parts.low_int, parts.low),
        _either(parts.high_whole, parts.high_int, parts.high),
    )
    full = list(map(list, zip(*plain, *numbers, strict=True)))
    for index in np.flatnonzero(np.isnan(parts.low)).tolist():
        del full[index][WITHOUT_NUMBERS:]
    return full


def _either(chosen: BoolArray, integers: IntArray, others: FloatArray | None) -> list[Any]:
    """The integers where ``chosen``, else the others (None without any)."""
    rest: list[Any]
    if chosen.all():
        rest = integers.tolist()
        return rest
    rest = [None] * len(chosen) if others is None else others.tolist()
    for index in np.flatnonzero(chosen).tolist():
        rest[index] = int(integers[index])
    return rest


def parts(at: Sequence[int], found: Iterable[Row]) -> Parts:
    """The parts of rows whose buckets start at ``at`` (ms, ascending)."""
    full = [row if len(row) > WITHOUT_NUMBERS else row + _PADDING for row in found]
    if not full:
        return empty()
    columns = list(zip(*full, strict=True))
    start = np.array(at, np.int64)
    points, count, seconds, first, last = (np.array(c, np.int64) for c in columns[:5])
    total, spread, squares, low, high = columns[5:]
    whole, low_whole, high_whole = (
        np.array([isinstance(value, int) for value in column], np.bool_)
        for column in (total, low, high)
    )
    squared = np.array([value is not None for value in squares], np.bool_)
    least = np.array(low, np.float64)
    none = np.isnan(least)
    return Parts(
        at=start,
        points=points,
        count=count,
        seconds=seconds,
        first=start + first,
        last=start + last,
        total=np.where(none, 0.0, np.array(total, np.float64)),
        spread=np.where(none, 0.0, np.array(spread, np.float64)),
        low=least,
        high=np.array(high, np.float64),
        whole=whole,
        total_int=_exact(whole, total),
        low_whole=low_whole,
        low_int=_exact(low_whole, low),
        high_whole=high_whole,
        high_int=_exact(high_whole, high),
        squared=squared,
        squares_int=_exact(squared, squares),
    )


def _exact(chosen: BoolArray, values: Sequence[Any]) -> IntArray:
    if chosen.all():
        return np.array(values, np.int64)
    picked = starmap(lambda take, value: value if take else 0, zip(chosen, values, strict=True))
    return np.fromiter(picked, np.int64, len(values))
