"""What OData text says, as frozen values; equality does not look at offsets.

``at`` is the offset of a node in its text, in characters from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal as Word
from typing import TypeAlias, assert_never
from uuid import UUID

LiteralKind: TypeAlias = Word[
    "null", "boolean", "integer", "number", "string",
    "date", "time", "datetime", "duration", "guid",
]  # fmt: skip
Value: TypeAlias = bool | int | float | str | date | time | datetime | timedelta | UUID | None
Ordering: TypeAlias = Word["gt", "ge", "lt", "le"]
Comparison: TypeAlias = Word["eq", "ne", "gt", "ge", "lt", "le"]
Arithmetic: TypeAlias = Word["add", "sub", "mul", "div", "divby", "mod"]
Operator: TypeAlias = (
    Word["eq", "ne", "gt", "ge", "lt", "le", "in", "has"]
    | Word["add", "sub", "mul", "div", "divby", "mod"]
)
Quantifier: TypeAlias = Word["any", "all"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. A ``datetime`` is aware; an integer fits in 64 bits."""

    value: Value
    kind: LiteralKind
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list: ``(1,2)`` behind ``in``, ``[1,2]`` anywhere."""

    items: tuple[Expression, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A property, from the range variable of a lambda or, with ``""``, from the entity.

    No names: the variable's own value, or ``$it``.
    """

    names: tuple[str, ...]
    variable: str = ""
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """``path/$count``"""

    path: Path
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lambda:
    """``path/any(variable:body)``; ``any()`` has neither variable nor body."""

    path: Path
    how: Quantifier
    variable: str = ""
    body: Expression | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A canonical function; its name in small letters."""

    name: str
    args: tuple[Expression, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TypeName:
    """``Edm.String``, where ``cast`` and ``isof`` take a type."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Alias:
    """``@name``, a parameter alias; ``name`` is without the sign."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus on what is no number literal."""

    operand: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``at`` is the offset of the operator."""

    op: Operator
    left: Expression
    right: Expression
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """Two terms or more."""

    terms: tuple[Expression, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Two terms or more."""

    terms: tuple[Expression, ...]
    at: int = field(default=0, compare=False)


Expression: TypeAlias = (
    Literal | Items | Path | Count | Lambda | Call | TypeName | Alias
    | Negate | Not | Binary | And | Or
)  # fmt: skip


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions right inside a node."""
    match node:
        case Literal() | Path() | TypeName() | Alias():
            return ()
        case Items(items=inner) | Call(args=inner) | And(terms=inner) | Or(terms=inner):
            return inner
        case Count(path=path):
            return (path,)
        case Lambda(path=path, body=body):
            return (path,) if body is None else (path, body)
        case Negate(operand=operand) | Not(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case _:
            assert_never(node)


def walked(root: Expression) -> Iterator[tuple[Expression, int]]:
    """Every node with its depth, the root's being 1; without recursion."""
    todo = [(root, 1)]
    while todo:
        node, depth = todo.pop()
        yield node, depth
        todo.extend((child, depth + 1) for child in children(node))
