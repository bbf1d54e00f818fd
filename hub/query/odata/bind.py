"""A tree and an entity's type to a typed tree: names looked up, kinds checked, constants fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from hub.query.odata import folding
from hub.query.odata.arithmetic import arithmetic, negated
from hub.query.odata.ast import (
    Alias,
    And,
    Arithmetic,
    Binary,
    Call,
    Comparison,
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
from hub.query.odata.calls import Calls
from hub.query.odata.dialect import STRICT, Dialect
from hub.query.odata.fitting import comparable, fitted
from hub.query.odata.model import EntityType
from hub.query.odata.refusal import bad, unsupported
from hub.query.odata.resolve import resolved
from hub.query.odata.scope import Scope
from hub.query.odata.typed import (
    Both,
    Compare,
    Const,
    Either,
    Field,
    Negated,
    OneOf,
    Quantified,
    Size,
    Typed,
    fields,
)

_FLIPPED: dict[Comparison, Comparison] = {
    "eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge",
}  # fmt: skip
_TRUTHS = ("boolean", "any", "null")


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression is read against.

    Attributes:
        now: what ``now()`` gives; None is the server's clock when it runs.
        aliases: the values of parameter aliases, by name without the sign.
    """

    entity: EntityType
    dialect: Dialect = STRICT
    now: datetime | None = None
    aliases: Mapping[str, Expression] = field(default_factory=dict)


def bound(tree: Expression, context: Context) -> Typed:
    """The typed tree.

    Raises:
        BadOData: an unknown property, or kinds that do not go together.
        UnsupportedOData: well-formed and not done here.
        QueryTooComplex: over a bound, with the values of aliases in their places.
    """
    return Binder(context).bind(resolved(tree, context.aliases))


def condition(tree: Expression, context: Context) -> Typed:
    """The typed tree of what must be true or false; errors as above."""
    return Binder(context).truth(resolved(tree, context.aliases))


