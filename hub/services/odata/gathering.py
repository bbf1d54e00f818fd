"""A page of few rows among millions: gathered by their locations, not met one by one.

A page is read in the order of ``Id`` and is full after ``$top`` rows that match. Where hardly any
row matches, that is a walk through everything; the database cannot know it beforehand, as the
first rows may match like no others. So a walk is given a while. After that the rows' locations are
counted in the index, and if they have few rows all of those are read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hub.query import Boundary, bounded
from hub.query.odata import guarded_stages
from hub.services.odata import reading
from hub.services.odata.crossing import Crossing, Reached
from hub.services.odata.deadline import Deadline
from hub.services.odata.sets import BY_FACETS, OBSERVATION
from hub.store.pipelines import Pipelines

PLACE: Final = f"{OBSERVATION}.LocationId"
BY_PLACE: Final = {PLACE: 1, BY_FACETS.key: 1}
"""The index of a location's rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """``walk_ms`` is what a walk is given, ``few`` the number of rows that are read instead."""

    walk_ms: int = 250
    few: int = 100_000


@dataclass(frozen=True, slots=True)
class Gathering:
    """For one request, of what stands behind ``after``. ``most`` rows are few."""

    pipelines: Pipelines
    deadline: Deadline
    datasets: list[str]
    after: int | str | None
    most: int

    def few(self, reached: Reached, text: str) -> Reached | None:
        """The same rows by their locations; None if those are not known, or have many rows.

        Args:
            text: the ``$filter``.
        """
        places = reached.keys.get(PLACE)
        condition = reading.of_facets(text)
        if condition is not None:
            crossing = Crossing(self.pipelines, self.deadline)
            found = crossing.reached(BY_FACETS, condition, self.datasets, reading.FACETS)
            with_facets = found.keys[PLACE]
            places = list(set(with_facets).intersection(with_facets if places is None else places))
        if places is None or not self._are_few(places):
            return None
        further = {"$and": [reached.boundary.condition, {PLACE: {"$in": places}}]}
        boundary = replace(reached.boundary, condition=further)
        return replace(reached, boundary=boundary, keys=reached.keys | {PLACE: places})

    def _are_few(self, places: list[int | str]) -> bool:
        behind = {"$gte": 0} if self.after is None else {"$gt": self.after}
        boundary = Boundary("documents", {PLACE: {"$in": places}, BY_FACETS.key: behind})
        count = guarded_stages([{"$limit": self.most + 1}, {"$count": "count"}])
        query = bounded(boundary, count)
        rows = self.pipelines.rows(query, budget_ms=self.deadline.left_ms, hint=BY_PLACE)
        return not rows or int(rows[0]["count"]) <= self.most
