"""Parameter aliases put in their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from hub.query.odata.ast import (
    Alias,
    And,
    Binary,
    Call,
    Count,
    Expression,
    Items,
    Lambda,
    Literal,
    Negate,
    Not,
    Or,
    Path,
    TypeName,
    children,
    walked,
)
from hub.query.odata.refusal import unsupported
from hub.query.odata.size import check_size


def resolved(tree: Expression, aliases: Mapping[str, Expression]) -> Expression:
    """The tree with every alias replaced; one that was given no value is null.

    Args:
        aliases: trees by the names of their aliases, without the sign.

    Raises:
        UnsupportedOData: the value of an alias holds an alias.
        QueryTooComplex: the whole is over a bound.
    """
    if not any(isinstance(node, Alias) for node, _ in walked(tree)):
        return tree
    whole = _put(tree, aliases)
    check_size(whole)
    return whole


def _put(node: Expression, aliases: Mapping[str, Expression]) -> Expression:
    match node:
        case Alias(name=name, at=at):
            return _value(aliases.get(name), at)
        case Literal() | Path() | TypeName() | Count():
            return node
        case Items() | Call() | And() | Or():
            return _put_all(node, aliases)
        case Negate(operand=operand) | Not(operand=operand):
            return replace(node, operand=_put(operand, aliases))
        case Binary(left=left, right=right):
            return replace(node, left=_put(left, aliases), right=_put(right, aliases))
        case Lambda(body=body):
            return node if body is None else replace(node, body=_put(body, aliases))
        case _:
            assert_never(node)


def _put_all(node: Items | Call | And | Or, aliases: Mapping[str, Expression]) -> Expression:
    inner = tuple(_put(child, aliases) for child in children(node))
    match node:
        case Items():
            return replace(node, items=inner)
        case Call():
            return replace(node, args=inner)
        case And() | Or():
            return replace(node, terms=inner)
        case _:
            assert_never(node)


def _value(found: Expression | None, at: int) -> Expression:
    if found is None:
        return Literal(None, "null", at)
    if any(isinstance(node, Alias) for node, _ in walked(found)):
        raise unsupported("a parameter alias in the value of another", at)
    return found
