"""Downsamplers computed from the raw datapoints of one bucket.

Values come in order of time, those of one instant in the order of their arrival; nulls are no
values. Two values are the same when they are the same JSON: ``1`` and ``1.0`` are, ``1`` and
``true`` are not, and the order of an object's names does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.series.levels import SECOND_MS
from hub.series.parts import IntArray


def identity(value: Any) -> Hashable:
    """A key that is equal for two JSON values exactly when they are the same value."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return (list, tuple(map(identity, value)))
    if isinstance(value, dict):
        return (dict, frozenset((name, identity(item)) for name, item in value.items()))
    return value  # type: ignore[no-any-return]


def median(numbers: Iterable[float | None]) -> float | None:
    """The middle number in order of size, or the mean of the middle two of an even count.

    An integer where that is exact: the middle one of integers, or a mean of two integers that
    is whole. None when there is no number.
    """
    ordered = sorted(number for number in numbers if number is not None)
    if not ordered:
        return None
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if len(ordered) % 2 else _mean(low, high)


def _mean(low: float, high: float) -> float:
    total = low + high
    if isinstance(total, int):
        return total / 2 if total % 2 else total // 2
    return total / 2 if math.isfinite(total) else low / 2 + high / 2


def _counts(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Each distinct value as it first appeared, and its count, in order of first appearance."""
    found: dict[Hashable, dict[str, Any]] = {}
    for value in values:
        if value is not None:
            entry = found.setdefault(identity(value), {"v": value, "c": 0})
            entry["c"] += 1
    return list(found.values())


def frequencies(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Every distinct value with its count: ``[{"v": value, "c": count}, …]``.

    The most frequent first; of equally frequent ones, the one that appeared first.
    """
    return sorted(_counts(values), key=lambda entry: -entry["c"])


def most_often(values: Iterable[Any]) -> Any:
    """The value that occurs most often; of several, the one that appeared first; None of none."""
    return max(_counts(values), key=lambda entry: entry["c"], default={"v": None})["v"]


def least_often(values: Iterable[Any]) -> Any:
    """The value that occurs least often; of several, the one that appeared first; None of none."""
    return min(_counts(values), key=lambda entry: entry["c"], default={"v": None})["v"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The times between consecutive datapoints, in seconds; all None below two datapoints.

    ``std_dev`` is the population standard deviation: the root of the mean squared deviation.
    """

    mean: float | None = None
    min: float | None = None
    max: float | None = None
    sum_squares: float | None = None
    std_dev: float | None = None


def intervals(at_ms: IntArray) -> Intervals:
    """What the intervals between the datapoints of one bucket come to.

    Args:
        at_ms: times of all datapoints, null-valued ones too, ascending. Two of one instant are
            0 seconds apart.
    """
    if len(at_ms) < 2:
        return Intervals()
    gaps_ms = np.diff(at_ms).astype(np.float64)
    return Intervals(
        mean=float(gaps_ms.mean()) / SECOND_MS,
        min=float(gaps_ms.min()) / SECOND_MS,
        max=float(gaps_ms.max()) / SECOND_MS,
        sum_squares=float(np.square(gaps_ms).sum()) / SECOND_MS**2,
        std_dev=float(gaps_ms.std()) / SECOND_MS,
    )
