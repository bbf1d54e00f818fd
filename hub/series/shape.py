"""Datapoints as a reader gets them: times in ISO-8601, downsampled values under their letters.

Source: reference of the Datastream API, sections 2.3 and 3.6. Where it takes a small variance
for zero we do not: see docs/decisions/009-stream-answers.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from hub.series.levels import SECOND_MS
from hub.series.names import TIME_LETTERS, VALUE_LETTERS
from hub.series.parts import FloatArray, IntArray, Parts
from hub.series.points import Points

DAY_S = 86_400
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(DAY_S // 60)]
_SECONDS = [f"{second:02}Z" for second in range(60)]
Column = list[Any]
Datapoint = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """The buckets of a page, and what their times are told by.

    Attributes:
        start, end: of each bucket, ms.
        base_ms: width of the stream's first downsampled level.
        earliest, latest: times of the stream's first and last datapoint, ms.
    """

    start: IntArray
    end: IntArray
    base_ms: int
    earliest: int
    latest: int


def iso(at_ms: IntArray) -> list[str]:
    """Times as ``2000-01-01T12:00:00Z``, cut down to whole seconds."""
    seconds = at_ms // SECOND_MS
    days, which = np.unique(seconds // DAY_S, return_inverse=True)
    dates = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
    minutes, rest = seconds % DAY_S // 60, seconds % 60
    told = zip(which.tolist(), minutes.tolist(), rest.tolist(), strict=True)
    return [dates[day] + _MINUTES[minute] + _SECONDS[second] for day, minute, second in told]


def raw(points: Points) -> list[Datapoint]:
    """Datapoints as they were appended."""
    times = iso(points.at)
    return [{"t": t, "v": v} for t, v in zip(times, points.values, strict=True)]


def downsampled(
    parts: Parts,
    frame: Frame,
    values: Sequence[str],
    times: Sequence[str],
    extra: Callable[[str, str], Column | None],
) -> list[Datapoint]:
    """One datapoint a bucket of the frame, null points where there are no parts.

    Args:
        values, times: the downsamplers wanted, by full name.
        extra: the column of a downsampler (``"value"`` or ``"time"``, name) that is not in the
            parts, one entry a bucket of the frame; None for those that are.
    """
    where = np.searchsorted(frame.start, parts.at, side="right") - 1
    t = {TIME_LETTERS[n]: extra("time", n) or _time(n, parts, frame, where) for n in times}
    v = {VALUE_LETTERS[n]: extra("value", n) or _value(n, parts, frame, where) for n in values}
    size = len(frame.start)
    return [
        {"t": time, "v": value}
        for time, value in zip(_dicts(t, size), _dicts(v, size), strict=True)
    ]


def _dicts(columns: dict[str, Column], size: int) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in range(size)]
    letters = sorted(columns)
    rows = zip(*(columns[letter] for letter in letters), strict=True)
    return [dict(zip(letters, row, strict=True)) for row in rows]


def _time(name: str, parts: Parts, frame: Frame, where: IntArray) -> Column:
    return iso(_TIMES[name](parts, frame, where))


def _first(parts: Parts, frame: Frame, where: IntArray) -> IntArray:
    """The first datapoint of the first base bucket, or the middle of that bucket if empty."""
    begin = np.maximum(frame.start, frame.earliest - frame.earliest % frame.base_ms)
    found = np.full(len(frame.start), np.iinfo(np.int64).max)
    found[where] = parts.first
    middle = begin + np.minimum(frame.base_ms, frame.end - begin) // 2
    return np.where(found < begin + frame.base_ms, found, middle)


def _last(parts: Parts, frame: Frame, where: IntArray) -> IntArray:
    """The last datapoint of the last base bucket, or the middle of that bucket if empty."""
    until = np.minimum(frame.end, frame.latest - frame.latest % frame.base_ms + frame.base_ms)
    found = np.full(len(frame.start), np.iinfo(np.int64).min)
    found[where] = parts.last
    begin = np.maximum(until - frame.base_ms, frame.start)
    return np.where(found >= begin, found, begin + (until - begin) // 2)


def _middle(parts: Parts, frame: Frame, where: IntArray) -> IntArray:
    """The mean time of the values, cut down to the second; without any, the bucket's middle."""
    at = frame.start + (frame.end - frame.start) // 2
    counted = parts.count > 0
    mean = parts.seconds // np.maximum(parts.count, 1)
    at[where[counted]] = (parts.at + mean * SECOND_MS)[counted]
    return at


_TIMES: dict[str, Callable[[Parts, Frame, IntArray], IntArray]] = {
    "first": _first,
    "last": _last,
    "mean": _middle,
}


def _value(name: str, parts: Parts, frame: Frame, where: IntArray) -> Column:
    """Null where there is no number, and where it is too large for a float."""
    column: Column = [0 if name == "count" else None] * len(frame.start)
    with np.errstate(over="ignore", invalid="ignore"):
        told = _VALUES[name](parts)
    for index, value in zip(where.tolist(), told, strict=True):
        column[index] = value if value is not None and isfinite(value) else None
    if name != "count":
        for index in where[np.isnan(parts.low)].tolist():
            column[index] = None
    return column


def _counts(parts: Parts) -> Column:
    return parts.count.tolist()  # type: ignore[no-any-return]


def _means(parts: Parts) -> Column:
    totals, counts = _totals(parts), parts.count.tolist()
    return [total / count if count else None for total, count in zip(totals, counts, strict=True)]


def _totals(parts: Parts) -> Column:
    return _exactly(parts.whole.tolist(), parts.total_int, parts.total)


def _lows(parts: Parts) -> Column:
    return _exactly(parts.low_whole.tolist(), parts.low_int, parts.low)


def _highs(parts: Parts) -> Column:
    return _exactly(parts.high_whole.tolist(), parts.high_int, parts.high)


def _squares(parts: Parts) -> Column:
    rest = parts.spread + parts.total * parts.total / np.maximum(parts.count, 1)
    return _exactly(parts.squared.tolist(), parts.squares_int, rest)


def _deviations(parts: Parts) -> Column:
    """NaN where the sum is too large: then the spread is lost with the next merge at the latest."""
    root = np.sqrt(parts.spread / np.maximum(parts.count, 1))
    return np.where(np.isfinite(parts.total), root, np.nan).tolist()  # type: ignore[no-any-return]


def _exactly(chosen: list[bool], integers: IntArray, floats: FloatArray) -> Column:
    pairs = zip(chosen, integers.tolist(), floats.tolist(), strict=True)
    return [integer if exact else number for exact, integer, number in pairs]


_VALUES: dict[str, Callable[[Parts], Column]] = {
    "count": _counts,
    "mean": _means,
    "sum": _totals,
    "min": _lows,
    "max": _highs,
    "sum_squares": _squares,
    "std_dev": _deviations,
}
