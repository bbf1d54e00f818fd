"""A typed condition to a filter document, in plain operators wherever they say the same.

``filter(node, want)`` is the filter for what is exactly ``want``: ``and``, ``or`` and ``not`` ask
their terms for true or for false, and what is null is neither. Plain operators can use an
index; what they cannot say becomes ``$expr``.
"""

from __future__ import annotations

from typing import assert_never

from hub.query.odata import plain
from hub.query.odata.expr import Exprs
from hub.query.odata.members import quantified
from hub.query.odata.plain import NEVER, Filter, here
from hub.query.odata.stored import is_finite
from hub.query.odata.typed import (
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
)


def to_match(node: Typed, *, unknown: bool) -> Filter:
    """The filter for all documents of which a condition is true.

    Args:
        unknown: ordering a null is null and not false.

    Raises:
        UnsupportedOData: what neither operators nor expressions can say.
    """
    return Matches(unknown).filter(node, True)


class Matches:
    """Makes filters for one dialect."""

    __slots__ = ("_exprs", "_unknown")

    def __init__(self, unknown: bool) -> None:
        self._unknown = unknown
        self._exprs = Exprs(unknown)

    def filter(self, node: Typed, want: bool) -> Filter:
        """The filter for documents of which a condition is ``want``."""
        found = self._at(node, want, 0)
        assert found is not None, "at the root everything can be said"
        return found

    def _at(self, node: Typed, want: bool, level: int) -> Filter | None:
        match node:
            case Negated(term=term):
                return self._at(term, not want, level)
            case Both(terms=terms) | Either(terms=terms):
                return self._joined(isinstance(node, Both) is want, terms, want, level)
        found = self._plain(node, want, level)
        if found is None and level == 0:
            return {"$expr": self._exprs.test(node, want)}
        return found

    def _joined(
        self, every: bool, terms: tuple[Typed, ...], want: bool, level: int
    ) -> Filter | None:
        found: list[Filter] = []
        for term in terms:
            one = self._at(term, want, level)
            if one is None:
                return None
            found.append(one)
        if every:
            return plain.both(found)
        return {} if {} in found else {"$or": found}

    def _plain(self, node: Typed, want: bool, level: int) -> Filter | None:
        match node:
            case Const(value=value):
                return {} if value is want else NEVER
            case Field():
                return plain.truth(node, want=want) if here(node, level) else None
            case Compare():
                return self._compared(node, want, level)
            case OneOf():
                return self._one_of(node, want, level)
            case Found():
                return self._searched(node, want, level)
            case IsOf():
                return _of_kind(node, want, level)
            case Quantified():
                return quantified(node, want, level, self._at, unknown=self._unknown)
            case _:
                return _subset(node, want, level)

    def _compared(self, node: Compare, want: bool, level: int) -> Filter | None:
        match node:
            case Compare(right=Const() as const) if not is_finite(const):
                return None
            case Compare(op, Field() as field, Const() as const) if here(field, level):
                return plain.compared(field, op, const, want=want, unknown=self._unknown)
            case Compare(op, Size(field), Const() as const) if want and here(field, level):
                return plain.of_size(field, op, const)
            case Compare("eq" | "ne"):
                found = plain.same_in_any_case(node)
                if found is None or not here(found[0], level):
                    return None
                same = plain.on(*found)
                return same if (node.op == "eq") is want else plain.inverse(same)
            case _:
                return None

    def _one_of(self, node: OneOf, want: bool, level: int) -> Filter | None:
        if not isinstance(node.left, Field) or not here(node.left, level):
            return None
        found = plain.one_of(node, node.left, want=want)
        if found is None:
            return self._at(Either(tuple(plain.spread(node))), want, level)
        return found

    def _searched(self, node: Found, want: bool, level: int) -> Filter | None:
        found = plain.searched(node)
        if found is None or not here(found[0], level):
            return None
        hit = plain.on(*found)
        if want:
            return hit
        return plain.both([plain.on(found[0], {"$type": "string"}), plain.inverse(hit)])


def _of_kind(node: IsOf, want: bool, level: int) -> Filter | None:
    field = node.operand
    if not isinstance(field, Field) or not here(field, level):
        return None
    found = plain.of_kind(field, node.target)
    if found is None:
        return NEVER if want else {}
    return plain.on(field, found) if want else plain.inverse(plain.on(field, found))


def _subset(
    node: Size | Op | Negated | Both | Either | HasAll, want: bool, level: int
) -> Filter | None:
    match node:
        case HasAll():
            if not here(node.field, level):
                return None
            found = plain.has_all(node)
            return found if want else plain.inverse(found)
        case Size() | Op() | Negated() | Both() | Either():
            return None
        case _:
            assert_never(node)
