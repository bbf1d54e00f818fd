"""Typed trees to expressions of the database: what plain operators cannot say.

``test(node, want)`` is true or false, never null: whether a condition is exactly ``want``.
``value(node)`` is the value with its conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, assert_never

from hub.query.odata.compute import BUILDING, OPERATIONS, searches
from hub.query.odata.functions import Kind
from hub.query.odata.plain import above, listed, spread
from hub.query.odata.refusal import STEPS_MAX, over, unsupported
from hub.query.odata.stored import INVERSE, OPERATORS, is_fine, stored
from hub.query.odata.typed import (
    NUMERIC,
    Both,
    Compare,
    Const,
    Either,
    Field,
    Found,
    HasAll,
    IsOf,
    Negated,
    OneOf,
    Op,
    Quantified,
    Size,
    Typed,
    fields,
)
from hub.query.odata.value import Expr, Value, clock, constant, is_kind, joined, literal

_SAME_KIND: Final = ["string", "bool", "date"]
_FOREIGN: Final = ""
"""What is no time of day, where times are numbers: it equals none of them, and is not null."""
_NEVER_NULL: Final = (OneOf, IsOf, Quantified, HasAll)


class Exprs:
    """Makes expressions for one dialect."""

    __slots__ = ("_member", "_steps", "_unknown")

    def __init__(self, unknown: bool) -> None:
        self._unknown = unknown
        self._steps = 0
        self._member = 0  # the level of the members that $$x stands for, 0 outside

    def test(self, node: Typed, want: bool) -> Expr:
        """Whether a condition is exactly ``want``."""
        self._step()
        match node:
            case Const(value=value):
                return value is want
            case Negated(term=term):
                return self.test(term, not want)
            case Both(terms=terms) | Either(terms=terms):
                every = isinstance(node, Both) is want
                return {"$and" if every else "$or": [self.test(term, want) for term in terms]}
            case Compare():
                return self._compared(node, want)
            case OneOf():
                return self._one_of(node, want)
            case Found():
                return self._found(node, want)
            case _:
                return self._other_test(node, want)

    def _other_test(self, node: Field | Size | Op | IsOf | Quantified | HasAll, want: bool) -> Expr:
        match node:
            case IsOf():
                return _inverted(self._is_of(node), want)
            case Quantified():
                return _inverted(self._quantified(node), want)
            case HasAll(field=field, values=values):
                wanted = {"$literal": [stored(v) for v in values]}
                held = {"$setIsSubset": [wanted, self._ref(field)]}
                return _inverted({"$cond": [self._is_array(field), held, not values]}, want)
            case Field() | Op():
                return {"$eq": [self.present(node, "boolean"), want]}
            case Size():
                return False
            case _:
                assert_never(node)

    def value(self, node: Typed, kind: Kind) -> Value:
        """A value with its conditions.

        Args:
            kind: the kind to take it for if it has none of its own.
        """
        self._step()
        match node:
            case Const():
                return constant(node, kind)
            case Field():
                return self._stored(node, kind)
            case Size(field=field):
                ref = self._ref(field)
                return Value({"$cond": [self._is_array(field), {"$size": ref}, 0]})
            case Op():
                return self._operation(node)
            case _:
                return self._truth(node)

    def _step(self) -> None:
        """Count one step: a condition used as a value is asked for true and for false."""
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise over("odata_steps_max", STEPS_MAX)

    def present(self, node: Typed, like: Kind) -> Expr:
        """A value or null; a stored one as it is, of its kind or not."""
        value = self.value(node, like)
        if not isinstance(node, Field):
            return value.present()
        bare = {"$ifNull": [self._ref(node), None]}
        if (like if node.kind == "any" else node.kind) != "time":
            return bare
        return value.where(value.expr, {"$cond": [{"$eq": [bare, None]}, None, _FOREIGN]})

    def _truth(self, node: Typed) -> Value:
        """A condition as a value: true, false or null."""
        yes = self.test(node, True)
        if isinstance(node, _NEVER_NULL) or (isinstance(node, Compare) and node.op in ("eq", "ne")):
            return Value(yes)
        no = self.test(node, False)
        return Value(yes, then=({"$or": [yes, no]},))

    def _ref(self, field: Field) -> str:
        if field.level == 0:
            return f"${field.path}"
        if field.level != self._member:
            raise unsupported("an any or all inside another that looks out of it", field.at)
        return f"$$x.{field.path}" if field.path else "$$x"

    def _stored(self, field: Field, kind: Kind) -> Value:
        ref = self._ref(field)
        kind = kind if field.kind == "any" else field.kind
        if kind != "time":
            return Value(ref, (is_kind(ref, kind),))
        self._check_building("a time of day", (field,))
        return clock(ref)

    def _operation(self, node: Op) -> Value:
        if node.name in BUILDING or node.kind == "date":
            self._check_building(node.name, node.args)
        kinds = _operand_kinds(node)
        args = [self.value(arg, kind) for arg, kind in zip(node.args, kinds, strict=True)]
        return OPERATIONS[node.name](node, args)

    def _check_building(self, name: str, args: Sequence[Typed]) -> None:
        """The server's copies are bounded: in a lambda only members may be built anew."""
        for field in (field for arg in args for field in fields(arg)):
            if self._member and field.level != self._member:
                raise unsupported(f"{name} of an outer property inside any or all", field.at)

    def _compared(self, node: Compare, want: bool) -> Expr:
        left, right, op = node.left, node.right, node.op
        if op in ("eq", "ne"):
            if isinstance(right, Const) and is_fine(right):
                return (op == "ne") is want
            operands = [self.present(left, right.kind), self.present(right, left.kind)]
            return {"$eq" if (op == "eq") is want else "$ne": operands}
        if not want and not self._unknown:
            return {"$not": [self._compared(node, True)]}
        asked = op if want else INVERSE[op]
        if isinstance(right, Const) and is_fine(right):
            asked = "gt" if asked in ("gt", "ge") else "le"
        kind = _common(left.kind, right.kind)
        both = [self.value(left, kind), self.value(right, kind)]
        ordered = joined(None, both, *_same_kind(kind, both))
        return ordered.where({OPERATORS[asked]: [item.expr for item in both]}, False)

    def _one_of(self, node: OneOf, want: bool) -> Expr:
        values = listed(node)
        if values is None:
            return self.test(Either(tuple(spread(node))), want)
        left = self.present(node.left, node.values[0].kind)
        if node.left.kind == "duration":
            values = [constant(const, "duration").expr for const in node.values]
        finite = [literal(value) for value in values]
        held = {"$in": [left, {"$literal": values} if finite == values else finite]}
        return _inverted(held, want)

    def _found(self, node: Found, want: bool) -> Expr:
        if node.how == "endswith":
            self._check_building("substring", (node.text,))
        text, part = self.value(node.text, "string"), self.value(node.part, "string")
        held = searches(node.how, text.expr, part.expr)
        return joined(None, [text, part]).where(_inverted(held, want), False)

    def _is_of(self, node: IsOf) -> Expr:
        own, target = node.operand.kind, node.target
        if own not in NUMERIC or target not in ("integer", "number"):
            if own not in (target, "any"):
                return False
            return is_kind(self._bare(node.operand, target), target)
        value = self._bare(node.operand, "number")
        if target == "number" or own == "integer":
            return {"$isNumber": value}
        return {"$in": [{"$type": value}, ["int", "long"]]}

    def _bare(self, node: Typed, kind: Kind) -> Expr:
        """A stored value as it is, any other one or null."""
        return self._ref(node) if isinstance(node, Field) else self.value(node, kind).present()

    def _is_array(self, field: Field) -> Expr:
        checks: list[Any] = [{"$isArray": self._ref(field)}]
        if not field.checked:
            prefix = "$" if field.level == 0 else "$$x."
            checks += [{"$not": [{"$isArray": prefix + path}]} for path in above(field)]
        return checks[0] if len(checks) == 1 else {"$and": checks}

    def _quantified(self, node: Quantified) -> Expr:
        array = {"$cond": [self._is_array(node.field), self._ref(node.field), []]}
        if node.body is None:
            return {"$gt": [{"$size": array}, 0]}
        if self._member:
            raise unsupported("an any or all inside another that looks out of it", node.field.at)
        self._member = node.field.level + 1
        test = self.test(node.body, True)
        self._member = 0
        if node.objects:
            is_object = is_kind("$$x", "object")
            test = (
                {"$and": [is_object, test]}
                if node.how == "any"
                else {"$or": [{"$not": [is_object]}, test]}
            )
        name = "$anyElementTrue" if node.how == "any" else "$allElementsTrue"
        return {name: [{"$map": {"input": array, "as": "x", "in": test}}]}


