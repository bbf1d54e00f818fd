"""Operations and functions as expressions of the database.

Every entry of ``OPERATIONS`` takes the operation and the values of its operands, and gives its
value; no operand is null where the value's conditions hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from hub.query.odata.casts import cast_to
from hub.query.odata.typed import Const, Name, Op, Typed
from hub.query.odata.value import Expr, Value, constant, joined, nullable

Operation: TypeAlias = Callable[[Op, Sequence[Value]], Value]

BUILDING: Final[frozenset[str]] = frozenset(
    {
        "concat", "substring", "tolower", "toupper", "trim", "date", "cast", "round",
        "div", "time",
    }
)  # fmt: skip
"""Operations whose expression makes new values of its operands, or binds them."""

_DAY_MS: Final = 86_400_000
_DAY: Final = "%Y-%m-%d"


def _simple(operator: str) -> Operation:
    """An operator that takes the operands as they are."""
    return lambda op, args: joined({operator: [arg.expr for arg in args]}, args)


def _single(operator: str) -> Operation:
    return lambda op, args: joined({operator: args[0].expr}, args)


def moment(node: Typed, value: Value) -> Value:
    """A date or a moment as a BSON date."""
    if node.kind != "date":
        return value
    if isinstance(node, Const):
        return constant(node, "datetime")
    parsed = {"$dateFromString": {"dateString": value.expr, "format": _DAY, "onError": None}}
    return nullable(parsed, [value])


def _as_text(date: Expr) -> Expr:
    return {"$dateToString": {"date": date, "format": _DAY}}


def _shift(operator: str) -> Operation:
    """``add`` and ``sub``."""

    def shift(op: Op, args: Sequence[Value]) -> Value:
        if op.args[0].kind != "date":
            return joined({operator: [arg.expr for arg in args]}, args)
        left = moment(op.args[0], args[0])
        if op.kind == "date":
            return joined(_as_text({operator: [left.expr, args[1].expr]}), [left, args[1]])
        right = moment(op.args[1], args[1])
        return joined({operator: [left.expr, right.expr]}, [left, right])

    return shift


def _divided(op: Op, args: Sequence[Value], expr: Expr) -> Value:
    """A division; by zero it is null."""
    by = op.args[1]
    if isinstance(by, Const) and by.value:
        return joined(expr, args)
    return joined(expr, args, {"$ne": [args[1].expr, 0]})


def _divide(op: Op, args: Sequence[Value]) -> Value:
    left, right = args[0].expr, args[1].expr
    plain = {"$divide": [left, right]}
    if op.name == "divby" or op.kind in ("number", "duration"):
        return _divided(op, args, plain)
    if op.kind == "integer":
        return _divided(op, args, _whole(left, right))
    both = {"$and": [_is_whole(left), _is_whole(right)]}
    return _divided(op, args, {"$cond": [both, _whole(left, right), plain]})


def _is_whole(expr: Expr) -> Expr:
    return {"$in": [{"$type": expr}, ["int", "long"]]}


def _whole(left: Expr, right: Expr) -> Expr:
    """The quotient cut towards zero, exact for 64 bits."""
    exact = {"$divide": [{"$toDecimal": left}, {"$toDecimal": right}]}
    return {"$convert": {"input": {"$trunc": [exact, 0]}, "to": "long", "onError": None}}


def _modulo(op: Op, args: Sequence[Value]) -> Value:
    return _divided(op, args, {"$mod": [args[0].expr, args[1].expr]})


def _negate(op: Op, args: Sequence[Value]) -> Value:
    return joined({"$multiply": [-1, args[0].expr]}, args)


def _substring(op: Op, args: Sequence[Value]) -> Value:
    text, start = args[0].expr, _index(op.args[1], args[1].expr)
    size = {"$strLenCP": text}
    first = start
    conditions = [] if isinstance(start, int) else [{"$ne": [start, None]}]
    if not isinstance(start, int) or start < 0:
        behind = {"$max": [0, {"$add": [size, start]}]}
        first = (
            behind if isinstance(start, int) else {"$cond": [{"$lt": [start, 0]}, behind, start]}
        )
    count: Expr = size
    if len(args) == 3:
        count = _index(op.args[2], args[2].expr)
        if not isinstance(count, int):
            conditions += [{"$gte": [count, 0]}]
    return joined({"$substrCP": [text, first, count]}, args, *conditions)


def _index(node: Typed, expr: Expr) -> Expr:
    """A position in 32 bits; null where it does not fit."""
    if isinstance(node, Const) and type(node.value) is int:
        return max(-(2**31), min(node.value, 2**31 - 1))
    return {"$convert": {"input": expr, "to": "int", "onError": None}}


def _part(operator: str) -> Operation:
    """``year``, ``month`` and ``day``."""

    def part(op: Op, args: Sequence[Value]) -> Value:
        value = moment(op.args[0], args[0])
        return joined({operator: value.expr}, [value])

    return part


def _clock(operator: str, unit_ms: int, size_ms: int) -> Operation:
    """``hour``, ``minute`` and ``second``: of a moment, or of milliseconds since midnight."""

    def clock(op: Op, args: Sequence[Value]) -> Value:
        if op.args[0].kind != "time":
            return joined({operator: args[0].expr}, args)
        rest = {"$mod": [args[0].expr, size_ms]}
        return joined({"$floor": {"$divide": [rest, unit_ms]}}, args)

    return clock


def _fraction(op: Op, args: Sequence[Value]) -> Value:
    is_time = op.args[0].kind == "time"
    value = args[0].expr
    rest = {"$mod": [value, 1000]} if is_time else {"$millisecond": value}
    return joined({"$divide": [rest, 1000]}, args)


def _date(op: Op, args: Sequence[Value]) -> Value:
    return joined(_as_text(args[0].expr), args)


def _time(op: Op, args: Sequence[Value]) -> Value:
    value = args[0].expr
    midnight = {"$dateTrunc": {"date": value, "unit": "day"}}
    return joined({"$subtract": [value, midnight]}, args)


def _round(op: Op, args: Sequence[Value]) -> Value:
    """Halves go away from zero; the server's own rounding sends them to even numbers."""
    whole = {"$trunc": "$$n"}
    away = {"$add": [whole, {"$cond": [{"$lt": ["$$n", 0]}, -1, 1]}]}
    far = {"$gte": [{"$abs": {"$subtract": ["$$n", whole]}}, 0.5]}
    body = {"$cond": [far, away, whole]}
    return joined({"$let": {"vars": {"n": args[0].expr}, "in": body}}, args)


