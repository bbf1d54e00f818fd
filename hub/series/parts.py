"""The parts of a bucket that merge without loss: counts, sums, spreads, extremes, times.

A part stands for some datapoints of one stream: a single one, or all those of a bucket. Parts
are kept in columns, one row a part, ascending in ``at``. Merging is exact in counts and times,
exact in integers, and stable in floats: spreads are sums of squared deviations from the mean
(Chan, Golub and LeVeque 1983), never differences of large sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.series.levels import SECOND_MS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

INT_SAFE = 9.2e18
"""An integer sum estimated below this fits 64 bits."""
INT_MIN, INT_MAX = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Columns of equal length.

    Attributes:
        at: bucket start, ms; of a single datapoint the start of its second.
        points: datapoints, null-valued ones too.
        count: values that are not null.
        seconds: the sum over the counted values of the whole seconds since ``at``.
        first, last: times of the first and last datapoint, ms.
        total, low, high: sum, minimum, maximum as floats; NaN extremes where there are no numbers.
        spread: sum of squared deviations from the mean.
        whole: every value is an integer and the sum fits 64 bits: ``total_int`` is it.
        low_whole, high_whole: the extreme is an integer: ``low_int``, ``high_int`` are it.
        squared: ``squares_int`` is the exact sum of squares.
    """

    at: IntArray
    points: IntArray
    count: IntArray
    seconds: IntArray
    first: IntArray
    last: IntArray
    total: FloatArray
    spread: FloatArray
    low: FloatArray
    high: FloatArray
    whole: BoolArray
    total_int: IntArray
    low_whole: BoolArray
    low_int: IntArray
    high_whole: BoolArray
    high_int: IntArray
    squared: BoolArray
    squares_int: IntArray

    def __len__(self) -> int:
        return len(self.at)

    def rows(self, chosen: BoolArray | IntArray | slice) -> Parts:
        """Some of the rows."""
        return Parts(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def between(self, lo: int, hi: int) -> Parts:
        """The rows with ``lo <= at < hi``."""
        ends = np.searchsorted(self.at, [lo, hi])
        return self.rows(slice(int(ends[0]), int(ends[1])))


_KINDS: dict[str, type[Any]] = {
    **dict.fromkeys(("total", "spread", "low", "high"), np.float64),
    **dict.fromkeys(("whole", "low_whole", "high_whole", "squared"), np.bool_),
}


def empty() -> Parts:
    """No parts."""
    return Parts(**{f.name: np.empty(0, _KINDS.get(f.name, np.int64)) for f in fields(Parts)})


def joined(pieces: Sequence[Parts]) -> Parts:
    """Pieces that follow one another in time, as one."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return empty()
    return Parts(
        **{f.name: np.concatenate([getattr(p, f.name) for p in pieces]) for f in fields(Parts)}
    )


@np.errstate(over="ignore", invalid="ignore")
def grouped(
    parts: Parts, start: IntArray, *, cut: bool | BoolArray, owner: IntArray | None = None
) -> tuple[Parts, IntArray]:
    """Merge neighbouring rows of one ``start`` (and one owner), which becomes their ``at``.

    Args:
        parts: of single datapoints or of a finer level; by owner, then ascending in ``at``.
        cut: take a row's mean time cut down to the whole second, as the interface has it from a
            stream's first downsampled level on.
        owner: whose each row is, where there are several streams.

    Returns:
        The merged parts, and the row at which each one began.
    """
    if not len(parts):
        return parts, np.empty(0, np.int64)
    change = start[1:] != start[:-1]
    if owner is not None:
        change |= owner[1:] != owner[:-1]
    edges = np.flatnonzero(np.concatenate(([True], change)))
    count = np.add.reduceat(parts.count, edges)
    made = Parts(
        at=start[edges],
        points=np.add.reduceat(parts.points, edges),
        count=count,
        seconds=np.add.reduceat(_seconds_since(parts, start, cut=cut), edges),
        first=np.minimum.reduceat(parts.first, edges),
        last=np.maximum.reduceat(parts.last, edges),
        high=np.fmax.reduceat(parts.high, edges),
        **_sums(parts, edges, count),
        **_integers(parts, edges),
    )
    return made, edges


def _seconds_since(parts: Parts, start: IntArray, *, cut: bool | BoolArray) -> IntArray:
    whole = parts.seconds // np.maximum(parts.count, 1) * parts.count
    seconds = np.where(cut, whole, parts.seconds)
    return seconds + parts.count * ((parts.at - start) // SECOND_MS)


def _sums(parts: Parts, edges: IntArray, count: IntArray) -> dict[str, Any]:
    """Sum and spread; the spread about the minimum, so that a large offset costs no digits.

    What is too large for a float becomes infinite, or NaN.
    """
    low = np.fmin.reduceat(parts.low, edges)
    about = np.where(np.isnan(low), 0.0, low)
    lengths = np.diff(np.append(edges, len(parts)))
    above = parts.total - parts.count * np.repeat(about, lengths)
    excess = np.add.reduceat(above, edges)
    mean = excess / np.maximum(count, 1)
    apart = above / np.maximum(parts.count, 1) - np.repeat(mean, lengths)
    spread = np.add.reduceat(parts.spread + parts.count * apart * apart, edges)
    return {"low": low, "total": np.add.reduceat(parts.total, edges), "spread": spread}


def _integers(parts: Parts, edges: IntArray) -> dict[str, Any]:
    """Exact integers, where every counted value is one and the sums fit."""
    none = parts.count == 0
    fits = np.add.reduceat(np.abs(parts.total), edges) < INT_SAFE
    whole = np.logical_and.reduceat(parts.whole | none, edges) & fits
    squared = np.logical_and.reduceat(parts.squared | none, edges)
    squared &= np.add.reduceat(parts.squares_int.astype(np.float64), edges) < INT_SAFE
    return {
        "whole": whole,
        "total_int": np.add.reduceat(parts.total_int, edges),
        **_whole_lows(parts, edges),
        **_whole_highs(parts, edges),
        "squared": squared,
        "squares_int": np.add.reduceat(parts.squares_int, edges),
    }


def _whole_lows(parts: Parts, edges: IntArray) -> dict[str, Any]:
    """The least integers, and where nothing that is none is less."""
    least = np.minimum.reduceat(np.where(parts.low_whole, parts.low_int, INT_MAX), edges)
    others = np.fmin.reduceat(np.where(parts.low_whole, np.nan, parts.low), edges)
    there = np.logical_or.reduceat(parts.low_whole, edges)
    return {"low_whole": there & ~(others < least), "low_int": least}


def _whole_highs(parts: Parts, edges: IntArray) -> dict[str, Any]:
    greatest = np.maximum.reduceat(np.where(parts.high_whole, parts.high_int, INT_MIN), edges)
    others = np.fmax.reduceat(np.where(parts.high_whole, np.nan, parts.high), edges)
    there = np.logical_or.reduceat(parts.high_whole, edges)
    return {"high_whole": there & ~(others > greatest), "high_int": greatest}
