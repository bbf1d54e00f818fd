"""Values in expressions of the database, and what must hold before they may be worked out.

The server stops a whole query where one operand is of the wrong type, so an expression is kept
behind its conditions: first those on stored values, then, in order, those on results.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from hub.query.odata.functions import Kind
from hub.query.odata.stored import in_milliseconds, is_text, stored
from hub.query.odata.typed import Const

Expr = Any
"""An expression as the database takes it."""

_INFINITY: Final = {"$exp": 1000}
_NUMBERS: Final[dict[str, Any]] = {
    "inf": _INFINITY,
    "-inf": {"$multiply": [-1, _INFINITY]},
    "nan": {"$subtract": [_INFINITY, _INFINITY]},
}


@dataclass(frozen=True, slots=True)
class Value:
    """An expression that is a value of its kind where its conditions hold, and null elsewhere.

    A date is text, a moment a BSON date, a time of day or a duration a number of milliseconds.

    Attributes:
        first: conditions on stored values, in no order; none of them can fail.
        then: conditions that may be asked only where those before them hold.
    """

    expr: Expr
    first: tuple[Expr, ...] = ()
    then: tuple[Expr, ...] = ()

    def where(self, result: Expr, otherwise: Expr) -> Expr:
        """``result`` where the conditions hold, else something else."""
        for condition in reversed(self.then):
            result = {"$cond": [condition, result, otherwise]}
        if not self.first:
            return result
        return {"$cond": [every(self.first), result, otherwise]}

    def present(self) -> Expr:
        """The value, or null."""
        return self.where(self.expr, None)


def every(conditions: tuple[Expr, ...]) -> Expr:
    """All of some conditions, one or more."""
    return conditions[0] if len(conditions) == 1 else {"$and": list(conditions)}


def joined(expr: Expr, values: Iterable[Value], *then: Expr) -> Value:
    """An expression over some values, with the conditions of them all and further ones."""
    first: list[Expr] = []
    after: list[Expr] = []
    for value in values:
        first += [one for one in value.first if one not in first]
        after += value.then  # not compared: parts of these may stand in them many times over
    return Value(expr, tuple(first), (*after, *then))


def nullable(expr: Expr, values: Iterable[Value]) -> Value:
    """An expression that may come to null although its operands do not."""
    return joined(expr, values, {"$ne": [expr, None]})


def constant(const: Const, kind: Kind) -> Value:
    """A constant where a kind is asked for; nothing holds of null."""
    value = const.value
    if value is None:
        return Value(None, (False,))
    if const.kind in ("duration", "time"):
        return Value(in_milliseconds(const))
    if const.kind == "date" and kind == "datetime":
        return Value(datetime.combine(value, time(), UTC))  # type: ignore[arg-type]
    return Value(literal(stored(const)))


def literal(value: Any) -> Expr:
    """A stored value as an expression."""
    if isinstance(value, str) and value.startswith("$"):
        return {"$literal": value}
    if isinstance(value, float) and not math.isfinite(value):
        return _NUMBERS[str(value)]
    return value


def is_kind(expr: Expr, kind: Kind) -> Expr:
    """Whether a value is stored as one of a kind."""
    if kind in ("integer", "number"):
        return {"$isNumber": expr}
    if is_text(kind):
        return {"$eq": [{"$type": expr}, "string"]}
    names: dict[Kind, str] = {"boolean": "bool", "datetime": "date", "object": "object"}
    if kind in names:
        return {"$eq": [{"$type": expr}, names[kind]]}
    return {"$ne": [{"$ifNull": [expr, None]}, None]}


def clock(text: Expr) -> Value:
    """A stored time of day as milliseconds; null where the text is none."""
    moment = {"$concat": ["1970-01-01T", text, "Z"]}
    parsed = {"$toLong": {"$dateFromString": {"dateString": moment, "onError": None}}}
    return nullable(parsed, [Value(text, (is_kind(text, "time"),))])
