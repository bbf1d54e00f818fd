"""The levels of a stream as the original makes them: slow, straightforward, nothing shared.

Raw datapoints make the points of the first level, those the points of the next, and so on; null
points are kept like any other. Numbers are fractions, so nothing is ever rounded. Source:
reference of the Datastream API, sections 3.4 to 3.6; we cut no small deviation to 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

WIDTHS = {
    "seconds": 1,
    "10seconds": 10,
    "minutes": 60,
    "10minutes": 600,
    "hours": 3600,
    "6hours": 21600,
    "days": 86400,
}
NAMES = tuple(WIDTHS)
RELATIVE, ABSOLUTE = 1e-12, 1e-9
Raw = tuple[int, Any]
"""A time in ms and a value."""


@dataclass(frozen=True)
class Point:
    """One datapoint of a level. Times are whole seconds; sums are None where nothing counts."""

    at: int
    first: int
    mean: int
    last: int
    count: int
    total: Fraction | None = None
    squares: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None

    def told(self) -> dict[str, Any]:
        """As a reader gets it, numbers still as fractions."""
        t = {"a": iso(self.first), "m": iso(self.mean), "z": iso(self.last)}
        if self.total is None or self.squares is None:
            return {"t": t, "v": {"c": self.count, **dict.fromkeys("dlmqsu")}}
        mean = self.total / self.count
        variance = max(Fraction(0), self.squares / self.count - mean * mean)
        v = {"c": self.count, "s": self.total, "q": self.squares, "m": mean}
        return {"t": t, "v": {**v, "l": self.low, "u": self.high, "d": math.sqrt(variance)}}


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chain(raw: Sequence[Raw], highest: str) -> dict[str, list[Point]]:
    """Every level below the highest granularity, all of them finished up to the latest point."""
    finer = [_single(at // 1000, value) for at, value in sorted(raw, key=lambda point: point[0])]
    until, levels = finer[-1].at, {}
    for name in NAMES[NAMES.index(highest) + 1 :]:
        width = WIDTHS[name]
        until -= until % width
        finer = _level(finer, width, until)
        levels[name] = finer
    return levels


def _single(second: int, value: Any) -> Point:
    bare = Point(second, second, second, second, 0)
    if value is None:
        return bare
    if not isinstance(value, dict):
        exact = Fraction(value)
        return Point(
            second, second, second, second, 1, exact, exact * exact, exact, exact
        )  # fmt: skip
    if not value["c"]:
        return bare
    sums = (Fraction(value[letter]) for letter in "sqlu")
    return Point(second, second, second, second, value["c"], *sums)


def _level(finer: list[Point], width: int, until: int) -> list[Point]:
    held: dict[int, list[Point]] = {}
    for point in finer:
        held.setdefault(point.at - point.at % width, []).append(point)
    if not held:
        return []
    return [_merged(at, width, held.get(at, [])) for at in range(min(held), until, width)]


def _merged(at: int, width: int, own: list[Point]) -> Point:
    middle = at + width // 2
    if not own:
        return Point(at, middle, middle, middle, 0)
    first, last = own[0].first, own[-1].last
    counted = [point for point in own if point.count]
    if not counted:
        return Point(at, first, middle, last, 0)
    count = sum(point.count for point in counted)
    mean = sum(point.mean * point.count for point in counted) // count
    return Point(
        at, first, mean, last, count,
        total=sum((point.total or Fraction(0) for point in counted), Fraction(0)),
        squares=sum((point.squares or Fraction(0) for point in counted), Fraction(0)),
        low=min(point.low for point in counted if point.low is not None),
        high=max(point.high for point in counted if point.high is not None),
    )  # fmt: skip


def differs(found: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """What is wrong with a datapoint that was read; None where nothing is."""
    if found["t"] != wanted["t"] or found["v"].keys() != wanted["v"].keys():
        return f"{found} is not {wanted}"
    scale = float(wanted["v"]["q"] or 0) ** 0.5
    for letter, value in wanted["v"].items():
        got = found["v"][letter]
        if value is None or letter in "clu":
            right = got == value
        else:
            slack = RELATIVE * (scale * scale if letter == "q" else scale)
            right = got is not None and abs(got - value) <= max(
                ABSOLUTE if letter == "d" else 0, slack, RELATIVE * abs(value)
            )
        if not right:
            return f"{letter} of {found} is not that of {wanted}"
    return None
