"""The kinds that arithmetic takes and gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from hub.query.odata import folding
from hub.query.odata.ast import Arithmetic
from hub.query.odata.dialect import Dialect
from hub.query.odata.fitting import read
from hub.query.odata.functions import Kind
from hub.query.odata.refusal import bad
from hub.query.odata.typed import NUMERIC, Const, Op, Typed

_NUMBERS: Final[tuple[Kind, ...]] = ("integer", "number", "any")
_TIMES: Final[dict[tuple[str, Kind, Kind], Kind]] = {
    ("add", "datetime", "duration"): "datetime",
    ("sub", "datetime", "duration"): "datetime",
    ("add", "date", "duration"): "date",
    ("sub", "date", "duration"): "date",
    ("add", "duration", "duration"): "duration",
    ("sub", "duration", "duration"): "duration",
    ("sub", "datetime", "datetime"): "duration",
    ("sub", "date", "date"): "duration",
    ("add", "any", "duration"): "datetime",
    ("sub", "any", "duration"): "datetime",
    ("sub", "any", "datetime"): "duration",
    ("sub", "datetime", "any"): "duration",
    **{(op, "duration", kind): "duration" for op in ("mul", "div", "divby") for kind in _NUMBERS},
    **{("mul", kind, "duration"): "duration" for kind in _NUMBERS},
}
"""What arithmetic with times gives; a value of any kind is a moment where one can stand."""


def arithmetic(op: Arithmetic, left: Typed, right: Typed, dialect: Dialect, at: int) -> Typed:
    """One operation, worked out if both operands are constants.

    Integers stay integers but for ``divby``; of ``div`` the result is cut towards zero.

    Raises:
        BadOData: the kinds do not go together.
    """
    left, right = _read(left, right.kind, dialect), _read(right, left.kind, dialect)
    if "null" in (left.kind, right.kind):
        return Const(None, "null", at)
    kind = _kind(op, left.kind, right.kind)
    if kind is None:
        raise bad(f"{op} does not go with {left.kind} and {right.kind}", at)
    if isinstance(left, Const) and isinstance(right, Const):
        return _folded(op, left, right, kind)
    return Op(op, (left, right), kind)


def _read(side: Typed, other: Kind, dialect: Dialect) -> Typed:
    """A text in quotes as the duration or, in a dialect that converts, the number it spells."""
    if not isinstance(side, Const) or side.kind != "string":
        return side
    wanted: Kind | None = None
    if other in ("date", "datetime", "duration"):
        wanted = "duration"
    elif dialect.converts and other in ("integer", "number"):
        wanted = "number"
    found = read(str(side.value), wanted, side.at) if wanted else None
    return side if found is None else found


def _kind(op: Arithmetic, left: Kind, right: Kind) -> Kind | None:
    if left not in NUMERIC or right not in NUMERIC:
        return _TIMES.get((op, left, right))
    if op == "divby" or "number" in (left, right):
        return "number"
    return "any" if "any" in (left, right) else "integer"


def _folded(op: Arithmetic, left: Const, right: Const, kind: Kind) -> Const:
    if kind != "date":
        return folding.calculated(op, left, right, kind)
    by = cast(timedelta, right.value)
    try:
        moved = folding.advanced(cast(datetime, left.value), by if op == "add" else -by)
    except OverflowError:
        return Const(None, "null", left.at)
    return Const(moved, "date", left.at)


def negated(operand: Typed, at: int) -> Typed:
    """Unary minus.

    Raises:
        BadOData: the operand is neither a number nor a duration.
    """
    if operand.kind == "null":
        return Const(None, "null", at)
    if operand.kind not in NUMERIC and operand.kind != "duration":
        raise bad(f"- does not go with {operand.kind}", at, "a number or a duration")
    if isinstance(operand, Const):
        return folding.calculated("sub", _zero(operand), operand, operand.kind)
    return Op("negate", (operand,), operand.kind)


def _zero(operand: Const) -> Const:
    value = timedelta(0) if operand.kind == "duration" else 0
    return Const(value, operand.kind, operand.at)
