"""Expressions: what an analyst may compute of a document.

Strings that begin with ``$`` are references, objects with one ``$`` key are operators,
everything else is a constant or a new array or object.
"""

from __future__ import annotations

from typing import Any

from hub.query.binding import BINDING
from hub.query.expression_table import EXPRESSIONS, Expression
from hub.query.forms import FORMS, Here, Parts, as_list, as_named
from hub.query.names import check_name
from hub.query.references import check_reference, count_items
from hub.query.refusal import Path, bad
from hub.query.walk import Scope, Walk


def check_expression(walk: Walk, value: Any, path: Path, scope: Scope) -> None:
    """Check one expression, and leave its parts for later."""
    kind = type(value)
    if kind is str:
        if value.startswith("$"):
            check_reference(walk, value, path, scope)
    elif kind is list:
        count_items(walk, value, path, scope)
        built = scope.building(True)
        for at, item in enumerate(value):
            walk.later(check_expression, item, (path, at), built)
    elif kind is dict:
        if next(iter(value), "").startswith("$"):
            _check_operator(walk, value, path, scope)
        else:
            _check_object(walk, value, path, scope)


def _check_object(walk: Walk, value: dict[str, Any], path: Path, scope: Scope) -> None:
    count_items(walk, value, path, scope)
    built = scope.building(True)
    for key, item in value.items():
        check_name(key, (path, key))
        walk.later(check_expression, item, (path, key), built)


def _check_operator(walk: Walk, value: dict[str, Any], path: Path, scope: Scope) -> None:
    name = next(iter(value))
    here = (path, name)
    rule = EXPRESSIONS.get(name)
    walk.judge(rule, name, here)
    if rule is None or len(value) != 1:
        raise bad("an expression holds one operator and nothing beside it", here, name)
    if rule.grows:
        walk.grower(name, here)
    inside = scope if rule.kind == "passes" else scope.building(rule.kind == "builds")
    for part in _parts(walk, rule, value[name], here, inside):
        walk.later(check_expression, *part)


def _parts(walk: Walk, rule: Expression, operand: Any, here: Here, scope: Scope) -> Parts:
    match rule.form:
        case "list":
            return as_list(rule, operand, here, scope)
        case "named":
            return as_named(walk, rule, operand, here, scope)
        case "let" | "map" | "filter" | "range":
            return BINDING[rule.form](walk, operand, here, scope)
        case _:
            return FORMS[rule.form](walk, operand, here, scope)
