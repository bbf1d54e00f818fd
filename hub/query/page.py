"""The order of rows, a page of them, and the place where the next page begins.

Pages are cut by key, never by counting: the condition of the next page is the order's own
comparison with the last row, so any depth costs the same and rows that arrive meanwhile
neither repeat nor hide one.

The order of arrival (``_timestamp``, then ``_id``) has an index and uses it. Any other order
compares computed keys, one a sort field, that carry MongoDB's order over all types: a missing
field counts as null, an array as its least element ascending and its greatest descending, an
empty array before null. Ties are settled by arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import MinKey

from hub.query.fields import Fields
from hub.query.seal import SEAL, Sealed
from hub.query.sort import Sort

Stage = Mapping[str, Any]
Position = tuple[Any, ...]

ARRIVAL = ("_timestamp", "_id")
KEY_PREFIX = "_order_"


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of rows.

    ``computed`` holds the (path, direction) of keys that must be computed; ``arrival`` is the
    direction of the arrival order, which decides alone or settles ties.
    """

    computed: tuple[tuple[str, int], ...] = ()
    arrival: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The row's fields that make up a position, in order."""
        return (*(f"{KEY_PREFIX}{i}" for i in range(len(self.computed))), *ARRIVAL)

    @property
    def signature(self) -> list[Any]:
        """What two equal orders have in common, for tokens."""
        return [[path, direction] for path, direction in (*self.computed, ("", self.arrival))]

    def position(self, row: Mapping[str, Any]) -> Position:
        """Where ``row`` stands; the row must still have every field of ``names``."""
        return tuple(row[name] for name in self.names)


def order_of(sort: Sort | None) -> Order:
    """The total order that a sort asks for; arrival, ascending, where it asks for nothing.

    Documents' ids are in the order of arrival, so ``_id`` and ``_timestamp`` sort alike.
    """
    computed: list[tuple[str, int]] = []
    for path, direction in sort.keys if sort else ():
        if path in ARRIVAL:
            return Order(tuple(computed), direction)
        computed.append((path, direction))
    return Order(tuple(computed))


@dataclass(frozen=True, slots=True)
class Arrangement(Sealed):
    """Stages of the hub's own, to stand behind a client's filter."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which rows of the ordered result: after a position, without the first ``skip``."""

    after: Position | None = None
    skip: int = 0
    limit: int | None = None


def stages(order: Order, cut: Cut, fields: Fields | None, *, keys: bool) -> Arrangement:
    """The stages that put a dataset's filtered rows into order and cut them.

    Args:
        keys: keep every field of ``order.names`` on the rows even where ``fields`` leaves it
            out, so that their positions can be told.
    """
    arranging: list[Stage] = []
    if order.computed:
        keyed = zip(order.names, order.computed, strict=False)
        arranging.append({"$set": {name: _key(*field) for name, field in keyed}})
    if cut.after is not None:
        arranging.append({"$match": after(order, cut.after)})
    arranging.append({"$sort": dict(_directions(order))})
    if cut.skip:
        arranging.append({"$skip": cut.skip})
    if cut.limit is not None:
        arranging.append({"$limit": cut.limit})
    arranging += _projection(order, fields, keys=keys)
    return Arrangement(tuple(arranging), seal=SEAL)


def counted(name: str) -> Arrangement:
    """The stage that gives one row with the number of a dataset's filtered rows, or none for 0."""
    return Arrangement(({"$count": name},), seal=SEAL)


def _directions(order: Order) -> list[tuple[str, int]]:
    given = [direction for _, direction in order.computed] + [order.arrival] * len(ARRIVAL)
    return list(zip(order.names, given, strict=True))


def after(order: Order, position: Position) -> dict[str, Any]:
    """The condition that a row stands after ``position``.

    A plain ``$or`` of exact bounds: for the order of arrival each branch is one tight range of
    the index, and the planner merges them in order.
    """
    branches = []
    directions = _directions(order)
    for depth in range(len(directions)):
        name, direction = directions[depth]
        equal = {n: {"$eq": v} for (n, _), v in zip(directions[:depth], position, strict=False)}
        branches.append(equal | {name: {"$gt" if direction > 0 else "$lt": position[depth]}})
    return {"$or": branches}


def _key(path: str, direction: int) -> dict[str, Any]:
    """The computed sort key of one field.

    Wrapped in an object, so that ``$match`` and ``$sort`` compare it whole: bare values
    compare only within their own type, and arrays by element.
    """
    value = f"${path}"
    chosen = "$first" if direction > 0 else "$last"
    element = {chosen: {"$sortArray": {"input": value, "sortBy": 1}}}
    of_array = {"$cond": [{"$eq": [value, []]}, {"$literal": MinKey()}, element]}
    scalar = {"$ifNull": [value, None]}
    return {"v": {"$cond": [{"$isArray": [value]}, of_array, scalar]}}


def _projection(order: Order, fields: Fields | None, *, keys: bool) -> list[Stage]:
    computed = list(order.names[: len(order.computed)])
    if fields is None:
        return [] if keys or not computed else [{"$unset": computed}]
    kept = set(order.names) if keys else set()
    named = [n for n in fields.names if n.partition(".")[0] not in kept]
    if fields.exclude:
        dropped = named + ([] if keys else computed)
        return [{"$unset": dropped}] if dropped else []
    shown = dict.fromkeys((*named, *sorted(kept)), 1)
    return [{"$project": shown if "_id" in shown else {**shown, "_id": 0}}]


def hidden(order: Order, fields: Fields | None) -> tuple[str, ...]:
    """The names to take off rows that were read with ``keys=True``."""
    computed = order.names[: len(order.computed)]
    if fields is None:
        return computed
    named = set(fields.names)
    unwanted = [n for n in ARRIVAL if (n in named) == fields.exclude]
    return (*computed, *unwanted)
