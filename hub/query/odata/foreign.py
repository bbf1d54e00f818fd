"""Conditions on what another collection holds, put in terms of the key that leads there.

A property whose path begins with ``@place.`` stands in another collection: ``place`` names it, the
rest is its path there, which may begin with a place in its turn. ``localized`` takes each of
the largest conditions about one place out of a tree, has it answered, and puts the keys in its
stead. What stands together in an ``and`` is answered together, so that it speaks of one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from hub.query.odata.refusal import unsupported
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
    fields,
)

MARK = "@"
Keys: TypeAlias = Sequence[int | str]
Ask: TypeAlias = Callable[[str, Typed], Keys]
"""The keys of the rows of a place of which a condition is true."""
Value: TypeAlias = Const | Field | Size | HasAll | Quantified | Op | IsOf


@dataclass(frozen=True, slots=True)
class Localized:
    """A condition on the entity's own fields, and those of its keys that must be in a list.

    Attributes:
        condition: None where there is none.
        within: by path; every one must hold, however long the lists are.
    """

    condition: Typed | None
    within: tuple[tuple[str, Keys], ...] = ()


def at(place: str, path: str) -> str:
    """The path of a property that stands in another collection."""
    return f"{MARK}{place}.{path}"


def localized(root: Typed, keys: Mapping[str, Field], ask: Ask) -> Localized:
    """A condition without properties of other places.

    Args:
        keys: the entity's own field that leads to each place.
        ask: answers a condition about one place, in the paths of that place.

    Raises:
        UnsupportedOData: one comparison or function takes properties of several places.
    """
    locals_ = _Locals(keys, ask)
    own: list[Typed] = []
    within: list[tuple[str, Keys]] = []
    for term in _grouped(root.terms, Both) if isinstance(root, Both) else (root,):
        place = _only(term)
        if place:
            within.append((keys[place].path, locals_.asked(place, term)))
        else:
            own.append(locals_.of(term))
    condition = Both(tuple(own)) if len(own) > 1 else next(iter(own), None)
    return Localized(condition, tuple(within))


def gathered(root: Typed, place: str, homes: Mapping[str, str]) -> Typed:
    """The same condition, so that what is said of a row of a place is said there as a whole.

    Needed where several rows of the place belong to one entity: that one of them is such, and one
    of them is otherwise, is less than that one is both; and that none is such is more than that
    one is not.

    Args:
        homes: where the place has, in its turn, what is said of the entity itself (under "") and
            of each other place.
    """
    if _places(root) <= {place} or place not in _places(root):
        return root
    match root:
        case Either(terms=terms):
            return Either(tuple(gathered(term, place, homes) for term in terms))
        case Both(terms=terms):
            about = [term for term in terms if place in _places(term)]
            if len(about) == 1:
                return Both(tuple(gathered(term, place, homes) for term in terms))
            others = [term for term in terms if place not in _places(term)]
            return Both((*others, *(_moved(term, place, homes) for term in about)))
        case _:
            return _moved(root, place, homes)


def _moved(node: Typed, place: str, homes: Mapping[str, str]) -> Typed:
    def moved(field: Field) -> Field:
        before = _place(field)
        if before == place or field.level:
            return field
        own = field.path[len(before) + 2 :] if before else field.path
        return replace(field, path=at(place, at(homes[before], own)))

    return _changed(node, moved)


class _Locals:
    __slots__ = ("_ask", "_keys")

    def __init__(self, keys: Mapping[str, Field], ask: Ask) -> None:
        self._keys = keys
        self._ask = ask

    def of(self, node: Typed) -> Typed:
        if not _places(node) - {""}:
            return node
        place = _only(node)
        if place:
            return self._in_keys(place, node)
        match node:
            case Negated(term=term):
                return Negated(self.of(term))
            case Both(terms=terms):
                return Both(tuple(self.of(term) for term in _grouped(terms, Both)))
            case Either(terms=terms):
                return Either(tuple(self.of(term) for term in _grouped(terms, Either)))
            case _:
                first = next(item for item in fields(node) if _place(item))
                raise unsupported("comparing properties of different sets", first.at)

    def asked(self, place: str, node: Typed) -> Keys:
        return self._ask(place, _inside(node, len(place) + 2))

    def _in_keys(self, place: str, node: Typed) -> Typed:
        key = self._keys[place]
        values = tuple(Const(value, key.kind) for value in self.asked(place, node))
        return OneOf(key, values) if values else Const(False, "boolean")


def _place(field: Field) -> str:
    if field.level or not field.path.startswith(MARK):
        return ""
    return field.path[1 : field.path.index(".")]


def _places(node: Typed) -> set[str]:
    return {_place(item) for item in fields(node) if not item.level}


def _only(node: Typed) -> str:
    """The one place that a condition is about; nothing if it is about several, or the entity."""
    found = _places(node)
    return next(iter(found)) if len(found) == 1 else ""


def _grouped(terms: tuple[Typed, ...], kind: type[Both] | type[Either]) -> tuple[Typed, ...]:
    """The terms, those about one place joined to one."""
    by_place: dict[str, list[Typed]] = {}
    others: list[Typed] = []
    for term in terms:
        place = _only(term)
        if place:
            by_place.setdefault(place, []).append(term)
        else:
            others.append(term)
    joined = (kind(tuple(own)) if len(own) > 1 else own[0] for own in by_place.values())
    return (*others, *joined)


def _inside(node: Typed, cut: int) -> Typed:
    """The same condition, ``cut`` characters less before each path."""

    def shortened(field: Field) -> Field:
        return field if field.level else replace(field, path=field.path[cut:])

    return _changed(node, shortened)


def _changed(node: Typed, change: Callable[[Field], Field]) -> Typed:
    """The same condition on other fields."""
    match node:
        case Both(terms=terms) | Either(terms=terms):
            return replace(node, terms=tuple(_changed(term, change) for term in terms))
        case Negated(term=term):
            return replace(node, term=_changed(term, change))
        case Compare(left=left, right=right):
            return replace(node, left=_changed(left, change), right=_changed(right, change))
        case Found(text=text, part=part):
            return replace(node, text=_changed(text, change), part=_changed(part, change))
        case OneOf(left=left):
            return replace(node, left=_changed(left, change))
        case _:
            return _changed_value(node, change)


def _changed_value(node: Value, change: Callable[[Field], Field]) -> Typed:
    match node:
        case Const():
            return node
        case Field():
            return change(node)
        case Size(field=field) | HasAll(field=field):
            return replace(node, field=change(field))
        case Quantified(field=field, body=body):
            inner = None if body is None else _changed(body, change)
            return replace(node, field=change(field), body=inner)
        case Op(args=args):
            return replace(node, args=tuple(_changed(arg, change) for arg in args))
        case IsOf(operand=operand):
            return replace(node, operand=_changed(operand, change))
        case _:
            assert_never(node)
