"""How many rows there are: exactly where that can be found out in time, else about how many.

An estimate goes by parts. The range of ``Id`` is cut into equal parts, which are counted exactly
until the time is over; the parts that were counted stand for the others. They are spread evenly
over the range at any moment, for rows of one dataset or year lie together. It is the better the
more of them there were, and the more evenly the rows lie.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final

from hub.errors import OverBudget
from hub.query import Boundary, Filter, bounded
from hub.query.odata import guarded_stages
from hub.query.page import counted
from hub.services.odata.crossing import Reached
from hub.services.odata.deadline import Deadline
from hub.services.odata.gathering import BY_PLACE, PLACE
from hub.services.odata.sets import EntitySet
from hub.store.pipelines import DOCUMENTS, Pipelines

PARTS: Final = 1_000
PARTS_MAX: Final = 10_000
PART_IDS: Final = 2_000
"""So many parts at least; of large sets more, which are so large, and then larger."""
_COUNT: Final = "count"


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of rows. ``parts`` is None for an exact one, else the share that was counted."""

    value: int
    parts: float | None = None


class Counting:
    """Args: ``count_ms`` is the time for an exact count, and that for an estimate."""

    def __init__(self, pipelines: Pipelines, count_ms: int) -> None:
        self._pipelines = pipelines
        self._count_ms = count_ms

    def count(
        self, of: EntitySet, reached: Reached, condition: Filter, deadline: Deadline
    ) -> Counted:
        """The rows that a filter leaves.

        Args:
            condition: that of ``reached``, checked.

        Raises:
            OverBudget: not even a thousandth of them could be counted in time.
        """
        try:
            return Counted(self._exact(of, reached, condition, deadline))
        except OverBudget:
            if of.collection != DOCUMENTS:
                raise
        return self._estimate(of, reached.boundary, condition, deadline)

    def _exact(self, of: EntitySet, reached: Reached, condition: Filter, deadline: Deadline) -> int:
        exact = Deadline(min(self._count_ms, deadline.left_ms))
        if of.collection != DOCUMENTS or reached.condition is not None:
            return self._rows(reached.boundary, condition, exact)
        if PLACE in reached.keys:
            places = self._places(reached.keys[PLACE], reached.keys[of.owner], exact)
            return self._rows(_of_keys(of, PLACE, {"$in": places}), condition, exact, BY_PLACE)
        datasets = [_of_keys(of, of.owner, uuid) for uuid in reached.keys[of.owner]]
        return sum(self._rows(boundary, condition, exact) for boundary in datasets)

    def _places(
        self, places: Sequence[int | str], datasets: Sequence[int | str], deadline: Deadline
    ) -> list[int]:
        """Those of some locations that these datasets have: all rows of one are of its dataset."""
        of_both = {"dataset": {"$in": list(datasets)}, "_id": {"$in": list(places)}}
        query = bounded(Boundary("locations", of_both), guarded_stages([{"$project": {"_id": 1}}]))
        rows = self._pipelines.rows(query, budget_ms=deadline.left_ms)
        return [row["_id"] for row in rows]

    def _rows(
        self,
        boundary: Boundary,
        condition: Filter,
        deadline: Deadline,
        hint: Mapping[str, int] | None = None,
    ) -> int:
        query = bounded(boundary, condition, counted(_COUNT))
        rows = self._pipelines.rows(query, budget_ms=deadline.left_ms, hint=hint)
        return sum(int(row[_COUNT]) for row in rows)

    def _estimate(
        self, of: EntitySet, boundary: Boundary, condition: Filter, deadline: Deadline
    ) -> Counted:
        first, last = self._end(of, deadline, 1), self._end(of, deadline, -1)
        until = monotonic() + self._count_ms / 1000
        found = ids = 0
        for low, high in parts_of(first, last):
            found += self._rows(_part(of, boundary, low, high), condition, deadline)
            ids += high - low
            if monotonic() > until:
                break
        share = ids / (last + 1 - first)
        return Counted(found) if share == 1 else Counted(round(found / share), share)

    def _end(self, of: EntitySet, deadline: Deadline, direction: int) -> int:
        """The least ``Id`` that there is (``direction`` 1), or the greatest (-1)."""
        stages: list[dict[str, Any]] = [
            {"$sort": {of.key: direction}},
            {"$limit": 1},
            {"$project": {"_id": 0, "end": f"${of.key}"}},
        ]
        query = bounded(Boundary(of.collection, {of.key: {"$gte": 0}}), guarded_stages(stages))
        rows = self._pipelines.rows(query, budget_ms=deadline.left_ms)
        return int(rows[0]["end"]) if rows else 0


def parts_of(first: int, last: int) -> list[tuple[int, int]]:
    """The Ids from the first to the last in parts ``[low, high)``.

    However few of them are taken, from the first on, they lie evenly over the whole: each falls
    into the widest gap, about, that those before it have left. Where they begin is left to chance.
    """
    size = last + 1 - first
    count = max(PARTS, min(PARTS_MAX, size // PART_IDS))
    edges = [first + size * part // count for part in range(count + 1)]
    bits = count.bit_length()
    turn = random.randrange(count)
    turned = (int(f"{n:0{bits}b}"[::-1], 2) for n in range(1 << bits))
    places = ((place + turn) % count for place in turned if place < count)
    parts = [(edges[place], edges[place + 1]) for place in places]
    return [(low, high) for low, high in parts if low < high]


def _part(of: EntitySet, boundary: Boundary, low: int, high: int) -> Boundary:
    part: dict[str, Any] = {of.key: {"$gte": low, "$lt": high}}
    return replace(boundary, condition={"$and": [boundary.condition, part]})


def _of_keys(of: EntitySet, path: str, keys: object) -> Boundary:
    """All rows of some datasets or locations, which an index alone can count."""
    return Boundary(of.collection, {path: keys, of.key: {"$gte": 0}})
