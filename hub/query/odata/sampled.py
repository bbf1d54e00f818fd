"""The type of documents that nobody declared: what some of them hold.

A field whose values are of one kind in all of the documents is a property of that kind. A field
of several kinds is none, but the type is open, so it can still be named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bson import Decimal128

from hub.query.odata.functions import Kind
from hub.query.odata.model import EntityType, Property
from hub.query.odata.spelling import spellings

PROPERTIES_MAX: Final = 2_000
"""Properties of one type, nested ones too; later ones are left dynamic."""
_DEPTH_MAX: Final = 8


@dataclass(slots=True)
class _Seen:
    """What was seen of one field; ``members`` is what its arrays hold."""

    kinds: set[Kind] = field(default_factory=set)
    fields: dict[str, _Seen] = field(default_factory=dict)
    members: _Seen | None = None


def sampled(documents: Iterable[dict[str, Any]], hubs: tuple[Property, ...] = ()) -> EntityType:
    """The open type of documents like these.

    Args:
        hubs: properties that every document has beside its own fields.
    """
    root = _Seen()
    for document in documents:
        own = {name: value for name, value in document.items() if not name.startswith("_")}
        _look(root, own, 0)
    found = list(_properties(root, "", "", [item.name for item in hubs]))
    kept = {item.name for item in found[:PROPERTIES_MAX]}
    whole = [item for item in found[:PROPERTIES_MAX] if _above(item.name) <= kept]
    return EntityType((*hubs, *whole), open=True)


def _above(name: str) -> set[str]:
    parts = name.split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts))}


def _look(seen: _Seen, value: Any, depth: int) -> None:
    if isinstance(value, dict) and depth <= _DEPTH_MAX:
        seen.kinds.add("object")
        for name, inner in value.items():
            if inner is not None:
                _look(seen.fields.setdefault(name, _Seen()), inner, depth + 1)
    elif isinstance(value, list) and depth <= _DEPTH_MAX:
        members = seen.members = seen.members or _Seen()
        for inner in value:
            if inner is not None:
                _look(members, inner, depth + 1)
    else:
        seen.kinds.add(_kind(value))


def _kind(value: Any) -> Kind:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float() | Decimal128():
            return "number"
        case str():
            return "string"
        case datetime():
            return "datetime"
        case None:
            return "null"
        case _:
            return "any"


def _single(kinds: set[Kind]) -> Kind | None:
    """The kind of all values; None if they differ, or there are none."""
    if kinds == {"integer", "number"}:
        return "number"
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    return None if kind in ("any", "null") else kind


def _properties(seen: _Seen, name: str, path: str, taken: Iterable[str] = ()) -> Iterator[Property]:
    for field_, text in spellings(sorted(seen.fields), taken).items():
        inner = seen.fields[field_]
        named, stored = f"{name}{text}", f"{path}{field_}"
        is_array = inner.members is not None
        if is_array and inner.kinds:
            continue
        of = inner.members if inner.members is not None else inner
        kind = _single(of.kinds)
        if kind is None or (is_array and of.members is not None):
            continue
        yield Property(named, stored, kind, collection=is_array)
        if kind == "object":
            yield from _properties(of, f"{named}/", f"{stored}.")
