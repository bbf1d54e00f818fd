"""A tree with its types known: names are fields, constants fit what they meet.

``bind`` makes it; ``match``, ``expr`` and ``stages`` read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, assert_never

from hub.query.odata.ast import Comparison, Quantifier, Value
from hub.query.odata.functions import Kind

Name: TypeAlias = Literal[
    "add", "sub", "mul", "div", "divby", "mod", "negate",
    "concat", "indexof", "length", "substring", "tolower", "toupper", "trim",
    "year", "month", "day", "hour", "minute", "second", "fractionalseconds",
    "date", "time", "totaloffsetminutes", "totalseconds", "now",
    "round", "floor", "ceiling", "cast",
]  # fmt: skip
Search: TypeAlias = Literal["contains", "startswith", "endswith"]


@dataclass(frozen=True, slots=True)
class Const:
    value: Value
    kind: Kind
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A stored value.

    Attributes:
        path: dotted; relative to the member of the collection when ``level`` is not 0, and
            then ``""`` is the member itself.
        level: 0 in the document, 1 in the innermost lambda around it that is not inside
            another one, and so on.
        checked: the value is of its kind, or null, or missing.
    """

    path: str
    kind: Kind
    level: int = 0
    collection: bool = False
    checked: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Size:
    """How many members a collection has; 0 for what is no array."""

    field: Field
    kind: Kind = "integer"


@dataclass(frozen=True, slots=True)
class Op:
    """Arithmetic or a function; null if an operand is null."""

    name: Name
    args: tuple[Typed, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Compare:
    """Never null for ``eq`` and ``ne``."""

    op: Comparison
    left: Typed
    right: Typed
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class OneOf:
    """``left in (…)`` with constants; never null."""

    left: Typed
    values: tuple[Const, ...]
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class Found:
    """``contains(text, part)`` and its kin."""

    how: Search
    text: Typed
    part: Typed
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class IsOf:
    """Whether a value is there and of a kind; never null."""

    operand: Typed
    target: Kind
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class Negated:
    term: Typed
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class Both:
    """All terms hold."""

    terms: tuple[Typed, ...]
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class Either:
    """One term holds."""

    terms: tuple[Typed, ...]
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class Quantified:
    """``any`` and ``all``; never null.

    ``body`` None: whether there is a member. ``objects``: the body asks for properties of the
    members only, so that what is no object is no member.
    """

    how: Quantifier
    field: Field
    body: Typed | None
    objects: bool = False
    kind: Kind = "boolean"


@dataclass(frozen=True, slots=True)
class HasAll:
    """``hassubset(collection,[…])`` with values that differ; never null."""

    field: Field
    values: tuple[Const, ...]
    kind: Kind = "boolean"


Typed: TypeAlias = (
    Const | Field | Size | Op | Compare | OneOf | Found | IsOf
    | Negated | Both | Either | Quantified | HasAll
)  # fmt: skip

NUMERIC: Final[frozenset[Kind]] = frozenset({"integer", "number", "any"})


def parts(node: Typed) -> tuple[Typed, ...]:
    """What stands right inside a node."""
    match node:
        case Const() | Field():
            return ()
        case Size(field=inner) | HasAll(field=inner):
            return (inner,)
        case Op(args=inner) | Both(terms=inner) | Either(terms=inner):
            return inner
        case Compare(left=left, right=right) | Found(text=left, part=right):
            return (left, right)
        case OneOf(left=one) | IsOf(operand=one) | Negated(term=one):
            return (one,)
        case Quantified(field=inner, body=body):
            return (inner,) if body is None else (inner, body)
        case _:
            assert_never(node)


def fields(root: Typed) -> Iterator[Field]:
    """Every field in a tree."""
    todo = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, Field):
            yield node
        todo.extend(parts(node))
