"""Leaves: what a single value may be, and the four wrappers that write it in JSON.

Nothing here looks at position. A wrapper is never the name of an operator, so wherever one
stands it stands for its value, and the position decides whether a value may stand there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.objectid import ObjectId

from hub.query.refusal import Path, bad

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

_DECIMAL_CHARS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEX24: Final = re.compile(r"[0-9a-fA-F]{24}", re.ASCII)
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_DOUBLE: Final = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?", re.ASCII)


def object_id(text: str) -> ObjectId | None:
    """The id that 24 hexadecimal digits write; None for any other text."""
    return ObjectId(text) if _HEX24.fullmatch(text) else None


def utc(moment: datetime) -> datetime:
    """The same moment, aware and in UTC; a naive one is read as UTC.

    Raises:
        OverflowError: in UTC it falls outside the years 1 to 9999.
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_wrapper(document: dict[str, Any]) -> bool:
    """Whether this object is a leaf written as ``{"$date": …}`` or one of its kin."""
    return len(document) == 1 and next(iter(document)) in WRAPPERS


def decode(document: dict[str, Any], path: Path) -> Any:
    """The value of a wrapper.

    Raises:
        BadQuery: the wrapper does not hold what its name promises.
    """
    ((name, raw),) = document.items()
    try:
        return WRAPPERS[name](raw)
    except (ValueError, ArithmeticError) as exc:
        raise bad(f"{name} does not hold a valid value", (path, name), name) from exc


def integer(value: int, path: Path) -> int:
    """Refuse an integer that does not fit in 64 bits."""
    if INT64_MIN <= value <= INT64_MAX:
        return value
    raise bad("the integer does not fit in 64 bits", path)


def number(value: float, path: Path) -> float:
    """Refuse NaN and the infinities."""
    if math.isfinite(value):
        return value
    raise bad("the number is not finite", path)


def decimal(value: Decimal128, path: Path) -> Decimal128:
    """Refuse NaN and the infinities."""
    if value.to_decimal().is_finite():
        return value
    raise bad("the decimal is not finite", path)


def moment(value: datetime, path: Path) -> datetime:
    """The moment in UTC."""
    try:
        return utc(value)
    except OverflowError as exc:
        raise bad("the date is out of range", path) from exc


def _date(raw: object) -> datetime:
    match raw:
        case str():
            return utc(datetime.fromisoformat(raw))
        case {"$numberLong": inner, **rest} if not rest:
            return _EPOCH + timedelta(milliseconds=_int(inner))
        case int() if not isinstance(raw, bool):
            return _EPOCH + timedelta(milliseconds=raw)
        case _:
            raise ValueError


def _oid(raw: object) -> ObjectId:
    found = object_id(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError
    return found


def _int(raw: object) -> int:
    if not isinstance(raw, str) or not _INTEGER.fullmatch(raw):
        raise ValueError
    return int(raw)


def _long(raw: object) -> Int64:
    value = _int(raw)
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError
    return Int64(value)


def _int32(raw: object) -> int:
    value = _int(raw)
    if not -(2**31) <= value < 2**31:
        raise ValueError
    return value


def _double(raw: object) -> float:
    if not isinstance(raw, str) or not _DOUBLE.fullmatch(raw) or not math.isfinite(float(raw)):
        raise ValueError
    return float(raw)


def _decimal(raw: object) -> Decimal128:
    if not isinstance(raw, str) or len(raw) > _DECIMAL_CHARS:
        raise ValueError
    value = Decimal128(raw)
    if not value.to_decimal().is_finite():
        raise ValueError
    return value


WRAPPERS: Final[dict[str, Callable[[object], Any]]] = {
    "$date": _date,
    "$oid": _oid,
    "$numberLong": _long,
    "$numberInt": _int32,
    "$numberDouble": _double,
    "$numberDecimal": _decimal,
}
