"""Datapoints as they are sent: ``{"t": time, "v": value}``, each checked for itself.

Source: reference of the Datastream API, section 3.4. A time keeps its milliseconds; what is
finer is dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, overload

import numpy as np

from hub.errors import BadDatapoint, Invalid
from hub.series.kinds import check_value, storable
from hub.series.levels import SECOND_MS
from hub.series.names import ValueType
from hub.series.parts import IntArray

TIME_MAX_S = 2**31 - 1
"""2038-01-19T03:14:07Z, the last second that a stream takes; the first is that of 1970."""
FIELDS = frozenset({"t", "v"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROUNDING_MS = 0.001
_FAST = 2**53


def datapoint(
    item: Any, now_ms: int, value_type: ValueType, downsamplers: tuple[str, ...]
) -> tuple[int, Any]:
    """The time in ms and the value of a datapoint; ``now_ms`` is the time of one without ``t``.

    Raises:
        BadDatapoint: with the ``path`` of what is wrong.
    """
    if type(item) is not dict:
        raise BadDatapoint('a datapoint is an object {"t": time, "v": value}', path="$")
    if item.keys() - FIELDS:
        name = sorted(item.keys() - FIELDS)[0]
        raise BadDatapoint(f"a datapoint has no field {name}", path=name, allowed=["t", "v"])
    if "v" not in item:
        raise BadDatapoint("a datapoint needs a value", path="v")
    at = time_ms(item["t"]) if "t" in item else now_ms
    value = item["v"]
    kind = type(value)
    if value_type == "numeric" and (
        (kind is float and math.isfinite(value)) or (kind is int and -_FAST < value < _FAST)
    ):
        return at, value
    try:
        check_value(value_type, value, downsamplers)
    except Invalid as exc:
        raise BadDatapoint(exc.message, **exc.detail) from exc
    return at, storable(value)


class Columns(Sequence[tuple[int, Any]]):
    """Datapoints in the order in which they came, all times (ms) in one column, all values in
    another: of a thousand, nobody needs a thousand pairs."""

    __slots__ = ("at", "values")

    def __init__(self, at: IntArray, values: list[Any]) -> None:
        self.at = at
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        return zip(self.at.tolist(), self.values, strict=True)

    @overload
    def __getitem__(self, index: int) -> tuple[int, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Columns: ...
    def __getitem__(self, index: int | slice) -> tuple[int, Any] | Columns:
        if isinstance(index, slice):
            return Columns(self.at[index], self.values[index])
        return int(self.at[index]), self.values[index]


def plain(items: Sequence[Any]) -> Columns | None:
    """Datapoints of a numeric stream at once, where all have a number for time and for value.

    Returns:
        What ``datapoint`` gives for each of them; None where one needs a closer look.
    """
    try:
        times, values = [item["t"] for item in items], [item["v"] for item in items]
        if set(map(len, items)) != {2} or set(map(type, chain(times, values))) - {int, float}:
            return None
        seconds, numbers = np.array(times, np.float64), np.array(values, np.float64)
    except (KeyError, TypeError, OverflowError):
        return None
    late = (seconds < 0) | (seconds >= TIME_MAX_S + 1) | ~np.isfinite(seconds)
    if late.any() or not (np.abs(numbers) < _FAST).all():
        return None
    return Columns(np.floor(seconds * SECOND_MS + _ROUNDING_MS).astype(np.int64), values)


def time_ms(value: Any) -> int:
    """A time, in ms since 1970: ISO-8601 (no zone: UTC), or seconds since 1970, whole or not.

    Raises:
        BadDatapoint: neither, or outside 1970-01-01T00:00:00Z to 2038-01-19T03:14:07Z.
    """
    at: int
    kind = type(value)
    if kind is int:
        at = int(value) * SECOND_MS
    elif kind is float and math.isfinite(value):
        at = math.floor(value * SECOND_MS + _ROUNDING_MS)
    elif kind is str:
        at = _iso_ms(value)
    else:
        raise BadDatapoint("a time is ISO-8601 text or seconds since 1970", path="t")
    if not 0 <= at // SECOND_MS <= TIME_MAX_S:
        raise BadDatapoint(
            "a time lies between 1970-01-01T00:00:00Z and 2038-01-19T03:14:07Z", path="t"
        )
    return at


def _iso_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError) as exc:
        raise BadDatapoint("a time is ISO-8601 text or seconds since 1970", path="t") from exc
    return (since.days * 86_400 + since.seconds) * SECOND_MS + since.microseconds // SECOND_MS
