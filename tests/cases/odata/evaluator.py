"""OData's rules for expressions, evaluated one document at a time, in plain Python.

Written from the rules and not from the compiler: null is None, what is missing is null, and
a stored value of another kind than its property's is a ``Foreign``, which may equal another
stored value and is null to everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from hub.query.odata import ast
from hub.query.odata.dialect import Dialect
from hub.query.odata.model import EntityType, Property


@dataclass(frozen=True)
class Foreign:
    """A value of another kind than its property's."""

    value: Any


@dataclass(frozen=True)
class Member:
    """What a range variable stands for: a member of a collection at these names."""

    value: Any
    names: tuple[str, ...]


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    for shape, name in (
        (str, "string"), (datetime, "datetime"), (date, "date"), (time, "time"),
        (timedelta, "duration"), (UUID, "guid"),
    ):  # fmt: skip
        if isinstance(value, shape):
            return name
    return "other"


def read(value: Any, kind: str) -> Any:
    """A stored value as one of a kind."""
    if value is None:
        return None
    if kind == "any":
        return value if kind_of(value) != "other" else Foreign((str(value),))
    if kind == "object":
        return Foreign((str(value),))
    if kind in ("date", "time", "guid"):
        if not isinstance(value, str):
            return Foreign(value)
        return {"date": date.fromisoformat, "time": time.fromisoformat, "guid": UUID}[kind](value)
    wanted = "number" if kind == "integer" else kind
    return value if kind_of(value) == wanted else Foreign(value)


class Evaluator:
    def __init__(self, entity: EntityType, dialect: Dialect) -> None:
        self.entity = entity
        self.dialect = dialect

    def holds(self, node: ast.Expression, document: dict[str, Any]) -> bool:
        return self.value(node, document, {}) is True

    def value(self, node: ast.Expression, document: Any, scope: dict[str, Member]) -> Any:
        match node:
            case ast.Literal(value=value):
                return value
            case ast.Path() | ast.Count() | ast.Lambda():
                return self.from_path(node, document, scope)
            case ast.Binary(op="in"):
                return self.inside(node, document, scope)
        inner = [self.value(child, document, scope) for child in ast.children(node)]
        match node:
            case ast.Negate():
                return -inner[0] if kind_of(inner[0]) in ("number", "duration") else None
            case ast.Binary():
                return self.binary(node, inner[0], inner[1], scope)
            case ast.Call():
                return self.call(node, inner)
        return self.logical(node, [as_boolean(value) for value in inner])

    def from_path(
        self, node: ast.Path | ast.Count | ast.Lambda, document: Any, scope: dict[str, Member]
    ) -> Any:
        if isinstance(node, ast.Lambda):
            return self.quantified(node, document, scope)
        if isinstance(node, ast.Count):
            return len(self.members(node.path, document, scope))
        found, kind = self.stored(node, document, scope)
        return found if isinstance(found, Foreign) else read(found, kind)

    def logical(self, node: ast.Expression, terms: list[bool | None]) -> bool | None:
        if isinstance(node, ast.Not):
            return None if terms[0] is None else not terms[0]
        return three(terms, decides=isinstance(node, ast.Or))

    def inside(self, node: ast.Binary, document: Any, scope: dict[str, Member]) -> bool:
        one = self.value(node.left, document, scope)
        if isinstance(node.right, ast.Items):
            found = [self.value(item, document, scope) for item in node.right.items]
        else:
            assert isinstance(node.right, ast.Path)
            kind = self.property(node.right, scope).kind
            members = self.members(node.right, document, scope)
            found = [read(member.value, kind) for member in members]
        return any(equal(one, other) for other in found)

    def stored(self, path: ast.Path, document: Any, scope: dict[str, Member]) -> tuple[Any, str]:
        """The stored value and its property's kind; any array on the way makes it foreign."""
        known = self.property(path, scope)
        value = document
        if path.variable:
            value = scope[path.variable].value
        for name in path.names:
            if isinstance(value, list):
                return Foreign(("array", *path.names)), known.kind
            value = value.get(name) if isinstance(value, dict) else None
        return value, known.kind

    def property(self, path: ast.Path, scope: dict[str, Member]) -> Property:
        above = scope[path.variable].names if path.variable else ()
        found = self.entity.find((*above, *path.names))
        assert found is not None, path
        return found

    def members(self, path: ast.Path, document: Any, scope: dict[str, Member]) -> list[Member]:
        value, _ = self.stored(path, document, scope)
        above = scope[path.variable].names if path.variable else ()
        names = (*above, *path.names)
        return [Member(one, names) for one in value] if isinstance(value, list) else []

    def quantified(self, node: ast.Lambda, document: Any, scope: dict[str, Member]) -> bool:
        members = self.members(node.path, document, scope)
        body = node.body
        if body is None:
            return bool(members)
        if only_properties(body, node.variable):
            members = [member for member in members if isinstance(member.value, dict)]
        found = [
            as_boolean(self.value(body, document, {**scope, node.variable: member})) is True
            for member in members
        ]
        return any(found) if node.how == "any" else all(found)

    def binary(self, node: ast.Binary, left: Any, right: Any, scope: dict[str, Member]) -> Any:
        match node.op:
            case "eq":
                return equal(left, right)
            case "ne":
                return not equal(left, right)
            case "gt" | "ge" | "lt" | "le":
                return self.ordered(node.op, left, right)
        whole = self.is_whole(node.left, left, scope) and self.is_whole(node.right, right, scope)
        return calculated(node.op, left, right, whole)

    def ordered(self, op: str, left: Any, right: Any) -> bool | None:
        if isinstance(left, float) and math.isnan(left):
            return False
        unlike = kind_of(left) != kind_of(right) or kind_of(left) in ("other", "object")
        if unlike:
            return None if self.dialect.unknown_orders else False
        if op == "gt":
            return bool(left > right)
        if op == "ge":
            return bool(left >= right)
        return bool(left < right) if op == "lt" else bool(left <= right)

    def is_whole(self, node: ast.Expression, value: Any, scope: dict[str, Member]) -> bool:
        """Whether an operand is of an integer type."""
        match node:
            case ast.Count():
                return True
            case ast.Path():
                kind = self.property(node, scope).kind
                return kind == "integer" or (kind == "any" and type(value) is int)
            case ast.Literal(kind=kind):
                return kind == "integer"
            case ast.Call(name=name) if name not in ("round", "floor", "ceiling"):
                return name in WHOLE
        if isinstance(node, ast.Binary) and node.op == "divby":
            return False
        operands = ast.children(node)
        return all(self.is_whole(operand, 0, scope) for operand in operands)

    def call(self, node: ast.Call, args: list[Any]) -> Any:
        takes = TAKES[node.name]
        if any(kind_of(arg) not in takes[index].split() for index, arg in enumerate(args)):
            return None
        return CALLS[node.name](*args)


