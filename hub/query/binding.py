"""The forms that bind variables or repeat: ``$let``, ``$map``, ``$filter``, ``$range``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from hub.query.forms import Here, Parts, arguments
from hub.query.operands import whole
from hub.query.refusal import Path, bad, over
from hub.query.walk import Scope, Walk

_VARIABLE: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,63}", re.ASCII)


def _check_variable(name: Any, path: Path, operator: str) -> str:
    if type(name) is not str or not _VARIABLE.fullmatch(name):
        raise bad("a variable is a small letter, then letters, digits and _", path, operator)
    return name


def _let(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    found = arguments(operand, here, frozenset({"vars", "in"}))
    variables = found["vars"]
    place = (here, "vars")
    if type(variables) is not dict:
        raise bad("vars must be an object", place, "$let")
    names = [_check_variable(name, (place, name), "$let") for name in variables]
    inside = scope.binding({name: walk.bind() for name in names})
    parts: Parts = [
        (value, (place, name), scope.building(True)) for name, value in variables.items()
    ]
    return [*parts, (found["in"], (here, "in"), inside)]


def _element(walk: Walk, found: dict[str, Any], here: Here, scope: Scope) -> Scope:
    """What the body sees, run once for every element."""
    if scope.element is not None:
        raise bad(f"{here[1]} must not stand inside the body of $map or $filter", here, here[1])
    name = _check_variable(found.get("as", "this"), (here, "as"), here[1])
    return replace(scope.binding({name: walk.bind()}), element=name)


def _map(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    found = arguments(operand, here, frozenset({"input", "in"}), frozenset({"as"}))
    body = _element(walk, found, here, scope).building(True)
    return [(found["input"], (here, "input"), scope), (found["in"], (here, "in"), body)]


def _filter(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    required, optional = frozenset({"input", "cond"}), frozenset({"as", "limit"})
    found = arguments(operand, here, required, optional)
    body = _element(walk, found, here, scope).building(False)
    parts: Parts = [
        (found["input"], (here, "input"), scope),
        (found["cond"], (here, "cond"), body),
    ]
    if "limit" in found:
        parts.append((found["limit"], (here, "limit"), scope.building(False)))
    return parts


def _range(walk: Walk, operand: Any, here: Here, scope: Scope) -> Parts:
    if scope.element is not None:
        raise bad("$range must not stand inside the body of $map or $filter", here, "$range")
    ends = [whole(end) for end in operand] if type(operand) is list else []
    known = [end for end in ends if end is not None and -(2**31) <= end < 2**31]
    if len(known) != len(ends) or len(ends) not in (2, 3):
        raise bad("$range takes [start, end, step], constant 32-bit numbers", here, "$range")
    if len(known) == 3 and known[2] == 0:
        raise bad("the step of $range must not be 0", here, "$range")
    if len(range(*known)) > walk.limits.range_max:
        raise over("range_max", walk.limits.range_max, here, "$range")
    return []


BINDING: Final[dict[str, Callable[[Walk, Any, Here, Scope], Parts]]] = {
    "let": _let,
    "map": _map,
    "filter": _filter,
    "range": _range,
}
