"""References: ``$field.path`` and ``$$variable.path``, known and counted."""

from __future__ import annotations

from typing import Any, Final

from hub.query.names import check_path
from hub.query.refusal import Path, bad, over
from hub.query.walk import Scope, Walk

SYSTEM: Final = frozenset({"ROOT", "CURRENT", "NOW", "REMOVE"})
"""The server's variables a client may name."""


def check_reference(walk: Walk, text: str, path: Path, scope: Scope) -> None:
    """Refuse a malformed path, and a variable that nothing bound."""
    variable, rest = "CURRENT", text[1:]
    if text.startswith("$$"):
        variable, dot, rest = text[2:].partition(".")
        if dot and not rest:
            raise bad("a reference must not end in a dot", path)
    elif not rest:
        raise bad("a reference must not be empty", path)
    if rest:
        check_path(rest, path, walk.limits)
    if variable not in scope.variables and variable not in SYSTEM:
        raise bad(f"$${variable[:64]} is not known here", path, f"$${variable}")
    if scope.builds:
        count_use(walk, variable, rest.partition(".")[0], path, scope)


def count_use(walk: Walk, variable: str, first: str, path: Path, scope: Scope) -> None:
    """Count data that is built into the result; ``first`` is the first name of its path.

    Inside ``$map`` only the element may be: of anything else there would be a copy for
    every element.
    """
    if variable in ("NOW", "REMOVE"):
        return
    if scope.element not in (None, variable):
        message = f"inside $map or $filter only $${scope.element} can be built into the result"
        raise bad(message, path)
    source = scope.variables.get(variable) or walk.document
    source.add(first)


def count_items(walk: Walk, value: list[Any] | dict[str, Any], path: Path, scope: Scope) -> None:
    """Count what ``$map`` makes of each element."""
    if scope.element is None:
        return
    uses = scope.variables[scope.element]
    uses.items += len(value)
    if uses.items > walk.limits.map_items_max:
        raise over("map_items_max", walk.limits.map_items_max, path)
