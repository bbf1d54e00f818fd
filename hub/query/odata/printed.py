"""A tree to text: what ``printed`` writes, ``parse_filter`` reads as the same tree."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import assert_never

from hub.query.odata.ast import (
    Alias,
    And,
    Binary,
    Call,
    Count,
    Expression,
    Items,
    Lambda,
    Literal,
    Negate,
    Not,
    Or,
    Path,
    TypeName,
)


def printed(node: Expression, bound: tuple[str, ...] = ()) -> str:
    """The text of a tree.

    Args:
        bound: the range variables in force around it.
    """
    match node:
        case Literal() | Items() | TypeName() | Alias():
            return _atom(node)
        case Path() | Count() | Lambda():
            return _segments(node, bound)
        case Call(name=name, args=args):
            return f"{name}({','.join(printed(arg, bound) for arg in args)})"
        case Negate(operand=operand) | Not(operand=operand):
            sign = "-" if isinstance(node, Negate) else "not "
            return f"{sign}({printed(operand, bound)})"
        case Binary(op=op, left=left, right=right):
            return f"{_operand(left, bound)} {op} {_right(op, right, bound)}"
        case And(terms=terms) | Or(terms=terms):
            word = " and " if isinstance(node, And) else " or "
            return word.join(_operand(term, bound) for term in terms)
        case _:
            assert_never(node)


def _atom(node: Literal | Items | TypeName | Alias) -> str:
    match node:
        case Literal():
            return literal(node)
        case Items(items=items):
            return "[" + ",".join(_json(item) for item in items) + "]"
        case TypeName(name=name):
            return name
        case Alias(name=name):
            return "@" + name
        case _:
            assert_never(node)


def _segments(node: Path | Count | Lambda, bound: tuple[str, ...]) -> str:
    match node:
        case Path():
            return _path(node, bound)
        case Count(path=path):
            return _path(path, bound) + "/$count"
        case Lambda():
            return _lambda(node, bound)
        case _:
            assert_never(node)


def _operand(node: Expression, bound: tuple[str, ...]) -> str:
    text = printed(node, bound)
    return f"({text})" if isinstance(node, Negate | Not | Binary | And | Or) else text


def _right(op: str, node: Expression, bound: tuple[str, ...]) -> str:
    if op == "in" and isinstance(node, Items):
        return "(" + ",".join(printed(item, bound) for item in node.items) + ")"
    return _operand(node, bound)


def _path(path: Path, bound: tuple[str, ...]) -> str:
    hidden = path.names and path.names[0] in bound
    root = path.variable or ("" if path.names and not hidden else "$it")
    return "/".join((root, *path.names) if root else path.names)


def _lambda(node: Lambda, bound: tuple[str, ...]) -> str:
    head = f"{_path(node.path, bound)}/{node.how}("
    if node.body is None:
        return head + ")"
    return f"{head}{node.variable}:{printed(node.body, (*bound, node.variable))})"


def literal(node: Literal) -> str:
    """The text of a constant."""
    value = node.value
    match value:
        case None | bool():
            return "null" if value is None else str(value).lower()
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return _moment(value)
        case timedelta():
            return f"duration'{_duration(value)}'"
        case int() | float():
            return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _moment(value: datetime) -> str:
    if value.utcoffset() == timedelta(0):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat()


def _duration(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    size = abs(value)
    return f"{sign}P{size.days}DT{size.seconds}.{size.microseconds:06}S"


def _json(node: Expression) -> str:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return json.dumps(node.value, ensure_ascii=False)
    return printed(node)
