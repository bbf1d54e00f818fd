"""Raw datapoints of streams of which the old ones are removed after a time.

Below a stream's floor raw datapoints are gone, and the rollups are all there is: nothing may be
computed anew there. So no mark reaches below the floor. (A datapoint that comes so late that it
is below the floor already goes with the next run of the retention.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice

from hub.store.client import Mongo
from hub.store.streams.point_documents import Mark
from hub.store.streams.points import PointStore
from hub.store.streams.retention import Floors

TOGETHER = 256
"""Marks whose floors are looked up at once."""


class KeptPoints(PointStore):
    def __init__(self, mongo: Mongo) -> None:
        super().__init__(mongo)
        self._floors = Floors(mongo)

    def marks(
        self, stream: int | Collection[int] | None = None, limit: int = 0, *, since: int = 0
    ) -> Iterator[Mark]:
        """As ``PointStore.marks``. Of a mark that is wholly below the floor, the floor is left:
        there, everything may be computed anew.

        Floors are read after the marks are: a floor rises before anything below it goes, and
        only while there are no marks below it.
        """
        found = super().marks(stream, limit, since=since)
        while together := list(islice(found, TOGETHER)):
            floors = self._floors.of({mark.bucket.stream for mark in together})
            for mark in together:
                floor = floors.get(mark.bucket.stream)
                yield mark if floor is None else _above(mark, floor)

    def unseen_from(self, ids: Collection[int]) -> dict[int, int]:
        """As ``PointStore.unseen_from``, and not below the floors."""
        found = super().unseen_from(ids)
        floors = self._floors.of(found)
        return {stream: max(at, floors.get(stream, at)) for stream, at in found.items()}

    def floor(self, stream: int) -> int | None:
        return self._floors.of([stream]).get(stream)


def _above(mark: Mark, floor: int) -> Mark:
    return replace(mark, lo=max(mark.lo, floor), hi=max(mark.hi, floor))
