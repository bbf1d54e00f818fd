"""Fields that the hub makes of others, and cuts: stages of its own, behind what a client asks.

A made field stands at a path that begins with ``MADE``; the stage that makes it is put before
the first stage that reads it, and nowhere if none does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.query.odata.typed import Typed, fields
from hub.query.odata.value import Expr
from hub.query.page import Arrangement
from hub.query.seal import SEAL

MADE: Final = "_odata_made_"


@dataclass(frozen=True, slots=True)
class Table:
    """A made field that is looked up: ``values`` by the text at ``path``."""

    path: str
    values: Mapping[str, Any]

    @property
    def expr(self) -> Expr:
        """The same as an expression."""
        return looked_up(self.path, self.values)


def made(name: str) -> str:
    """The path of the made field of a property."""
    return MADE + name


def takes_made(node: Typed) -> bool:
    """Whether a condition reads a made field."""
    return any(item.level == 0 and item.path.startswith(MADE) for item in fields(node))


def making(fields_: Mapping[str, Expr]) -> Arrangement:
    """The stage that makes fields of the hub's own expressions, by path."""
    return Arrangement(({"$addFields": dict(fields_)},), seal=SEAL)


def looked_up(path: str, values: Mapping[str, Any]) -> Expr:
    """The value that a table has for the text at a path; null where it has none."""
    index = {"$indexOfArray": [{"$literal": list(values)}, f"${path}"]}
    found = {"$arrayElemAt": [{"$literal": list(values.values())}, "$$place"]}
    body = {"$cond": [{"$gte": ["$$place", 0]}, found, None]}
    return {"$let": {"vars": {"place": index}, "in": body}}


def cut(sort: Sequence[tuple[str, int]], skip: int, limit: int | None) -> Arrangement:
    """The stages that sort by stored fields, pass over rows, and stop after some."""
    stages: list[dict[str, Any]] = []
    if sort:
        stages.append({"$sort": dict(sort)})
    if skip:
        stages.append({"$skip": skip})
    if limit is not None:
        stages.append({"$limit": limit})
    return Arrangement(tuple(stages), seal=SEAL)


def counted() -> Arrangement:
    """The stage that gives one row with ``n``, the number of rows; none for 0."""
    return Arrangement(({"$count": "n"},), seal=SEAL)


def beyond(order: Sequence[tuple[str, int]], after: Sequence[Any]) -> dict[str, Any]:
    """The condition that a row stands behind some keys in an order of stored fields."""
    branches: list[dict[str, Any]] = []
    for depth, (path, direction) in enumerate(order):
        same = {p: {"$eq": v} for (p, _), v in zip(order[:depth], after, strict=False)}
        branches.append(same | {path: {"$gt" if direction > 0 else "$lt": after[depth]}})
    return branches[0] if len(branches) == 1 else {"$or": branches}
