"""Constants as they are stored, and comparisons of a stored value with one as operators."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, cast

from hub.query.odata.ast import Comparison
from hub.query.odata.functions import Kind
from hub.query.odata.typed import Const

OPERATORS: Final[dict[Comparison, str]] = {
    "eq": "$eq", "ne": "$ne", "gt": "$gt", "ge": "$gte", "lt": "$lt", "le": "$lte",
}  # fmt: skip
INVERSE: Final[dict[Comparison, Comparison]] = {
    "eq": "ne", "ne": "eq", "gt": "le", "ge": "lt", "lt": "ge", "le": "gt",
}  # fmt: skip
_MILLISECOND: Final = timedelta(milliseconds=1)


def stored(const: Const) -> Any:
    """The BSON value; a moment in UTC, cut to the millisecond."""
    value = const.value
    match const.kind:
        case "date":
            return cast(datetime, value).isoformat()
        case "guid":
            return str(value)
        case "datetime":
            return _cut(cast(datetime, value).astimezone(UTC))
        case _:
            return value


def _cut(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def is_finite(const: Const) -> bool:
    """Whether a query may hold the value as it is: neither NaN nor an infinity."""
    return not isinstance(const.value, float) or math.isfinite(const.value)


def is_fine(const: Const) -> bool:
    """Whether a moment falls between two milliseconds, where nothing is stored."""
    return const.kind == "datetime" and bool(cast(datetime, const.value).microsecond % 1000)


def spellings(value: time) -> tuple[str, str]:
    """The first and the last text, in the order of texts, that write this time of day."""
    text = value.isoformat()
    full = text if "." in text else text + "."
    least = text[:5] if value.second == 0 and value.microsecond == 0 else text.rstrip("0")
    if value.microsecond == 0 and value.second:
        least = text
    return least, full.ljust(len("HH:MM:SS.") + 12, "0")


def operators(op: Comparison, const: Const) -> dict[str, Any] | None:
    """The operators under a field for what is true of it; None where nothing can be.

    Orderings hold for values of the constant's own kind only; ``eq null`` for missing ones too.
    ``ne`` holds for everything that ``eq`` does not.
    """
    if op not in ("eq", "ne") and const.value is None:
        return None
    if const.kind == "time":
        return _of_time(op, cast(time, const.value))
    if is_fine(const):
        return _between(op, stored(const))
    return {OPERATORS[op]: stored(const)}


def _of_time(op: Comparison, value: time) -> dict[str, Any]:
    first, last = spellings(value)
    match op:
        case "eq":
            return {"$gte": first, "$lte": last}
        case "ne":
            return {"$not": {"$gte": first, "$lte": last}}
        case "gt" | "le":
            return {OPERATORS[op]: last}
        case _:
            return {OPERATORS[op]: first}


def _between(op: Comparison, below: datetime) -> dict[str, Any] | None:
    """A comparison with a moment just after ``below``."""
    match op:
        case "eq":
            return None
        case "ne":
            return {"$nin": []}
        case "gt" | "ge":
            return {"$gt": below}
        case _:
            return {"$lte": below}


def in_milliseconds(const: Const) -> int | float:
    """A duration, or a time of day since midnight."""
    value = const.value
    if isinstance(value, time):
        value = timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second,
            microseconds=value.microsecond,
        )  # fmt: skip
    size = cast(timedelta, value) / _MILLISECOND
    return int(size) if size.is_integer() else size


def is_text(kind: Kind) -> bool:
    """Whether values of this kind are stored as text."""
    return kind in ("string", "date", "time", "guid")
