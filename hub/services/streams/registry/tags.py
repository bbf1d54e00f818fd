"""A stream's tags: what may be one, how two sets are combined, which streams have some."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import orjson

from hub.errors import BadStream
from hub.query.tags import RESERVED
from hub.values import Document

TAGS_BYTES_MAX = 64 * 1024
"""Of a set of tags, written as compact JSON."""
TAGS_DEPTH_MAX = 16
"""Objects and lists inside one another."""
INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1


def check(tags: Document, path: str) -> None:
    """Refuse what cannot be kept as tags, or not be found again.

    Args:
        path: where the tags stand, like ``$.tags``.

    Raises:
        BadStream: with the ``path`` of the first offence found.
    """
    if reserved := sorted(RESERVED & tags.keys()):
        name = reserved[0]
        raise BadStream(f"{name} is the stream's own, and no tag", path=f"{path}.{name}")
    stack: list[tuple[Any, str, int]] = [(tags, path, 1)]
    while stack:
        value, at, depth = stack.pop()
        if not isinstance(value, (dict, list)):
            if fault := _fault_of_scalar(value):
                raise BadStream(fault, path=at)
            continue
        if depth > TAGS_DEPTH_MAX:
            raise BadStream(
                f"tags are nested deeper than {TAGS_DEPTH_MAX}", path=at, max=TAGS_DEPTH_MAX
            )
        stack.extend((inner, where, depth + 1) for inner, where in _children(value, at))
    if len(orjson.dumps(tags)) > TAGS_BYTES_MAX:
        raise BadStream(
            f"tags are over {TAGS_BYTES_MAX} bytes of JSON", path=path, max=TAGS_BYTES_MAX
        )


def combined(query_tags: Document, tags: Document, path: str = "$.tags") -> Document:
    """Both sets in one, name by name.

    Raises:
        BadStream: a tag says something else than the query tags, so that these would not find
            the stream again.
    """
    result = dict(query_tags)
    for name, value in tags.items():
        at = f"{path}.{name}"
        if name not in query_tags:
            result[name] = value
            continue
        sought = query_tags[name]
        if sought and isinstance(sought, dict) and isinstance(value, dict):
            result[name] = combined(sought, value, at)
        elif differ(sought, value):
            raise BadStream("the tag contradicts the query tags", path=at)
    return result


def differ(one: Any, other: Any) -> bool:
    """Whether two values are not the same JSON; ``1`` and ``true`` are not."""
    return _canonical(one) != _canonical(other)


def matching(query_tags: Document) -> Document:
    """The MongoDB query for streams whose tags equal these in every leaf."""
    conditions = [
        {f"tags.{path}": {"$eq": value, "$exists": True}} for path, value in _leaves(query_tags)
    ]
    return {"$and": conditions}


def _leaves(tags: Document, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tags.items():
        if value and isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield before + name, value


def _children(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, list):
        yield from ((item, f"{path}[{index}]") for index, item in enumerate(value))
        return
    for name, item in value.items():
        if fault := _fault_of_name(name):
            shown = name.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()
            raise BadStream(fault, path=f"{path}.{shown}")
        yield item, f"{path}.{name}"


def _fault_of_name(name: str) -> str | None:
    if not name:
        return "a tag's name is empty"
    if "__" in name:
        return "a tag's name holds __, which stands between names in a filter"
    if name[0] == "$" or "." in name or "\0" in name:
        return "a tag's name begins with $, or holds a dot or a NUL character"
    return _fault_of_scalar(name)


def _fault_of_scalar(value: Any) -> str | None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "a string holds half of a surrogate pair"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN and Infinity are not JSON numbers"
    if isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        return "an integer is beyond 64 bits"
    return None


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
