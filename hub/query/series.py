"""The values of one field as datapoints in time: where they end, how many, which, their buckets.

The time of a datapoint is its document's arrival, ``_timestamp``; those of one second stand in
the order of ``_id``. Its value is a finite number, or null where the field is there and null.
Whatever else the field holds, or an array on the way to it, makes no datapoint. What takes a
span reads its range of the index of arrival and nothing beyond; ``end`` reads from that end on
until it finds a datapoint.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from hub.query.limits import Limits
from hub.query.page import ARRIVAL, Arrangement, Stage
from hub.query.seal import SEAL, Sealed
from hub.query.sort import check_names

SECOND_MS: Final = 1000
_TIME, _ID = ARRIVAL
_VALUE: Final = "v"
_FINITE: Final = {"$gte": -sys.float_info.max, "$lte": sys.float_info.max}
_IS_NULL: Final = {"$eq": [f"${_VALUE}", None]}


@dataclass(frozen=True, slots=True)
class Field(Sealed):
    """A path of fields that was checked."""

    path: str


@dataclass(frozen=True, slots=True)
class Span:
    """Datapoints with ``lo <= time < hi``, ms since 1970; both are whole seconds."""

    lo: int
    hi: int


def guard_field(text: str, limits: Limits) -> Field:
    """Check the path of a field.

    Raises:
        BadParameter: empty or malformed, too deep or too long.
    """
    check_names("field", [text], limits)
    return Field(text, seal=SEAL)


def end(field: Field, direction: int) -> Arrangement:
    """One row ``{at}``, or none: the time in seconds of the first datapoint, or (-1) the last."""
    return _sealed(
        _there(field),
        _sorted(direction),
        {"$limit": 1},
        {"$project": {"_id": 0, "at": f"${_TIME}"}},
    )


def counted(field: Field, span: Span) -> Arrangement:
    """One row ``{count}``, or none for 0: the datapoints of a span."""
    return _sealed(_there(field, span), {"$count": "count"})


def listed(
    field: Field, span: Span, *, skip: int = 0, limit: int | None = None, direction: int = 1
) -> Arrangement:
    """Rows ``{at, v}``, ``at`` in seconds: the datapoints of a span in order of time.

    Args:
        skip: how many to pass over; their cost is that of the rows themselves.
        limit: None is all of them, else at least 1.
        direction: -1 begins at the end.
    """
    cut: list[Stage] = []
    if skip:
        cut.append({"$skip": skip})
    if limit is not None:
        cut.append({"$limit": limit})
    return _sealed(_there(field, span), _sorted(direction), *cut, _told(field))


def grouped(field: Field, span: Span, width_ms: int) -> Arrangement:
    """One row a bucket that holds any datapoint, ascending.

    ``_id`` is the bucket's start, ``first`` and ``last`` are the times of its first and last
    datapoint, in seconds since 1970; ``points`` counts them and ``count`` those that are not
    null. ``seconds`` is the sum over the latter of the seconds since the bucket's start,
    ``total``, ``squares``, ``low``, ``high`` are their sum, sum of squares and extremes, and
    ``deviation`` their population standard deviation, computed about the running mean, so
    that a large offset costs no digits. Integers give integers, where 64 bits hold them.

    Args:
        width_ms: of a bucket, whole seconds; buckets are aligned to 1970.
    """
    since = {"$mod": ["$at", width_ms // SECOND_MS]}
    value = f"${_VALUE}"
    rows = {
        "_id": {"$subtract": ["$at", since]},
        "points": {"$sum": 1},
        "count": {"$sum": {"$cond": [_IS_NULL, 0, 1]}},
        "seconds": {"$sum": {"$cond": [_IS_NULL, 0, since]}},
        "first": {"$min": "$at"},
        "last": {"$max": "$at"},
        "total": {"$sum": value},
        "deviation": {"$stdDevPop": value},
        "squares": {"$sum": {"$multiply": [value, value]}},
        "low": {"$min": value},
        "high": {"$max": value},
    }
    return _sealed(_there(field, span), _told(field), {"$group": rows}, {"$sort": {"_id": 1}})


def _there(field: Field, span: Span | None = None) -> Stage:
    """The documents whose field is a datapoint; a path through an array gives an array."""
    times = {} if span is None else {_TIME: _between(span)}
    is_array = {"$isArray": [f"${field.path}"]}
    either = [{field.path: _FINITE}, {field.path: {"$type": "null"}}]
    return {"$match": {**times, "$or": either, "$expr": {"$not": [is_array]}}}


def _between(span: Span) -> dict[str, int]:
    return {"$gte": span.lo // SECOND_MS, "$lt": span.hi // SECOND_MS}


def _sorted(direction: int) -> Stage:
    return {"$sort": {_TIME: direction, _ID: direction}}


def _told(field: Field) -> Stage:
    """Rows ``{at, v}``. Decimals become doubles; those too small for one become 0."""
    value = f"${field.path}"
    double = {"$convert": {"input": value, "to": "double", "onError": 0.0}}
    number = {"$cond": [{"$eq": [{"$type": value}, "decimal"]}, double, value]}
    return {"$project": {"_id": 0, "at": f"${_TIME}", _VALUE: number}}


def _sealed(*stages: Stage) -> Arrangement:
    return Arrangement(tuple(stages), seal=SEAL)