def _inverted(expr: Expr, want: bool) -> Expr:
    return expr if want else {"$not": [expr]}


def _common(left: Kind, right: Kind) -> Kind:
    """The kind for which to take two values that are ordered."""
    return right if left in ("any", "null") else left


def _same_kind(kind: Kind, both: Sequence[Value]) -> tuple[Expr, ...]:
    """What must hold of two values of any kind to be ordered."""
    if kind != "any":
        return ()
    left, right = both[0].expr, both[1].expr
    numbers = {"$and": [{"$isNumber": left}, {"$isNumber": right}]}
    same = {"$and": [{"$eq": [{"$type": left}, {"$type": right}]},
                     {"$in": [{"$type": left}, _SAME_KIND]}]}  # fmt: skip
    return ({"$or": [numbers, same]},)


def _operand_kinds(node: Op) -> tuple[Kind, ...]:
    """The kinds for which to take operands that have none of their own."""
    if node.name in _KINDS:
        return _KINDS[node.name][: len(node.args)]
    kind: Kind = "number"
    if node.kind == "datetime" or "datetime" in (arg.kind for arg in node.args):
        kind = "datetime"
    return (kind,) * len(node.args)


_KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    **dict.fromkeys(("concat", "indexof"), ("string", "string")),
    **dict.fromkeys(("length", "tolower", "toupper", "trim"), ("string",)),
    "substring": ("string", "number", "number"),
    **dict.fromkeys(("year", "month", "day", "hour", "minute", "second"), ("datetime",)),
    **dict.fromkeys(("fractionalseconds", "date", "time", "totaloffsetminutes"), ("datetime",)),
    "cast": ("any",),
}
