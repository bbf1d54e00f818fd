"""What constants come to, worked out before the database is asked."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from hub.query.ejson import INT64_MAX, INT64_MIN
from hub.query.odata.ast import Comparison
from hub.query.odata.functions import Kind
from hub.query.odata.typed import Const

_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def is_nan(const: Const) -> bool:
    """Whether it is the number that equals nothing."""
    return isinstance(const.value, float) and math.isnan(const.value)


def compared(op: Comparison, left: Const, right: Const, *, unknown: bool) -> bool | None:
    """What a comparison of two constants of comparable kinds comes to.

    Args:
        unknown: ordering a null gives null and not false.
    """
    if op in ("eq", "ne"):
        return (left.value == right.value) == (op == "eq")
    if left.value is None or right.value is None:
        return None if unknown else False
    return _ORDER[op](left.value, right.value)


def calculated(op: str, left: Const, right: Const, kind: Kind) -> Const:
    """Arithmetic of two constants; null for a division by zero and what is out of range."""
    if left.value is None or right.value is None:
        return Const(None, "null", left.at)
    try:
        value = _calculate(op, left.value, right.value, kind)
    except (ZeroDivisionError, OverflowError, ValueError):
        return Const(None, "null", left.at)
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        return Const(float(value), "number", left.at)
    return Const(value, kind, left.at)


def _calculate(op: str, left: Any, right: Any, kind: Kind) -> Any:
    match op:
        case "add":
            return left + right
        case "sub":
            return left - right
        case "mul":
            return left * right
        case "mod" if kind == "integer":
            return left - right * _whole(left, right)
        case "mod":
            return math.fmod(left, right)
        case "div" if kind == "integer":
            return _whole(left, right)
        case _:
            return left / right


def _whole(left: int, right: int) -> int:
    """The whole part of a quotient, cut towards zero."""
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


def _rounded(value: float) -> float:
    whole = math.trunc(value)
    return float(whole + int(math.copysign(1, value))) if abs(value - whole) >= 0.5 else whole


def _fraction(value: datetime | time) -> float:
    return value.microsecond / 1_000_000


def _offset(value: datetime) -> int:
    return int((value.utcoffset() or timedelta()).total_seconds()) // 60


def _substring(text: str, start: int, count: int | None = None) -> str:
    first = max(0, len(text) + start) if start < 0 else start
    return text[first:] if count is None else text[first : first + count]


FOLDS: Final[dict[str, Callable[..., Any]]] = {
    "concat": operator.add,
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "indexof": str.find,
    "length": len,
    "substring": _substring,
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "year": operator.attrgetter("year"),
    "month": operator.attrgetter("month"),
    "day": operator.attrgetter("day"),
    "hour": operator.attrgetter("hour"),
    "minute": operator.attrgetter("minute"),
    "second": operator.attrgetter("second"),
    "fractionalseconds": _fraction,
    "date": datetime.date,
    "time": datetime.time,
    "totaloffsetminutes": _offset,
    "totalseconds": timedelta.total_seconds,
    "round": _rounded,
    "floor": math.floor,
    "ceiling": math.ceil,
}
"""Functions of constants, none of them null."""


def called(name: str, args: tuple[Const, ...], kind: Kind) -> Const | None:
    """What a function of constants comes to; None where only the database knows."""
    fold = FOLDS.get(name)
    if fold is None:
        return None
    values = [arg.value for arg in args]
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return Const(values[0], kind, args[0].at)
    value = fold(*values)
    return Const(float(value) if kind == "number" else value, kind, args[0].at)


def advanced(value: date, by: timedelta) -> date:
    """A date moved by a duration, the time of day cut off."""
    return (datetime.combine(value, time()) + by).date()
