"""What some values come to, by exact fractions and the standard library: slow, nothing shared."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

FIELDS = ("count", "mean", "rms", "median", "min", "max", "q1", "q3")
Raw = tuple[int, Any]
"""A time in ms and a value."""


def exact(values: Iterable[float]) -> dict[str, float]:
    """The fields of a record of statistics. Quartiles are the standard library's inclusive ones."""
    whole = [Fraction(value) for value in values]
    squares = sum(value * value for value in whole) / len(whole)
    scale = max(map(abs, whole)) or Fraction(1)
    quarters = statistics.quantiles(whole, n=4, method="inclusive") if len(whole) > 1 else whole * 3
    return {
        "count": len(whole),
        "mean": float(sum(whole) / len(whole)),
        "rms": float(scale) * math.sqrt(squares / scale / scale),
        "median": float(statistics.median(whole)),
        "min": float(min(whole)),
        "max": float(max(whole)),
        "q1": float(quarters[0]),
        "q3": float(quarters[2]),
    }


def windows(raw: Iterable[Raw], width_ms: int = 60_000) -> dict[int, dict[str, float]]:
    """By the start of each window (ms) what its values come to; nulls are no values."""
    held: dict[int, list[float]] = {}
    for at, value in raw:
        if value is not None:
            held.setdefault(at // width_ms * width_ms, []).append(value)
    return {start: exact(values) for start, values in sorted(held.items())}
