"""Stages that choose and compute fields: ``$project``, ``$addFields``, ``$unset``, ``$sort``."""

from __future__ import annotations

from typing import Any

from hub.query.expressions import check_expression
from hub.query.names import check_path, collision
from hub.query.refusal import Path, bad, over, reserved
from hub.query.walk import Scope, Walk


def leaves(value: Any, path: Path) -> list[tuple[str, Any, Path]]:
    """The fields a document of fields speaks of, its plain nested objects opened.

    ``{"a": {"b": 1}, "c.d": {"$abs": "$x"}}`` has the leaves ``a.b`` and ``c.d``.
    """
    found: list[tuple[str, Any, Path]] = []
    todo: list[tuple[str, Any, Path]] = [("", value, path)]
    while todo:
        prefix, fields, place = todo.pop()
        for key, item in fields.items():
            name, here = prefix + key, (place, key)
            if type(item) is dict and item and not next(iter(item)).startswith("$"):
                todo.append((name + ".", item, here))
            else:
                found.append((name, item, here))
    return found


def _fields(walk: Walk, value: Any, here: tuple[Path, str]) -> list[tuple[str, Any, Path]]:
    name = here[1]
    if type(value) is not dict or not value:
        raise bad(f"{name} takes an object of fields, one or more", here, name)
    found = leaves(value, here)
    for field, _, place in found:
        check_path(field, place, walk.limits)
    _check_collision([field for field, _, _ in found], here)
    return found


def _check_collision(names: list[str], here: tuple[Path, str]) -> None:
    twice = collision(names)
    if twice:
        raise bad(f"{twice[:64]} stands inside another field, or twice", here, here[1])


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1))


def check_project(walk: Walk, value: Any, here: tuple[Path, str]) -> bool:
    """``$project``: 0 and 1 for everybody, expressions for an analyst.

    Returns:
        Whether documents keep their stored ``_id``.
    """
    flags: set[bool] = set()
    keeps = True
    for name, item, place in _fields(walk, value, here):
        if _is_flag(item):
            if name != "_id":
                flags.add(bool(item))
            keeps = keeps and (name != "_id" or bool(item))
        elif isinstance(item, int | float):
            raise bad("a field is chosen with 1 or left out with 0", place, "$project")
        else:
            keeps = keeps and name.partition(".")[0] != "_id"
            flags.add(True)
            _compute(walk, item, place)
    if len(flags) > 1:
        raise bad("$project either chooses fields or leaves fields out", here, "$project")
    return keeps


def _compute(walk: Walk, item: Any, place: Path) -> None:
    walk.later(check_expression, item, place, Scope())
    if not walk.analyst:
        walk.run()  # what nobody may use is named before the scope that is missing
        raise reserved("$project", place)


def check_add_fields(walk: Walk, value: Any, here: tuple[Path, str]) -> bool:
    """``$addFields`` and ``$set``; returns whether documents keep their stored ``_id``."""
    found = _fields(walk, value, here)
    for _, item, place in found:
        walk.later(check_expression, item, place, Scope())
    return all(name.partition(".")[0] != "_id" for name, _, _ in found)


def check_unset(walk: Walk, value: Any, here: tuple[Path, str]) -> bool:
    """``$unset``; returns whether documents keep their stored ``_id``."""
    names = value if type(value) is list else [value]
    if not names or not all(type(name) is str for name in names):
        raise bad("$unset takes a field, or an array of fields", here, "$unset")
    for name in names:
        check_path(name, here, walk.limits)
    _check_collision(names, here)
    return all(name.partition(".")[0] != "_id" for name in names)


def check_sort(walk: Walk, value: Any, here: tuple[Path, str]) -> None:
    """``$sort``, and every ``sortBy`` of a stage."""
    name = here[1]
    if type(value) is not dict or not value:
        raise bad(f"{name} takes an object of fields, one or more", here, name)
    if len(value) > walk.limits.sort_keys_max:
        raise over("sort_keys_max", walk.limits.sort_keys_max, here, name)
    for field, way in value.items():
        place = (here, field)
        check_path(field, place, walk.limits)
        if isinstance(way, bool) or way not in (1, -1):
            raise bad("the direction of a sort is 1 or -1", place, name)
