"""Filters: what a client may ask of a document, operator by operator.

``_id`` is an ObjectId inside and 24 hexadecimal digits outside; where a filter speaks of
the ``_id`` of stored documents, the digits become the id, in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hub.query import ejson
from hub.query.expressions import check_expression
from hub.query.literals import check_literal
from hub.query.names import check_path
from hub.query.operands import OPERANDS, check_regex
from hub.query.refusal import Path, bad, over
from hub.query.tables import QUERY
from hub.query.walk import Scope, Walk


@dataclass(frozen=True, slots=True)
class Where:
    """What may stand in a filter, by where the filter itself stands."""

    ids: bool = True
    """Documents still carry their stored ``_id``."""
    whole: bool = True
    """The filter is on documents, not on elements of an array."""


def check_filter(walk: Walk, value: Any, path: Path, where: Where) -> None:
    """Check one filter document."""
    if type(value) is not dict:
        raise bad("a filter must be an object", path)
    for key, operand in value.items():
        here = (path, key)
        if key.startswith("$"):
            walk.judge(QUERY.get(key), key, here)
            check = TOP.get(key)
            if check is None:
                raise bad(f"{key} must stand under a field", here, key)
            check(walk, operand, here, where)
        else:
            check_path(key, here, walk.limits)
            _check_field(walk, value, here, where)


def _check_field(walk: Walk, holder: dict[str, Any], here: tuple[Path, str], where: Where) -> None:
    name = here[1]
    operand = holder[name]
    ids = where.ids and where.whole and name == "_id"
    if type(operand) is dict:
        if any(key.startswith("$") for key in operand):
            check_operators(walk, operand, here, where, ids)
        else:
            check_literal(walk, operand, here)
    elif type(operand) is list:
        check_literal(walk, operand, here)
    elif ids:
        holder[name] = _as_id(operand)


def check_operators(walk: Walk, value: Any, path: Path, where: Where, ids: bool) -> None:
    """Check the operators on one field, ``{"$gte": 20, "$lt": 30}``."""
    for key, operand in value.items():
        here = (path, key)
        walk.judge(QUERY.get(key) if key[:1] == "$" else None, key, here)
        check = OPERANDS.get(key)
        if check is not None:
            check(walk, operand, here)
            if ids and key in _OF_VALUES:
                value[key] = _as_ids(operand)
        elif key in NESTED:
            NESTED[key](walk, value, here, where, ids)
        else:
            raise bad(f"{key} must not stand under a field", here, key)


def _as_id(value: Any) -> Any:
    found = ejson.object_id(value) if type(value) is str else None
    return value if found is None else found


def _as_ids(value: Any) -> Any:
    return [_as_id(item) for item in value] if type(value) is list else _as_id(value)


def _check_logical(walk: Walk, value: Any, path: tuple[Path, str], where: Where) -> None:
    name = path[1]
    if type(value) is not list or not value:
        raise bad(f"{name} takes an array of filters, one or more", path, name)
    for at, item in enumerate(value):
        walk.later(check_filter, item, (path, at), where)


def _check_expr(walk: Walk, value: Any, path: tuple[Path, str], where: Where) -> None:
    if not where.whole:
        raise bad("$expr must not stand inside $elemMatch", path, "$expr")
    walk.later(check_expression, value, path, Scope())


def _check_not(
    walk: Walk, holder: dict[str, Any], here: tuple[Path, str], where: Where, ids: bool
) -> None:
    operand = holder["$not"]
    if type(operand) is not dict or not operand:
        raise bad("$not takes operators, one or more", here, "$not")
    walk.later(check_operators, operand, here, where, ids)


def _check_elem_match(
    walk: Walk, holder: dict[str, Any], here: tuple[Path, str], where: Where, ids: bool
) -> None:
    operand = holder["$elemMatch"]
    if type(operand) is not dict:
        raise bad("$elemMatch takes an object", here, "$elemMatch")
    inside = Where(ids=False, whole=False)
    first = next(iter(operand), "")
    if first.startswith("$") and first not in _LOGICAL:
        walk.later(check_operators, operand, here, inside, False)
    else:
        walk.later(check_filter, operand, here, inside)


def _check_all(
    walk: Walk, holder: dict[str, Any], here: tuple[Path, str], where: Where, ids: bool
) -> None:
    operand = holder["$all"]
    if type(operand) is not list:
        raise bad("$all takes an array", here, "$all")
    if len(operand) > walk.limits.in_max:
        raise over("in_max", walk.limits.in_max, here, "$all")
    matches = [type(item) is dict and set(item) == {"$elemMatch"} for item in operand]
    if any(matches) and not all(matches):
        raise bad("$all takes values, or $elemMatch only", here, "$all")
    for at, item in enumerate(operand):
        if matches[at]:
            walk.later(check_operators, item, (here, at), where, False)
        else:
            check_literal(walk, item, (here, at))
    if ids:
        holder["$all"] = _as_ids(operand)


def _check_regex(
    walk: Walk, holder: dict[str, Any], here: tuple[Path, str], where: Where, ids: bool
) -> None:
    if "$regex" not in holder:
        raise bad("$options needs a $regex beside it", here, "$options")
    check_regex(walk, holder, here[0])


_LOGICAL: Final = frozenset({"$and", "$or", "$nor"})
_OF_VALUES: Final = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"})

TOP: Final[dict[str, Callable[[Walk, Any, tuple[Path, str], Where], None]]] = {
    **dict.fromkeys(_LOGICAL, _check_logical),
    "$expr": _check_expr,
}
"""Operators that stand beside fields."""

NESTED: Final[dict[str, Callable[[Walk, dict[str, Any], tuple[Path, str], Where, bool], None]]] = {
    "$not": _check_not,
    "$elemMatch": _check_elem_match,
    "$all": _check_all,
    **dict.fromkeys(("$regex", "$options"), _check_regex),
}
"""Operators under a field whose operand holds more than a value, or needs its neighbours."""
