"""What a stream of each value type takes as the value of a datapoint, and how it is kept.

Source: reference of the Datastream API, section 3.2.
"""

from __future__ import annotations

import math
import sys
from typing import Any, Final

from hub.errors import Invalid
from hub.series.exact import identity
from hub.series.names import STORED_VALUES, VALUE_LETTERS, ValueType
from hub.series.parts import INT_MAX, INT_MIN

DEPTH_MAX: Final = 32
"""Objects and arrays inside one another in one value."""
COUNT_MAX: Final = 2**31 - 1
"""The most values that one appended downsampled object may stand for; sums of counts times
seconds stay within 64 bits."""

_FLOAT_MAX: Final = int(sys.float_info.max)
_SHOWN_CHARS: Final = 64
_SCALARS: Final = "a text, a number or a boolean"


def check_value(value_type: ValueType, value: Any, downsamplers: tuple[str, ...]) -> None:
    """Refuse a value that a stream does not take. Null is taken by every stream.

    Args:
        value: as JSON or BSON was read: None, bool, int, float, str, list, dict.
        downsamplers: full names of the stream's value downsamplers. An appended downsampled
            object of a numeric stream has the letters of all those that are stored.

    Raises:
        Invalid: ``path`` in the detail says where, from ``v``: ``v.e[2].t``.
    """
    if value is None:
        return
    if value_type == "numeric":
        _check_numeric(value, downsamplers)
        return
    _check_json(value, "v", 0)
    if value_type == "graph":
        _check_graph(value)


def storable(value: Any) -> Any:
    """A value that ``check_value`` let pass, as it is stored.

    Integers beyond 64 bits become floats, wherever they stand, and the others plain ``int``
    (MongoDB's own come as a kind of their own); all else stays as it is.
    """
    if _is_number(value) and isinstance(value, int):
        return int(value) if INT_MIN <= value <= INT_MAX else float(value)
    if type(value) is list:
        return [storable(item) for item in value]
    if type(value) is dict:
        return {name: storable(item) for name, item in value.items()}
    return value


def _bad(message: str, path: str) -> Invalid:
    return Invalid(message, path=path)


def _is_number(value: Any) -> bool:
    kind = type(value)
    return kind is float or kind is int or (kind is not bool and isinstance(value, int))


def _check_number(value: float, path: str) -> None:
    if isinstance(value, int):
        if not -_FLOAT_MAX <= value <= _FLOAT_MAX:
            raise _bad("the number is too large", path)
    elif not math.isfinite(value):
        raise _bad("NaN and Infinity are not JSON numbers", path)


def _check_numeric(value: Any, downsamplers: tuple[str, ...]) -> None:
    if _is_number(value):
        _check_number(value, "v")
    elif type(value) is dict:
        _check_downsampled(value, downsamplers)
    else:
        raise _bad("the value is a number, null or a downsampled object", "v")


def _check_downsampled(value: dict[str, Any], downsamplers: tuple[str, ...]) -> None:
    letters = [VALUE_LETTERS[name] for name in STORED_VALUES if name in downsamplers]
    if not letters:
        raise _bad("the stream has no downsamplers, so it takes no downsampled objects", "v")
    if set(value) != set(letters):
        wanted = ", ".join(sorted(letters))
        raise _bad(f"a downsampled object has all and only the letters {wanted}", "v")
    for letter, item in value.items():
        if _is_number(item):
            _check_number(item, f"v.{letter}")
        elif item is not None:
            raise _bad("the value of a letter is a number or null", f"v.{letter}")
    _check_count(value)


def _check_count(value: dict[str, Any]) -> None:
    """The count, and that the other letters are null exactly where it is 0."""
    count = value.get("c")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= COUNT_MAX:
        raise _bad(f"the count is a whole number from 0 to {COUNT_MAX}", "v.c")
    for letter, item in value.items():
        if letter != "c" and (item is None) != (count == 0):
            rule = "is null where the count is 0" if count == 0 else "is null only for a count of 0"
            raise _bad(f"a letter {rule}", f"v.{letter}")


def _check_json(value: Any, path: str, depth: int) -> None:
    """Any JSON value that can be stored as it is."""
    if type(value) is str:
        if not _is_unicode(value):
            raise _bad("a text is not valid Unicode", path)
    elif _is_number(value):
        _check_number(value, path)
    elif type(value) is list or type(value) is dict:
        if depth == DEPTH_MAX:
            raise _bad(f"nested deeper than {DEPTH_MAX} levels", path)
        _check_items(value, path, depth + 1)
    elif value is not None and type(value) is not bool:
        raise _bad("the value is no JSON value, or an object that repeats a name", path)


def _check_items(value: Any, path: str, depth: int) -> None:
    if type(value) is list:
        for index, item in enumerate(value):
            _check_json(item, f"{path}[{index}]", depth)
        return
    for name, item in value.items():
        place = f"{path}.{_shown(name)}"
        if fault := _fault_of_name(name):
            raise _bad(fault, place)
        _check_json(item, place, depth)


def _fault_of_name(name: str) -> str | None:
    """Why an object in a value may not have a field of this name; None where it may."""
    if not name:
        return "a field name is empty"
    if name[0] == "$":
        return "a field name begins with $"
    if "." in name:
        return "a field name holds a dot"
    if "\0" in name:
        return "a field name holds the character NUL"
    return None if _is_unicode(name) else "a field name is not valid Unicode"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """A client's name, clean and short enough to stand in a path."""
    clean = name.encode("utf-8", "replace").decode("utf-8").replace("\0", "\\0")
    return clean if len(clean) <= _SHOWN_CHARS else clean[:_SHOWN_CHARS] + "…"


def _check_graph(value: Any) -> None:
    if type(value) is not dict:
        raise _bad("the value is a graph or null", "v")
    vertices, edges = (_objects(value, name) for name in ("v", "e"))
    known = set()
    for index, vertex in enumerate(vertices):
        path = f"v.v[{index}]"
        key = _vertex(vertex, "i", path)
        if key in known:
            raise _bad("two vertices have the same id", f"{path}.i")
        known.add(key)
    for index, edge in enumerate(edges):
        for end in ("f", "t"):
            path = f"v.e[{index}]"
            if _vertex(edge, end, path) not in known:
                raise _bad("an edge names a vertex that is not there", f"{path}.{end}")


def _objects(graph: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = graph.get(name)
    if type(found) is not list:
        what = "vertices" if name == "v" else "edges"
        raise _bad(f"a graph has an array of {what} under {name}", f"v.{name}")
    for index, item in enumerate(found):
        if type(item) is not dict:
            raise _bad("a vertex or an edge is an object", f"v.{name}[{index}]")
    return found


def _vertex(holder: dict[str, Any], name: str, path: str) -> Any:
    """What tells one vertex id from another, as they are stored."""
    found = holder.get(name)
    if not isinstance(found, str | int | float):
        raise _bad(f"the id of a vertex is {_SCALARS}", f"{path}.{name}")
    return identity(storable(found))
