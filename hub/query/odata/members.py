"""``any`` and ``all`` as ``$elemMatch``: operators for plain members, filters for objects."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Final, TypeAlias, assert_never

from hub.query.odata.ast import Comparison
from hub.query.odata.plain import (
    NEVER,
    Filter,
    Operators,
    here,
    inverse,
    listed,
    no_arrays_above,
    of_kind,
    searched,
)
from hub.query.odata.stored import INVERSE, is_finite, operators
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

Inner: TypeAlias = Callable[[Typed, bool, int], Filter | None]
"""Makes the filter for a condition at a level; None where it needs an expression."""
Ways: TypeAlias = list[Operators]
"""Operators for one member, one of which must hold; none: no member can be so."""

_WAYS_MAX: Final = 16


def quantified(
    node: Quantified, want: bool, level: int, inner: Inner, *, unknown: bool
) -> Filter | None:
    """The filter for ``any`` or ``all``; None where it needs an expression."""
    if not here(node.field, level):
        return None
    if node.body is None:
        found: Filter | None = some(node.field)
    elif node.objects:
        found = _of_objects(node, inner(node.body, True, level + 1))
    else:
        ways = _Members(level + 1, unknown).ways(node.body, True)
        found = None if ways is None else _of_values(node, ways)
    if found is None:
        return None
    return found if want else inverse(found)


def some(field: Field) -> Filter:
    """A collection with a member."""
    found = {"$type": "array", "$not": {"$size": 0}}
    return {**no_arrays_above(field), field.path: found}


def _with(field: Field, member: Filter) -> Filter:
    return {**no_arrays_above(field), field.path: {"$elemMatch": member}}


def _of_objects(node: Quantified, body: Filter | None) -> Filter | None:
    if body is None:
        return None
    if node.how == "any":
        return _with(node.field, body or {"$type": "object"})
    return inverse(_with(node.field, inverse(body))) if body else {}


def _of_values(node: Quantified, ways: Ways) -> Filter | None:
    if node.how == "any":
        found = [_with(node.field, way) for way in ways]
        if len(found) < 2:
            return found[0] if found else NEVER
        return {"$or": found}
    if not ways:
        return inverse(some(node.field))
    if len(ways) > 1:
        return None
    return inverse(_with(node.field, {"$not": ways[0]}))


class _Members:
    """Conditions on a plain member, as operators."""

    __slots__ = ("_level", "_unknown")

    def __init__(self, level: int, unknown: bool) -> None:
        self._level = level
        self._unknown = unknown

    def ways(self, node: Typed, want: bool) -> Ways | None:
        """The ways in which a member can make a condition ``want``; None if not all are plain."""
        match node:
            case Both(terms=terms) | Either(terms=terms):
                return self._joined(isinstance(node, Both) is want, terms, want)
            case Negated(term=term):
                return self.ways(term, not want)
            case Found():
                return self._searched(node, want)
            case Compare() | OneOf() | IsOf() | Field():
                return self._of_value(node, want)
            case Const() | Size() | Op() | Quantified() | HasAll():
                return None
            case _:
                assert_never(node)

    def _of_value(self, node: Compare | OneOf | IsOf | Field, want: bool) -> Ways | None:
        match node:
            case Compare(op=op, left=left, right=Const() as const) if self._own(left):
                return self._compared(op, const, want) if is_finite(const) else None
            case OneOf(left=left) if self._own(left):
                found = listed(node)
                return None if found is None else [{"$in" if want else "$nin": found}]
            case IsOf(operand=Field() as field, target=target) if self._own(field):
                kind = of_kind(field, target)
                if kind is None:
                    return [] if want else None
                return [kind] if want else [{"$not": kind}]
            case Field() if self._own(node):
                return [{"$eq": want}]
            case _:
                return None

    def _own(self, node: Typed) -> bool:
        return isinstance(node, Field) and node.level == self._level and node.path == ""

    def _joined(self, every: bool, terms: tuple[Typed, ...], want: bool) -> Ways | None:
        found: list[Ways] = []
        for term in terms:
            ways = self.ways(term, want)
            if ways is None:
                return None
            found.append(ways)
        return _every(found) if every else [way for ways in found for way in ways]

    def _compared(self, op: Comparison, const: Const, want: bool) -> Ways | None:
        ordering = op not in ("eq", "ne")
        if ordering and const.value is None:
            return [] if want or self._unknown else None
        if ordering and not want and not self._unknown:
            found = operators(op, const)
            return None if found is None else [{"$not": found}]
        found = operators(op if want else INVERSE[op], const)
        return [] if found is None else [found]

    def _searched(self, node: Found, want: bool) -> Ways | None:
        found = searched(node)
        if found is None or not self._own(found[0]):
            return None
        return [found[1]] if want else [{"$type": "string", "$not": found[1]}]


def _every(found: list[Ways]) -> Ways | None:
    """The ways in which all of some conditions hold; None if there are too many of them."""
    count = 1
    for ways in found:
        count *= len(ways)
    if count > _WAYS_MAX:
        return None
    joined: Ways = []
    for choice in product(*found):
        way: Operators = {}
        for one in choice:
            if way.keys() & one.keys():
                return None
            way.update(one)
        joined.append(way)
    return joined
