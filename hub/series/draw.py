"""Fewer points for drawing: which of many datapoints a line on a screen needs.

Both functions take columns of equal length, ascending in ``at`` (ms), and return ascending
indices into them. A null is NaN in ``values``, which are finite otherwise. Nulls are never
chosen as data, but one of them is kept as a marker between two chosen neighbours wherever there
is any, so that the line breaks; of nulls at the very beginning or end, the outermost one.
"""

from __future__ import annotations

import numpy as np

from hub.series.parts import BoolArray, FloatArray, IntArray

ENDS_MARKED_FROM = 5
"""With fewer points ``lttb`` has no room for the nulls around the data."""
M4_POINTS = 4
"""How many points ``m4`` keeps of one column: first, last, lowest, highest."""


def lttb(at: IntArray, values: FloatArray, points: int) -> IntArray:
    """Largest-Triangle-Three-Buckets (Steinarsson 2013): the points that keep a line's shape.

    The inner data are cut into buckets of equally many points; of each, the one is kept that
    spans the largest triangle with the one kept before and the mean of the next bucket. The
    first of equally large ones wins.

    Args:
        points: how many to return at most, 1 or more, markers of nulls included. As many or
            fewer datapoints are returned whole; for 1 and 2 the first and the last one are.

    Returns:
        From 3 points on, the first and the last that are not null are always among them; nulls
        at the very beginning and end are marked from 5 points on. Markers take the place of
        data, but of about half of it at most.
    """
    if len(at) <= points:
        return np.arange(len(at))
    if points <= 2:
        return np.array([0, len(at) - 1][:points], np.int64)
    null = np.isnan(values)
    data = np.flatnonzero(~null)
    chosen = data[_triangles(at[data], values[data], _room(null, points))]
    return _with_gaps(chosen, null, ends=points >= ENDS_MARKED_FROM)


def m4(at: IntArray, values: FloatArray, points: int, start_ms: int, end_ms: int) -> IntArray:
    """M4 (Jugel and others 2014): a line drawn of these looks as one drawn of all.

    The range is cut into ``points // 4`` columns of equal width, and the first, last, lowest and
    highest datapoint of each is kept (of equal ones, the first). The picture is the same for a
    drawing of so many pixels' width, or fewer that divide them.

    Args:
        points: fewer than 4 count as 4. If the range has as many or fewer, all are returned.
        start_ms, end_ms: the range, both inclusive; datapoints outside are left out.

    Returns:
        At most 4 indices a column, and the markers of nulls on top of that.
    """
    low, high = np.searchsorted(at, [start_ms, end_ms + 1]).tolist()
    points = max(points, M4_POINTS)
    if high - low <= points:
        return np.arange(low, high)
    null = np.isnan(values[low:high])
    data = np.flatnonzero(~null)
    columns = points // M4_POINTS
    since = at[low:high][data] - start_ms
    column = np.minimum(since * columns // max(end_ms - start_ms, 1), columns - 1)
    chosen = data[_extremes(column, values[low:high][data])]
    found: IntArray = low + _with_gaps(chosen, null, ends=True)
    return found


def _triangles(at: IntArray, values: FloatArray, points: int) -> IntArray:
    """The algorithm itself, without nulls."""
    count = len(at)
    if count <= points:
        return np.arange(count)
    if points <= 2:
        return np.array([0, count - 1][:points], np.int64)
    x, y = (at - at[0]).astype(np.float64), _scaled(values)
    edges = 1 + np.arange(points - 1) * (count - 2) // (points - 2)
    sizes = np.diff(np.append(edges, count))
    next_x = (np.add.reduceat(x, edges) / sizes)[1:].tolist()
    next_y = (np.add.reduceat(y, edges) / sizes)[1:].tolist()
    bounds = edges.tolist()
    chosen = [0]
    for low, high, mean_x, mean_y in zip(bounds[:-1], bounds[1:], next_x, next_y, strict=True):
        x0, y0 = float(x[chosen[-1]]), float(y[chosen[-1]])
        doubled = (x0 - mean_x) * (y[low:high] - y0) - (x0 - x[low:high]) * (mean_y - y0)
        chosen.append(low + int(np.argmax(np.abs(doubled))))
    return np.array([*chosen, count - 1], np.int64)


def _scaled(values: FloatArray) -> FloatArray:
    """Values divided by a power of two that brings the largest below 1, so no area overflows."""
    _, exponent = np.frexp(np.abs(values).max())
    scaled: FloatArray = np.ldexp(values, -exponent)
    return scaled


def _extremes(column: IntArray, values: FloatArray) -> IntArray:
    """First, last, lowest and highest of each run of equal ``column``."""
    if not len(column):
        return np.empty(0, np.int64)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    sizes = np.diff(np.append(first, len(column)))
    lowest = _firsts(values == np.repeat(np.minimum.reduceat(values, first), sizes), column)
    highest = _firsts(values == np.repeat(np.maximum.reduceat(values, first), sizes), column)
    return np.unique(np.concatenate((first, first + sizes - 1, lowest, highest)))


def _firsts(chosen: BoolArray, column: IntArray) -> IntArray:
    """The first chosen index in each column."""
    found = np.flatnonzero(chosen)
    return found[np.flatnonzero(np.diff(column[found], prepend=-1))]


def _room(null: BoolArray, points: int) -> int:
    """How many data leave room among ``points`` for the markers that they can need."""
    outer = int(null[0]) + int(null[-1])
    inside = points - outer if points >= ENDS_MARKED_FROM else points
    gaps = int(np.count_nonzero(null[1:] & ~null[:-1])) - int(null[-1])
    return max(inside - gaps, (inside + 1) // 2)


def _with_gaps(chosen: IntArray, null: BoolArray, *, ends: bool) -> IntArray:
    """``chosen``, and one null for each stretch between two of them that has any.

    Args:
        ends: also the first and the last of all, where they are null.
    """
    if not len(chosen):
        return np.array([0, len(null) - 1], np.int64)
    nulls = np.flatnonzero(null)
    between = nulls[(nulls > chosen[0]) & (nulls < chosen[-1])]
    marks = between[np.flatnonzero(np.diff(np.searchsorted(chosen, between), prepend=-1))]
    outer = [index for index in (0, len(null) - 1) if ends and null[index]]
    return np.sort(np.concatenate((marks, chosen, np.array(outer, np.int64))))
