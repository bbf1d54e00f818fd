"""JSON Schemas out of what serves: marshmallow's schemas and fields, and shapes made of them.

A field of a class of ours says what it reads in an attribute ``told_as``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from hub.api.openapi.told import Form, Named, Shape, Shown
from hub.values import Document

OPENAPI: Final = "3.1.0"
AT: Final = "#/components/schemas/"


class Shapes:
    """Turns shapes into JSON Schemas; ``named`` collects those that have a name.

    ``refusals`` collects answers that are the same everywhere, by their names.
    """

    def __init__(self) -> None:
        plugin = MarshmallowPlugin(schema_name_resolver=lambda _: "")
        APISpec("", "", OPENAPI, plugins=[plugin])
        self._converter = cast(Any, plugin.converter)
        self._converter.add_attribute_function(_told_as)
        self.named: Document = {}
        self.refusals: Document = {}

    def of(self, shape: Shape) -> Document:
        """A JSON Schema.

        Raises:
            ValueError: two shapes have one name.
        """
        match shape:
            case Named(name, inner):
                self._put(name, self.of(inner))
                return {"$ref": AT + name}
            case Schema():
                return dict(self._converter.schema2jsonschema(shape))
            case Form(schema, partial, also):
                return self._form(schema, also, partial=partial)
            case Shown(schema, more):
                return self._shown(schema, more)
            case _:
                return dict(self._inside(shape))

    def parameters(self, schema: Schema) -> list[Document]:
        """The parameters of a query string that a schema reads."""
        found: list[Document] = self._converter.schema2parameters(schema, location="query")
        for each in found:
            _drop_nothing(each["schema"])
        return found

    def _put(self, name: str, schema: Document) -> None:
        if self.named.setdefault(name, schema) != schema:
            raise ValueError(f"two shapes are called {name}")

    def _form(self, schema: Schema, also: Mapping[str, Shape], *, partial: bool) -> Document:
        found = self.of(schema)
        if partial:
            found.pop("required", None)
        extra = {name: {**self.of(shape), "readOnly": True} for name, shape in also.items()}
        return found | {"properties": {**found["properties"], **extra}}

    def _shown(self, schema: Schema, more: Mapping[str, Shape]) -> Document:
        found = self.of(schema)["properties"] | {name: self.of(each) for name, each in more.items()}
        for each in found.values():
            each.pop("default", None)
        return {
            "type": "object",
            "properties": found,
            "required": list(found),
            "additionalProperties": False,
        }

    def _inside(self, value: Any) -> Any:
        if isinstance(value, (Named, Form, Shown, Schema)):
            return self.of(value)
        if isinstance(value, Mapping):
            return {name: self._inside(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._inside(inner) for inner in value]
        return value


def _told_as(_: object, field: fields.Field[Any], ret: Document, **__: Any) -> Document:
    """What a field of ours says, after what the converter found; null too where it takes it."""
    if not field.allow_none and ret.get("default", 0) is None:
        del ret["default"]
    said: Document = dict(getattr(field, "told_as", {}))
    if said.get("type") in ("number", "integer"):
        for bound in ("minimum", "maximum"):
            if f"x-{bound}" in ret:
                said[bound] = ret.pop(f"x-{bound}")
    return _or_null(said) if field.allow_none else said


def _or_null(said: Document) -> Document:
    kinds = said.get("type")
    if kinds is not None:
        said["type"] = [*([kinds] if isinstance(kinds, str) else kinds), "null"]
    if "enum" in said:
        said["enum"] = [*said["enum"], None]
    if "anyOf" in said:
        said["anyOf"] = [*said["anyOf"], {"type": "null"}]
    return said


def _drop_nothing(schema: Document) -> None:
    """A query string cannot say null; a default of null is none."""
    if schema.get("default", 0) is None:
        del schema["default"]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        kinds = [kind for kind in kinds if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    if isinstance(schema.get("enum"), list):
        schema["enum"] = [each for each in schema["enum"] if each is not None]
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [each for each in schema["anyOf"] if each != {"type": "null"}]
