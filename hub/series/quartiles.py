"""Median and quartiles of groups of numbers, by linear interpolation between the closest ranks.

The ``k``-th quartile of ``n`` numbers in order stands at rank ``(n - 1) * k / 4``, counted from
0; between two ranks it lies on the straight line (Hyndman and Fan 1996, type 7). So the quartiles
of one number are that number, and the second one is the median.
"""

from __future__ import annotations

import numpy as np

from hub.series.parts import FloatArray, IntArray


def quartile(number: int, ordered: FloatArray, first: IntArray, count: IntArray) -> FloatArray:
    """One quartile of each group.

    Args:
        number: 1, 2 or 3.
        ordered: finite numbers, group after group, ascending in each.
        first, count: where each group begins and how many numbers it has, at least one.

    Returns:
        One number a group, never outside its group's least and greatest.
    """
    rank, fraction = np.divmod((count - 1) * number, 4)
    below = ordered[first + rank]
    above = ordered[first + np.minimum(rank + 1, count - 1)]
    share = fraction / 4.0
    between = np.clip(below * (1.0 - share) + above * share, below, above)
    return np.where(fraction == 0, below, between)