def only_properties(body: ast.Expression, variable: str) -> bool:
    """Whether a lambda asks for properties of its members and never for a member itself."""
    own = [
        node
        for node, _ in ast.walked(body)
        if isinstance(node, ast.Path) and node.variable == variable
    ]
    return bool(own) and all(path.names for path in own)


def as_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def three(values: list[bool | None], *, decides: bool) -> bool | None:
    if decides in values:
        return decides
    return None if None in values else not decides


def bare(value: Any) -> Any:
    return value.value if isinstance(value, Foreign) else value


def equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is None and right is None
    left, right = bare(left), bare(right)
    return kind_of(left) == kind_of(right) and bool(left == right)


def calculated(op: str, left: Any, right: Any, whole: bool) -> Any:
    kinds = (kind_of(left), kind_of(right))
    if kinds == ("number", "number"):
        return arithmetic(op, left, right, whole)
    match (op, *kinds):
        case ("add" | "sub", "datetime" | "date", "duration"):
            by = right if op == "add" else -right
            if kinds[0] == "date":
                return (datetime.combine(left, time()) + by).date()
            return left + by
        case ("sub", "datetime", "datetime") | ("sub", "date", "date"):
            return left - right
        case ("add" | "sub", "duration", "duration"):
            return left + right if op == "add" else left - right
    return None


def arithmetic(op: str, left: Any, right: Any, whole: bool) -> Any:
    if op in ("div", "divby", "mod") and right == 0:
        return None
    match op:
        case "add":
            return left + right
        case "sub":
            return left - right
        case "mul":
            return left * right
        case "mod":
            rest = math.fmod(left, right)
            return int(rest) if isinstance(left, int) and isinstance(right, int) else rest
        case "div" if whole:
            return math.trunc(left / right)
    return left / right


def rounded(value: float) -> float:
    whole = math.trunc(value)
    return whole + math.copysign(1, value) if abs(value - whole) >= 0.5 else whole


def substring(text: str, start: float, count: float | None = None) -> str | None:
    first = int(start)
    if count is not None and count < 0:
        return None
    first = max(0, len(text) + first) if first < 0 else first
    return text[first:] if count is None else text[first : first + int(count)]


def utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


WHOLE = {"length", "indexof", "year", "month", "day", "hour", "minute", "second"}
TAKES = {
    **dict.fromkeys(("contains", "startswith", "endswith", "concat", "indexof"),
                    ("string", "string")),
    **dict.fromkeys(("length", "tolower", "toupper", "trim"), ("string",)),
    "substring": ("string", "number", "number"),
    **dict.fromkeys(("year", "month", "day"), ("date datetime",)),
    **dict.fromkeys(("hour", "minute", "second", "fractionalseconds"), ("time datetime",)),
    **dict.fromkeys(("date", "time", "totaloffsetminutes"), ("datetime",)),
    "totalseconds": ("duration",),
    **dict.fromkeys(("round", "floor", "ceiling"), ("number",)),
}  # fmt: skip
CALLS: dict[str, Callable[..., Any]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "concat": lambda one, other: one + other,
    "indexof": lambda text, part: text.find(part),
    "length": len,
    "substring": substring,
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "fractionalseconds": lambda value: value.microsecond / 1_000_000,
    "date": lambda value: utc(value).date(),
    "time": lambda value: utc(value).time(),
    "totaloffsetminutes": lambda value: 0,
    "totalseconds": lambda value: value.total_seconds(),
    "round": rounded,
    "floor": math.floor,
    "ceiling": math.ceil,
}