OPERATIONS: Final[dict[Name, Operation]] = {
    "add": _shift("$add"),
    "sub": _shift("$subtract"),
    "mul": _simple("$multiply"),
    "div": _divide,
    "divby": _divide,
    "mod": _modulo,
    "negate": _negate,
    "concat": _simple("$concat"),
    "indexof": _simple("$indexOfCP"),
    "length": _single("$strLenCP"),
    "substring": _substring,
    "tolower": _single("$toLower"),
    "toupper": _single("$toUpper"),
    "trim": lambda op, args: joined({"$trim": {"input": args[0].expr}}, args),
    "year": _part("$year"),
    "month": _part("$month"),
    "day": _part("$dayOfMonth"),
    "hour": _clock("$hour", 3_600_000, _DAY_MS),
    "minute": _clock("$minute", 60_000, 3_600_000),
    "second": _clock("$second", 1_000, 60_000),
    "fractionalseconds": _fraction,
    "date": _date,
    "time": _time,
    "totaloffsetminutes": lambda op, args: joined(0, args),
    "totalseconds": lambda op, args: joined({"$divide": [args[0].expr, 1000]}, args),
    "now": lambda op, args: Value("$$NOW"),
    "round": _round,
    "floor": _single("$floor"),
    "ceiling": _single("$ceil"),
    "cast": lambda op, args: cast_to(op.kind, op.args[0].kind, args[0]),
}


def searches(how: str, text: Expr, part: Expr) -> Any:
    """Whether one text holds, begins with or ends with another."""
    if how == "contains":
        return {"$gte": [{"$indexOfCP": [text, part]}, 0]}
    if how == "startswith":
        return {"$eq": [{"$indexOfCP": [text, part]}, 0]}
    size = {"$strLenCP": part}
    begin = {"$max": [0, {"$subtract": [{"$strLenCP": text}, size]}]}
    return {"$eq": [{"$substrCP": [text, begin, size]}, part]}
