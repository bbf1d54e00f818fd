"""``Id`` and ``Timestamp`` of a document, put in terms of what is stored, where an index helps.

A document has an ObjectId and whole seconds; OData sees the 24 digits and a moment. A comparison
with a constant becomes one of the stored value; anything else is left for the made fields.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from bson import ObjectId

from hub.query.odata.made import made
from hub.query.odata.model import Property
from hub.query.odata.typed import (
    Both,
    Compare,
    Const,
    Either,
    Field,
    Negated,
    OneOf,
    Typed,
)
from hub.query.odata.value import Expr

ID: Final = Property("Id", made("Id"), "string")
TIMESTAMP: Final = Property("Timestamp", made("Timestamp"), "datetime")
MAKING: Final[dict[str, Expr]] = {
    ID.path: {"$toString": "$_id"},
    TIMESTAMP.path: {"$toDate": {"$multiply": [{"$toLong": "$_timestamp"}, 1000]}},
}
STORED: Final = {ID.path: "_id", TIMESTAMP.path: "_timestamp"}
"""The stored fields that are in the same order as the made ones."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_HEX: Final = re.compile("[0-9a-f]{24}")


def arrived(node: Typed) -> Typed:
    """The same condition, its comparisons of the two with constants on what is stored."""
    match node:
        case Both(terms=terms) | Either(terms=terms):
            return replace(node, terms=tuple(arrived(term) for term in terms))
        case Negated(term=term):
            return Negated(arrived(term))
        case Compare(left=Field(level=0) as field, right=Const()):
            return _compared(node, field)
        case OneOf(left=Field(level=0) as field) if field.path in STORED:
            each = (Compare("eq", field, value) for value in node.values)
            return Either(tuple(arrived(item) for item in each))
        case _:
            return node


def _compared(node: Compare, field: Field) -> Typed:
    const = cast(Const, node.right)
    if field.path == ID.path and isinstance(const.value, str):
        return _of_id(node, const.value)
    if field.path == TIMESTAMP.path and isinstance(const.value, datetime):
        return _of_timestamp(node, const.value)
    return node


def _of_id(node: Compare, text: str) -> Typed:
    if not _HEX.fullmatch(text):
        return node if node.op not in ("eq", "ne") else Const(node.op == "ne", "boolean")
    value = Const(cast(Any, ObjectId(text)), "string")
    return Compare(node.op, Field("_id", "string", checked=True), value)


def _of_timestamp(node: Compare, moment: datetime) -> Typed:
    """A moment between two seconds is after one and before the next."""
    seconds, rest = divmod(moment.astimezone(UTC) - _EPOCH, _SECOND)
    op = node.op
    if rest and op in ("eq", "ne"):
        return Const(op == "ne", "boolean")
    if rest and op == "ge":
        op = "gt"
    if rest and op == "lt":
        op = "le"
    stored = Field("_timestamp", "integer", checked=True)
    return Compare(op, stored, Const(seconds, "integer"))