class Binder:
    """Binds one tree."""

    __slots__ = ("_calls", "_context", "_scope")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._scope = Scope(context.entity)
        now = context.now
        self._calls = Calls(context.dialect, None if now is None else now.astimezone(UTC))

    def bind(self, node: Expression) -> Typed:
        """The typed form of a node."""
        match node:
            case Literal(value=value, kind=kind, at=at):
                return Const(value, kind, at)
            case Path():
                return self._scope.field(node)
            case Count(path=path):
                return Size(self._scope.collection(path))
            case Negate(operand=operand, at=at):
                return negated(self._single(operand), at)
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
            case _:
                return self._logical(node)

    def _logical(self, node: Expression) -> Typed:
        match node:
            case Not(operand=operand):
                return _inverse(self.truth(operand))
            case And(terms=terms):
                return Both(tuple(self.truth(term) for term in terms))
            case Or(terms=terms):
                return Either(tuple(self.truth(term) for term in terms))
            case Lambda():
                return self._lambda(node)
            case Items(at=at):
                raise bad("a list cannot stand here", at, "a value")
            case TypeName(at=at) | Alias(at=at):
                raise bad("a type cannot stand here", at, "a value")
        raise AssertionError(node)

    def truth(self, node: Expression) -> Typed:
        """The typed form of what must be true, false or null."""
        found = self._single(node)
        if found.kind not in _TRUTHS:
            raise bad(f"this is {found.kind}, not a condition", _offset(node), "true or false")
        return found

    def _single(self, node: Expression) -> Typed:
        """The typed form of what is no collection."""
        found = self.bind(node)
        if isinstance(found, Field) and found.collection:
            raise bad("this is a collection", found.at, "any(…), all(…) or $count behind it")
        return found

    def _beside(self, left: Typed, node: Expression) -> Typed:
        """The typed form of what stands behind something else, and may be text without quotes."""
        if left.kind == "string" and isinstance(node, Path):
            self._scope.check_text(node)
        return self._single(node)

    def _lambda(self, node: Lambda) -> Typed:
        found = self._scope.collection(node.path)
        if node.body is None:
            return Quantified("any", found, None)
        with self._scope.ranging(node) as level:
            body = self.truth(node.body)
        own = [item for item in fields(body) if item.level == level]
        objects = bool(own) and all(item.path for item in own)
        return Quantified(node.how, found, body, objects)

    def _binary(self, node: Binary) -> Typed:
        if node.op == "has":
            raise unsupported("the operator has", node.at)
        if node.op == "in":
            return self._member(node)
        left = self._single(node.left)
        right = self._beside(left, node.right)
        if node.op in _FLIPPED:
            return self.compare(node.op, left, right, node.at)
        return arithmetic(cast(Arithmetic, node.op), left, right, self._context.dialect, node.at)

    def compare(self, op: Comparison, left: Typed, right: Typed, at: int) -> Typed:
        """A comparison, a constant on the right if there is one."""
        dialect = self._context.dialect
        if isinstance(left, Const):
            left = fitted(left, right.kind, dialect) if _gives(left, right) else left
            left, right, op = right, left, _FLIPPED[op]
        if isinstance(right, Const):
            right = fitted(right, left.kind, dialect)
        if not comparable(left.kind, right.kind):
            raise bad(f"{left.kind} cannot be compared with {right.kind}", at)
        _check_object(op, left, right, at)
        if isinstance(right, Const) and folding.is_nan(right):
            return Const(op == "ne", "boolean", at)
        if isinstance(left, Const) and isinstance(right, Const):
            return self._folded(op, left, right, at)
        return Compare(op, left, right)

    def _folded(self, op: Comparison, left: Const, right: Const, at: int) -> Const:
        if folding.is_nan(left):
            return Const(op == "ne", "boolean", at)
        value = folding.compared(op, left, right, unknown=self._context.dialect.unknown_orders)
        return Const(value, "null" if value is None else "boolean", at)

    def _member(self, node: Binary) -> Typed:
        left = self._single(node.left)
        if not isinstance(node.right, Items):
            return self._inside(left, node)
        terms: list[Typed] = []
        values: list[Const] = []
        for item in node.right.items:
            term = self.compare("eq", left, self._beside(left, item), item.at)
            const = term.right if isinstance(term, Compare) else None
            if isinstance(const, Const) and not isinstance(left, Const):
                values.append(const)
            else:
                terms.append(term)
        if not values:
            return Either(tuple(terms)) if terms else Const(False, "boolean", node.at)
        found = OneOf(left, tuple(values))
        return Either((found, *terms)) if terms else found

    def _inside(self, left: Typed, node: Binary) -> Typed:
        """``left in collection``"""
        found = self.bind(node.right)
        if not isinstance(found, Field) or not (found.collection or found.kind == "any"):
            raise bad("this is no collection", _offset(node.right), "a list in brackets")
        if found.kind == "object":
            raise bad("objects cannot be compared", node.at)
        member = Field("", found.kind, self._scope.level + 1, False, found.checked)
        return Quantified("any", found, self.compare("eq", member, left, node.at))

    def _call(self, node: Call) -> Typed:
        if node.name in ("cast", "isof"):
            if len(node.args) == 1:
                raise unsupported(f"{node.name} of an entity", node.at)
            target = cast(TypeName, node.args[1])
            return self._calls.typed(node.name, self._single(node.args[0]), target, node.at)
        if node.name == "hassubset":
            return self._subset(node)
        first = [self._single(arg) for arg in node.args[:1]]
        args = (*first, *(self._beside(first[0], arg) for arg in node.args[1:]))
        offsets = tuple(_offset(arg) for arg in node.args)
        return self._calls.call(node.name, args, offsets, node.at)

    def _subset(self, node: Call) -> Typed:
        path, items = node.args
        if not isinstance(path, Path) or not isinstance(items, Items):
            raise unsupported("hassubset of anything but a property and a list", node.at)
        found = self._scope.collection(path)
        member = replace(found, path="", level=self._scope.level + 1, collection=False)
        values = [self.compare("eq", member, self._single(item), item.at) for item in items.items]
        return self._calls.subset(found, values, node.at)


def _inverse(term: Typed) -> Typed:
    if isinstance(term, Const):
        value = None if term.value is None else not term.value
        return replace(term, value=value)
    return Negated(term)


def _gives(left: Const, right: Typed) -> bool:
    """Whether the left constant is the one to fit: it alone is one, or it is the plainer."""
    return not isinstance(right, Const) or (left.kind == "string" and right.kind != "string")


def _check_object(op: Comparison, left: Typed, right: Typed, at: int) -> None:
    if "object" in (left.kind, right.kind) and (op not in ("eq", "ne") or right.kind != "null"):
        raise bad("an object can only be compared with null", at, "eq null or ne null")


def _offset(node: Expression) -> int:
    return node.at
