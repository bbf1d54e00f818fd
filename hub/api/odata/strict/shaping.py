"""Rows of the database to entities as OData JSON has them.

A value that is not of its property's type is null, and stands beside it as ``name@Hub.value``. A
field that is no property is given as it is, with its type where JSON does not tell it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from bson import Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS

from hub.api.odata.strict.forms import Form
from hub.query.odata import Kind, Property
from hub.query.odata.arrival import ID, TIMESTAMP
from hub.query.odata.schema import NAMESPACE, type_of
from hub.query.odata.spelling import spelled
from hub.services.odata.strict.pages import Shape
from hub.values import Document

STRANGE: Final = f"@{NAMESPACE}.value"
TYPE: Final = "@odata.type"
_PLAIN: Final = frozenset({"string", "boolean", "number"})
"""Kinds that JSON tells by itself."""
_PYTHON: Final[dict[Kind, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float, Decimal128),
    "string": (str,),
    "date": (str,),
    "time": (str,),
    "guid": (str,),
    "datetime": (datetime, str),
    "object": (dict,),
}


@dataclass(slots=True)
class _Node:
    """One property, or what leads to one; ``inner`` by the names of stored fields.

    ``many``: it leads to properties, and is an array of objects.
    """

    name: str
    property: Property | None = None
    inner: dict[str, _Node] = field(default_factory=dict)
    open: bool = False
    many: bool = False


def is_flat(shape: Shape, form: Form) -> bool:
    """Whether rows are as they are to be given, but for little."""
    if form.level == "full" or form.exact or not shape.checked or shape.whole:
        return False
    return not any(
        "/" in item.name or (item.kind in ("object", "any", "number") and shape.grouped)
        for item in shape.properties
    )


def flattener(shape: Shape) -> Callable[[list[Document]], list[Document]]:
    """For rows that are flat, which it changes: what is not to be given is taken out."""
    lists = [item.name for item in shape.properties if item.collection]
    hidden = shape.hidden

    def flattened(rows: list[Document]) -> list[Document]:
        for name in lists:
            for row in rows:
                row[name] = row[name] or []
        if hidden:
            for row in rows:
                del row[hidden]
        return rows

    return flattened


def shaper(shape: Shape, form: Form, type_name: str) -> Callable[[Document], Document]:
    """What makes an entity of a row that is not flat. ``type_name`` is that of its type."""
    return _Shaping(shape, form, type_name).entity


class _Shaping:
    def __init__(self, shape: Shape, form: Form, type_name: str) -> None:
        self._form = form
        self._type = type_name
        self._whole = shape.whole
        self._root = _Node("", open=shape.open)
        self._hubs = [item for item in shape.properties if item.path in (ID.path, TIMESTAMP.path)]
        for item in (*shape.properties, *shape.below):
            if item not in self._hubs:
                self._plant(item, shape.properties, is_open=shape.whole)
        for item in shape.above:
            self._reached(item).many = True

    def entity(self, row: Document) -> Document:
        found = self._hub_values(row)
        self._fill(found, self._root, row)
        return found

    def _hub_values(self, row: Document) -> Document:
        found: Document = {}
        for item in self._hubs:
            if item.path == ID.path:
                found[item.name] = str(row["_id"])
            else:
                self._put(found, item.name, datetime.fromtimestamp(row["_timestamp"], UTC), item)
        return found

    def _plant(self, item: Property, shown: Iterable[Property], *, is_open: bool) -> None:
        """Put a property into the tree, with what leads to it."""
        node = self._reached(item)
        node.property = item
        node.open = is_open or not any(one.name.startswith(f"{item.name}/") for one in shown)

    def _reached(self, item: Property) -> _Node:
        names = item.name.split("/")
        stored = item.path.split(".") if self._whole else names
        node = self._root
        for name, step in zip(names, stored, strict=True):
            node = node.inner.setdefault(step, _Node(name))
        return node

    def _fill(self, found: Document, node: _Node, row: Document) -> None:
        for stored, inner in node.inner.items():
            self._one(found, inner, row.get(stored))
        if not node.open:
            return
        for name, value in row.items():
            if name not in node.inner and name[:1] != "_":
                self._dynamic(found, spelled(name), value)

    def _one(self, found: Document, node: _Node, value: Any) -> None:
        item = node.property
        if item is None and node.many:
            members = value if isinstance(value, list) else []
            found[node.name] = [self._led(node, one) for one in members if isinstance(one, dict)]
        elif item is None:
            found[node.name] = self._led(node, value) if isinstance(value, dict) else None
        elif item.collection:
            self._collection(found, node, item, value)
        elif item.kind == "any":
            self._dynamic(found, node.name, value)
        elif value is None or not _fits(value, item.kind):
            self._put(found, node.name, None, item)
            if value is not None:
                self._strange(found, node.name, value)
        else:
            self._put(found, node.name, self._known(node, item, value), item)

    def _led(self, node: _Node, value: Document) -> Document:
        inner: Document = {}
        self._fill(inner, node, value)
        return inner

    def _collection(self, found: Document, node: _Node, item: Property, value: Any) -> None:
        members = value if isinstance(value, list) else []
        fitting = [one for one in members if one is None or _fits(one, item.kind)]
        self._put(found, node.name, [self._known(node, item, one) for one in fitting], item)
        if value is not None and (not isinstance(value, list) or len(fitting) < len(members)):
            self._strange(found, node.name, value)

    def _known(self, node: _Node, item: Property, value: Any) -> Any:
        if value is None:
            return None
        if item.kind == "object":
            return self._led(node, value)
        if item.kind == "integer" and self._form.exact:
            return str(value)
        return _number(value)

    def _put(self, found: Document, name: str, value: Any, item: Property) -> None:
        if self._form.level == "full" and (item.collection or item.kind not in _PLAIN):
            short = type_of(self._type, item).removeprefix("Edm.")
            if isinstance(value, dict):
                value = {TYPE: f"#{short}", **value}
            elif item.collection or item.kind != "object":
                found[name + TYPE] = f"#Collection({short})" if item.collection else f"#{short}"
        found[name] = value

    def _strange(self, found: Document, name: str, value: Any) -> None:
        if self._form.level != "none":
            found[name + STRANGE] = _plain(value)

    def _dynamic(self, found: Document, name: str, value: Any) -> None:
        """A value of no known type, with its type where the form tells it."""
        kind = _dynamic_kind(value)
        told = kind == "DateTimeOffset" or self._form.exact or self._form.level == "full"
        if kind and told and self._form.level != "none":
            found[name + TYPE] = f"#Collection({kind})" if isinstance(value, list) else f"#{kind}"
        if kind == "Int64" and self._form.exact:
            found[name] = [str(one) for one in value] if isinstance(value, list) else str(value)
        elif isinstance(value, dict):
            inner: Document = {}
            for field_, one in value.items():
                if field_[:1] != "_":
                    self._dynamic(inner, spelled(field_), one)
            found[name] = inner
        else:
            found[name] = _plain(value)


def _dynamic_kind(value: Any) -> str:
    """The type of a value, or of all members of an array, that JSON does not tell; else empty."""
    some = value if isinstance(value, list) else [value]
    for kind, name in ((datetime, "DateTimeOffset"), (int, "Int64")):
        if some and all(isinstance(one, kind) and not isinstance(one, bool) for one in some):
            return name
    return ""


def _fits(value: Any, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _PYTHON[kind])


def _number(value: Any) -> Any:
    """Numbers as JSON has them; the few that it has not are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    if isinstance(value, Decimal128):
        exact = value.to_decimal()
        return orjson.Fragment(str(exact)) if exact.is_finite() else _number(float(exact))
    return value


def _plain(value: Any) -> Any:
    """A value of no known type, its names made identifiers."""
    if isinstance(value, dict):
        return {spelled(name): _plain(inner) for name, inner in value.items() if name[:1] != "_"}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, DatetimeMS):
        return int(value)
    if isinstance(value, bytes):
        return value.hex()
    return _number(value)
