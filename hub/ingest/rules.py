"""What a document may hold: the names and values that are stored as they were sent.

``fits`` answers in the time of one walk and says nothing more; ``explain`` walks again, only
for a document that did not fit, and names the first offence and its path.
"""

from __future__ import annotations

import math
from typing import Any

from hub.errors import BadDocument
from hub.ingest.text import RepeatedName

INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1
DOUBTFUL_FLOAT = float(1 << 63)
"""A float this large may be an integer that the fast reader could not hold."""

_KNOWN_NAMES: set[str] = set()
_KNOWN_NAMES_MAX = 10_000


def fits(value: Any, depth: int) -> bool:
    """Whether ``value`` obeys every rule, with at most ``depth`` levels of nesting.

    False may also mean "doubtful": ask ``explain`` of the exact reading.
    """
    kind = type(value)
    if kind is dict:
        return depth > 0 and _object_fits(value, depth)
    if kind is list:
        return depth > 0 and all(fits(item, depth - 1) for item in value)
    if kind is float:
        return bool(-DOUBTFUL_FLOAT < value < DOUBTFUL_FLOAT)
    if kind is int:
        return bool(INT_MIN <= value <= INT_MAX)
    return kind is str or kind is bool or value is None


def _object_fits(value: dict[str, Any], depth: int) -> bool:
    for name, item in value.items():
        if name not in _KNOWN_NAMES and not _learn(name):
            return False
        kind = type(item)
        if kind is str or kind is bool:
            continue
        if not fits(item, depth - 1):
            return False
    return True


def _learn(name: str) -> bool:
    if fault_of_name(name):
        return False
    if len(_KNOWN_NAMES) < _KNOWN_NAMES_MAX:
        _KNOWN_NAMES.add(name)
    return True


def fault_of_name(name: str) -> str | None:
    """Why a field may not be called so; None where it may."""
    if not name:
        return "a field name is empty"
    if name[0] == "_":
        return "field names that start with '_' belong to the hub"
    if name[0] == "$":
        return "a field name starts with '$'"
    if "\0" in name:
        return "a field name holds a NUL character"
    if "." in name:
        return "a field name holds a '.', which queries read as a path; nest an object instead"
    return _fault_of_text(name)


def explain(document: Any, depth_max: int) -> None:
    """Find what is wrong with a document that was read by ``text.exact``.

    Returns when nothing is.

    Raises:
        BadDocument: the first offence in reading order, with its ``path`` (``$.a.b[3]``).
    """
    if not isinstance(document, dict):
        raise BadDocument("a document is a JSON object", path="$")
    stack: list[tuple[str, Any, int]] = [("$", document, 1)]
    while stack:
        path, value, depth = stack.pop()
        if isinstance(value, (dict, list)):
            if depth > depth_max:
                raise BadDocument(f"nested deeper than {depth_max} levels", path=path)
            stack.extend(reversed(_children(path, value, depth + 1)))
        elif fault := _fault_of_scalar(value):
            raise BadDocument(fault, path=path)


def _children(path: str, value: Any, depth: int) -> list[tuple[str, Any, int]]:
    if isinstance(value, list):
        return [(f"{path}[{index}]", item, depth) for index, item in enumerate(value)]
    if isinstance(value, RepeatedName):
        raise BadDocument("a field name stands twice in one object", path=f"{path}.{value.name}")
    for name in value:
        if fault := fault_of_name(name):
            raise BadDocument(fault, path=_shown(f"{path}.{name}"))
    return [(f"{path}.{name}", item, depth) for name, item in value.items()]


def _fault_of_scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return _fault_of_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN and Infinity are not JSON numbers"
    if isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        return "an integer is beyond 64 bits"
    return None


def _fault_of_text(text: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "a string holds half of a surrogate pair"
    return None


def _shown(path: str) -> str:
    return path.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")
