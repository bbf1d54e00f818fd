"""Conditions on one field as plain operators, which an index can serve.

Each gives None where only an expression can say it. The server looks into arrays by itself;
where a field is not known to hold none, the filter says that it must not.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, cast

from hub.query.odata.ast import Comparison
from hub.query.odata.functions import Kind
from hub.query.odata.patterns import escaped, fits
from hub.query.odata.stored import INVERSE, is_fine, is_finite, operators, stored
from hub.query.odata.typed import Compare, Const, Field, Found, HasAll, OneOf, Op, Search, Typed

Filter: TypeAlias = dict[str, Any]
Operators: TypeAlias = dict[str, Any]

NEVER: Final[Filter] = {"_id": {"$in": []}}
"""Matches nothing, and costs the server nothing."""
_TYPES: Final[dict[Kind, str]] = {"boolean": "bool", "number": "number", "datetime": "date"}
_ENDS_IN_NEWLINE: Final = {"$regex": "\\n$"}


def both(filters: list[Filter]) -> Filter:
    """All of some filters; none of them is everything."""
    found = [item for item in filters if item]
    if len(found) == 1:
        return found[0]
    return {"$and": found} if found else {}


def inverse(found: Filter) -> Filter:
    """Everything that a filter does not match."""
    return {"$nor": [found]}


def above(field: Field) -> list[str]:
    """The paths of the objects a field stands in, outermost first."""
    names = field.path.split(".")
    return [".".join(names[:count]) for count in range(1, len(names))]


def no_arrays_above(field: Field) -> Filter:
    """What keeps the server from looking into arrays on the way to a field."""
    if field.checked:
        return {}
    return {path: {"$not": {"$type": "array"}} for path in above(field)}


def here(field: Field, level: int) -> bool:
    """Whether a filter at this level can name the field."""
    return field.level == level and field.path != ""


def on(field: Field, found: Operators) -> Filter:
    """The filter that a field's own value, no member of an array, is as the operators say."""
    if field.checked and field.kind != "any":
        return {field.path: found}
    guarded = no_arrays_above(field)
    lone = {"$not": {"$type": "array"}}
    if "$not" in found:
        return {"$and": [{**guarded, field.path: found}, {field.path: lone}]}
    return {**guarded, field.path: {**found, **lone}}


def compared(field: Field, op: Comparison, const: Const, *, want: bool, unknown: bool) -> Filter:
    """A comparison of a field with a constant."""
    if op in ("eq", "ne"):
        return _equal(field, const, wanted=(op == "eq") is want)
    if const.value is None:
        return NEVER if want or unknown else {}
    if want or unknown:
        asked = op if want else INVERSE[op]
        return on(field, cast(Operators, operators(asked, const)))
    return inverse(on(field, cast(Operators, operators(op, const))))


def _equal(field: Field, const: Const, *, wanted: bool) -> Filter:
    found = operators("eq", const)
    if found is None:
        return NEVER if wanted else {}
    if wanted:
        return on(field, found)
    if field.checked and field.kind != "any":
        return {field.path: operators("ne", const)}
    return inverse(on(field, found))


def truth(field: Field, *, want: bool) -> Filter:
    """A field that is itself a condition."""
    return on(field, {"$eq": want})


def one_of(node: OneOf, field: Field, *, want: bool) -> Filter | None:
    """``in`` with constants that are stored as they are; None for the others."""
    found = listed(node)
    if found is None:
        return None
    if want:
        return on(field, {"$in": found})
    if field.checked and field.kind != "any":
        return {field.path: {"$nin": found}}
    return inverse(on(field, {"$in": found}))


def listed(node: OneOf) -> list[Any] | None:
    """The values of a list as they are stored; None if one has no single stored form."""
    values = node.values
    if any(const.kind == "time" or is_fine(const) or not is_finite(const) for const in values):
        return None
    return [stored(const) for const in node.values]


def spread(node: OneOf) -> list[Compare]:
    """A list as comparisons, one of which must hold."""
    return [Compare("eq", node.left, const) for const in node.values]


def searched(node: Found) -> tuple[Field, Operators] | None:
    """The field and the operators for a text found in it; None if no pattern can say it.

    A search in ``tolower(field)`` or ``toupper(field)`` is one that ignores case.
    """
    cased = _cased(node.text)
    if cased is None or not isinstance(node.part, Const):
        return None
    field, casing = cased
    part = str(node.part.value)
    if casing and part != getattr(part, casing)():
        return None
    found = _pattern(node.how, part)
    return None if found is None else (field, _ignoring(found) if casing else found)


def _ignoring(found: Operators) -> Operators:
    return {"$regex": found["$regex"], "$options": "i", **found} if "$regex" in found else found


def _cased(text: Typed) -> tuple[Field, str] | None:
    """A field and the method of a string that is applied to it, ``""`` for none."""
    match text:
        case Field():
            return text, ""
        case Op(name="tolower", args=(Field() as field,)):
            return field, "lower"
        case Op(name="toupper", args=(Field() as field,)):
            return field, "upper"
        case _:
            return None


def _pattern(how: Search, part: str) -> Operators | None:
    if part == "":
        return {"$type": "string"}
    if not fits(part):
        return None
    if how == "contains":
        return {"$regex": escaped(part)}
    if how == "startswith":
        return {"$regex": "^" + escaped(part)}
    return _ending(escaped(part)) if not part.endswith("\n") else None


def _ending(pattern: str) -> Operators:
    """``$`` stands before a last newline too, so a text that ends in one is left out."""
    return {"$regex": pattern + "$", "$not": _ENDS_IN_NEWLINE}


def same_in_any_case(node: Compare) -> tuple[Field, Operators] | None:
    """``tolower(field) eq 'text'`` as a pattern, which knows the letters of all languages."""
    cased = _cased(node.left)
    if cased is None or not cased[1] or not isinstance(node.right, Const):
        return None
    part = node.right.value
    if not isinstance(part, str) or not fits(part) or part.endswith("\n"):
        return None
    if part != getattr(part, cased[1])():
        return None
    return cased[0], _ignoring(_ending("^" + escaped(part)))


def of_kind(field: Field, target: Kind) -> Operators | None:
    """The operators for a value of a kind; None where no value can be of it."""
    if target in _TYPES:
        return {"$type": _TYPES[target]}
    if target == "integer":
        return {"$type": "number" if field.kind == "integer" else ["int", "long"]}
    if field.kind == target or (target == "string" and field.kind == "any"):
        return {"$type": "string"}
    return None


def has_all(node: HasAll) -> Filter:
    """A collection with all of some values."""
    field = node.field
    if not node.values:
        return {}
    found = {"$type": "array", "$all": [stored(const) for const in node.values]}
    return {**no_arrays_above(field), field.path: found}


def of_size(field: Field, op: Comparison, const: Const) -> Filter | None:
    """``field/$count eq 3``"""
    count = const.value
    if op != "eq" or type(count) is not int or not 1 <= count < 2**31:
        return None
    return {**no_arrays_above(field), field.path: {"$size": count}}
