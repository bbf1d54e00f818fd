"""The first look at a query: count it, bound it, decode its leaves, take a copy of our own.

Runs before any other rule and without recursion, so neither a deep nor a wide query can
cost more than its limits. The rules that follow walk the copy, which the caller cannot
change behind their back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.objectid import ObjectId

from hub.query import ejson
from hub.query.limits import Limits
from hub.query.refusal import Path, bad, over

_Todo: TypeAlias = "list[tuple[Any, Any, Any, int, Path]]"


def copied(raw: object, limits: Limits) -> Any:
    """A bounded copy of ``raw``, its wrappers decoded, its order kept.

    Raises:
        QueryTooComplex: too deep, too many values, or too long a string.
        BadQuery: a value that is no JSON value and no leaf of ours, or a malformed leaf.
    """
    root: list[Any] = [None]
    todo: _Todo = [(raw, root, 0, 1, None)]
    nodes = 1
    while todo:
        value, parent, place, depth, path = todo.pop()
        kind = type(value)
        if kind is not list and (kind is not dict or ejson.is_wrapper(value)):
            parent[place] = _leaf(value, path, limits)
            continue
        nodes += len(value)
        _within(depth, nodes, path, limits)
        copy: Any = dict.fromkeys(value) if kind is dict else [None] * len(value)
        parent[place] = copy
        items = value.items() if kind is dict else enumerate(value)
        _children(items, copy, (todo, depth + 1, path), limits)
    return root[0]


def _within(depth: int, nodes: int, path: Path, limits: Limits) -> None:
    if depth > limits.depth_max:
        raise over("depth_max", limits.depth_max, path)
    if nodes > limits.nodes_max:
        raise over("nodes_max", limits.nodes_max, path)


def _children(items: Any, copy: Any, at: tuple[_Todo, int, Path], limits: Limits) -> None:
    """Copy the leaves at once and leave the containers for later."""
    todo, depth, path = at
    for key, item in items:
        if type(copy) is dict:
            _key(key, path, limits)
        if type(item) is dict or type(item) is list:
            todo.append((item, copy, key, depth, (path, key)))
        elif type(item) is int and -0x80000000 <= item <= 0x7FFFFFFF:
            copy[key] = item
        else:
            copy[key] = _leaf(item, (path, key), limits)


def _key(key: object, path: Path, limits: Limits) -> None:
    if type(key) is not str:
        raise bad("a key must be a string", path)
    if key == "_bsontype":
        raise bad("_bsontype is not accepted", (path, key), key)
    if "\0" in key:
        raise bad("a key must not hold the character NUL", (path, key))
    text(key, (path, key), limits)


def _leaf(value: Any, path: Path, limits: Limits) -> Any:
    check = LEAVES.get(type(value))
    if check is None:
        raise bad(f"a value of type {type(value).__name__} is not accepted", path)
    return check(value, path, limits)


def text(value: str, path: Path, limits: Limits) -> str:
    """Refuse a string that is too long or that UTF-8 cannot write."""
    size = len(value)
    if not value.isascii():
        try:
            size = len(value.encode())
        except UnicodeEncodeError as exc:
            raise bad("the string is not valid Unicode", path) from exc
    if size > limits.string_bytes_max:
        raise over("string_bytes_max", limits.string_bytes_max, path)
    return value


LEAVES: Final[dict[type, Callable[[Any, Path, Limits], Any]]] = {
    str: text,
    bool: lambda value, path, limits: value,
    type(None): lambda value, path, limits: value,
    ObjectId: lambda value, path, limits: value,
    int: lambda value, path, limits: ejson.integer(value, path),
    Int64: lambda value, path, limits: ejson.integer(value, path),
    float: lambda value, path, limits: ejson.number(value, path),
    Decimal128: lambda value, path, limits: ejson.decimal(value, path),
    datetime: lambda value, path, limits: ejson.moment(value, path),
    dict: lambda value, path, limits: ejson.decode(value, path),
}
"""What a leaf may be; the only dictionaries that come here are wrappers."""
