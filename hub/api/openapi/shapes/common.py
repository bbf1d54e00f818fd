"""Shapes that several doors share."""

from __future__ import annotations

from typing import Final

from hub.api.openapi.doors import FACTS, closed
from hub.api.openapi.told import Answer, Named, Shape
from hub.services.plant.fields import ID_MAX
from hub.values import Document

TEXT: Final[Document] = {"type": "string"}
WHOLE: Final[Document] = {"type": "integer", "minimum": 0}
NUMBER: Final[Document] = {"type": "number"}
FLAG: Final[Document] = {"type": "boolean"}
OBJECT: Final[Document] = {"type": "object"}
UUID: Final[Document] = {"type": "string", "format": "uuid"}
ID: Final[Document] = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
TIME: Final[Document] = {"type": "string", "format": "date-time"}

GONE: Final = {204: Answer("It is gone.")}
NOT_STORED: Final = Named(
    "NotStored", closed({"index": WHOLE, "status": {"const": "refused"}, "error": FACTS})
)
"""One of several that was not stored, and why."""


def or_null(shape: Document) -> Document:
    """The same, or null."""
    return shape | {"type": [shape["type"], "null"]}


def list_of(shape: Shape) -> Document:
    return {"type": "array", "items": shape}


def some_of(*words: str) -> Document:
    return {"type": "string", "enum": list(words)}
