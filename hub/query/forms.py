"""The ways to write the operands of an expression.

Each form takes the operand of one operator and returns its parts: the expressions inside,
each with its place and what it sees. Nothing here goes into the parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hub.query.expression_table import Expression
from hub.query.literals import check_literal
from hub.query.names import check_path
from hub.query.references import count_use
from hub.query.refusal import Path, bad
from hub.query.walk import Scope, Walk

Here: TypeAlias = tuple[Path, str]
"""The place of an operator; its name is the last key."""
Parts: TypeAlias = list[tuple[Any, Path, Scope]]

UNITS: Final = frozenset(
    ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"]
)

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS: Final[dict[str, frozenset[str]]] = {
    "unit": UNITS,
    "startOfWeek": frozenset([*_DAYS, *(day[:3] for day in _DAYS)]),
    "method": frozenset({"approximate"}),
}
"""Arguments that are one of a few words, when they are written as a constant."""


def arguments(
    operand: Any, here: Here, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The arguments of an operator that takes them by name.

    Raises:
        BadQuery: one is missing or not known.
    """
    name = here[1]
    if type(operand) is not dict:
        raise bad(f"{name} takes an object", here, name)
    for key in operand:
        if key not in required and key not in optional:
            raise bad(f"{name} has no argument {key[:64]}", (here, key), name)
    missing = sorted(required - operand.keys())
    if missing:
        raise bad(f"{name} needs {', '.join(missing)}", here, name)
    return operand


def as_list(rule: Expression, operand: Any, here: Here, scope: Scope) -> Parts:
    """One operand, or an array of them."""
    operands = operand if type(operand) is list else [operand]
    if not rule.least <= len(operands) <= rule.most:
        wanted = str(rule.least) if rule.least == rule.most else f"{rule.least} or more"
        raise bad(f"{here[1]} takes {wanted} operands", here, here[1])
    if type(operand) is not list:
        return [(operand, here, scope)]
    return [(item, (here, at), scope) for at, item in enumerate(operand)]


def as_named(walk: Walk, rule: Expression, operand: Any, here: Here, scope: Scope) -> Parts:
    """An object of arguments."""
    parts: Parts = []
    for key, value in arguments(operand, here, rule.required, rule.optional).items():
        place = (here, key)
        special = _SPECIAL.get((here[1], key))
        if special:
            special(walk, value, place)
        elif type(value) is list and key in ("inputs", "defaults"):
            parts += [(item, (place, at), scope) for at, item in enumerate(value)]
        else:
            check_word(key, value, place, here[1])
            parts.append((value, place, scope))
    return parts


def check_word(key: str, value: Any, place: Path, name: str) -> None:
    """Refuse a constant that is not one of the few words its argument takes."""
    words = _WORDS.get(key)
    computed = type(value) is dict or (type(value) is str and value.startswith("$"))
    if words is None or computed:
        return
    if type(value) is not str or value.lower() not in words:
        raise bad(f"{key} must be one of {', '.join(sorted(words))}", place, name)


def check_directions(walk: Walk, value: Any, place: Here) -> None:
    """A sort inside an operator: ``1``, ``-1``, or fields with one of them."""
    fields = value if type(value) is dict else {"": value}
    if not 1 <= len(fields) <= walk.limits.sort_keys_max:
        raise bad(f"sortBy takes 1 to {walk.limits.sort_keys_max} fields", place)
    for name, way in fields.items():
        here = (place, name) if type(value) is dict else place
        if type(value) is dict:
            check_path(name, here, walk.limits)
        if isinstance(way, bool) or way not in (1, -1):
            raise bad("the direction of a sort is 1 or -1", here)


def _check_field_name(walk: Walk, value: Any, place: Here) -> None:
    """A constant name; one that is computed could name anything."""
    literal = type(value) is dict and value.keys() == {"$literal"}
    name = value["$literal"] if literal else value
    if type(name) is not str or (name.startswith("$") and not literal):
        raise bad("the name of a field must be a constant string", place, "$getField")
    if "\0" in name:
        raise bad("the name of a field must not hold the character NUL", place, "$getField")


def _cond(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    if type(operand) is list and len(operand) == 3:
        keys: list[str | int] = [0, 1, 2]
        parts = operand
    else:
        found = arguments(operand, here, frozenset({"if", "then", "else"}))
        keys = ["if", "then", "else"]
        parts = [found["if"], found["then"], found["else"]]
    scopes = (scope.building(False), scope, scope)
    return [(part, (here, key), s) for part, key, s in zip(parts, keys, scopes, strict=True)]


def _switch(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    found = arguments(operand, here, frozenset({"branches"}), frozenset({"default"}))
    branches = found["branches"]
    if type(branches) is not list or not branches:
        raise bad("$switch takes branches, one or more", (here, "branches"), here[1])
    parts: Parts = []
    for at, branch in enumerate(branches):
        place = ((here, "branches"), at)
        if type(branch) is not dict or branch.keys() != {"case", "then"}:
            raise bad("a branch has case and then", place, here[1])
        parts.append((branch["case"], (place, "case"), scope.building(False)))
        parts.append((branch["then"], (place, "then"), scope))
    if "default" in found:
        parts.append((found["default"], (here, "default"), scope))
    return parts


def _literal(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    check_literal(walk, operand, here)
    return []


def _rand(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    if operand not in ({}, []):
        raise bad("$rand takes {}", here, here[1])
    return []


def _date(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    if type(operand) is dict and "date" in operand:
        found = arguments(operand, here, frozenset({"date"}), frozenset({"timezone"}))
        return [(value, (here, key), scope) for key, value in found.items()]
    if type(operand) is list and len(operand) != 1:
        raise bad(f"{here[1]} takes one date", here, here[1])
    return [(operand, here, scope)] if type(operand) is not list else [(operand[0], here, scope)]


def _get_field(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    if type(operand) is not dict or "$literal" in operand:
        _check_field_name(walk, operand, here)
        if scope.builds:
            count_use(walk, "CURRENT", "", here, scope)
        return []
    found = arguments(operand, here, frozenset({"field"}), frozenset({"input"}))
    _check_field_name(walk, found["field"], (here, "field"))
    return [(found.get("input", "$$CURRENT"), (here, "input"), scope)]


_SPECIAL: Final[dict[tuple[str, str], Callable[[Walk, Any, Here], None]]] = {
    ("$sortArray", "sortBy"): check_directions,
    ("$setField", "field"): _check_field_name,
    ("$unsetField", "field"): _check_field_name,
}
"""Arguments that are not expressions."""

FORMS: Final[dict[str, Callable[[Walk, Any, Here, Scope], Parts]]] = {
    "cond": _cond,
    "switch": _switch,
    "literal": _literal,
    "rand": _rand,
    "date": _date,
    "field": _get_field,
}
"""The forms of single operators that bind no variable."""
