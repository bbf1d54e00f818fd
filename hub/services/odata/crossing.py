"""Conditions of a filter on other sets, answered there, and the boundary that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.query import Boundary, bounded
from hub.query.odata import Context, guarded_condition, guarded_stages
from hub.query.odata.foreign import Keys, gathered, localized
from hub.query.odata.typed import Typed
from hub.services.odata.deadline import Deadline
from hub.services.odata.sets import DATASET, FACET, FACET_PLACES, LOCATION, EntitySet
from hub.store.pipelines import Pipelines


@dataclass(frozen=True, slots=True)
class Reached:
    """What a filter leaves of a set: a boundary, and a condition on the rows' own fields.

    ``keys`` are the lists of the boundary by their paths: datasets, and what came of other sets.
    """

    boundary: Boundary
    condition: Typed | None
    keys: dict[str, list[int | str]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a condition is answered: the rows of these datasets, and which field is the key."""

    collection: str
    owner: str
    key: str


_PLACES = {
    DATASET: _Place("datasets", "_id", "_id"),
    LOCATION: _Place("locations", "dataset", "_id"),
}


class Crossing:
    """Made for one request; all its looks into other sets share the request's time."""

    def __init__(self, pipelines: Pipelines, deadline: Deadline) -> None:
        self._pipelines = pipelines
        self._deadline = deadline

    def reached(
        self,
        found: EntitySet,
        condition: Typed | None,
        datasets: Sequence[str],
        context: Context,
        after: int | str | None = None,
    ) -> Reached:
        """The rows of these datasets that a condition may leave.

        Args:
            condition: bound to the set's own entity type.
            after: only rows whose key is greater.

        Raises:
            UnsupportedOData: one comparison takes properties of several sets.
            OverBudget: another set could not be searched in time.
        """
        keys: dict[str, list[int | str]] = {found.owner: list(datasets)}
        own = None
        if condition is not None:
            asking = _Asking(self._pipelines, self._deadline, found, list(datasets), context)
            if found.homes:
                condition = gathered(condition, FACET, found.homes)
            local = localized(condition, found.places, asking.keys)
            for path, more in local.within:
                both = set(more).intersection(keys.get(path, more))
                keys[path] = list(both)
            own = local.condition
        conditions: list[dict[str, Any]] = [{path: {"$in": some}} for path, some in keys.items()]
        if after is not None:
            conditions.append({found.key: {"$gt": after}})
        elif found.collection == "documents":
            conditions.append({found.key: {"$gte": 0}})
        return Reached(Boundary(found.collection, {"$and": conditions}), own, keys)


@dataclass(frozen=True, slots=True)
class _Asking:
    pipelines: Pipelines
    deadline: Deadline
    found: EntitySet
    datasets: list[str]
    context: Context

    def keys(self, place: str, condition: Typed) -> Keys:
        if place == FACET:
            return self._of_facets(condition)
        where = _PLACES[place]
        boundary = Boundary(where.collection, {where.owner: {"$in": self.datasets}})
        return self._distinct(boundary, condition, where.key)

    def _of_facets(self, condition: Typed) -> Keys:
        """The datasets, or locations, that have an observation of which a condition is true."""
        local = localized(condition, FACET_PLACES, self.keys)
        conditions: list[dict[str, Any]] = [{"dataset": {"$in": self.datasets}}]
        conditions += [{path: {"$in": list(keys)}} for path, keys in local.within]
        key = "dataset" if self.found.owner == self.found.key else "LocationId"
        boundary = Boundary("facets", {"$and": conditions})
        return self._distinct(boundary, local.condition, key)

    def _distinct(self, boundary: Boundary, condition: Typed | None, key: str) -> Keys:
        checked = guarded_condition(condition, self.context)
        group = guarded_stages([{"$group": {"_id": f"${key}"}}])
        query = bounded(boundary, checked, group)
        return [row["_id"] for row in self.pipelines.rows(query, budget_ms=self.deadline.left_ms)]
