"""Locations and facets made anew from the documents: the cure after a crash.

Facets and locations are written before the observations that need them. So a crash leaves some
too many, which are harmless, and none too few; but whoever changed the database by hand may have
done worse. What no observation refers to is first marked and only removed ``settle_s`` later, if
nobody needed it in between: a write under way may have seen it before the mark.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from hub.errors import Invalid
from hub.observations.derive import derive
from hub.services.datasets import Datasets, Holdings
from hub.services.observing.places import Places
from hub.store.observations.facets import KNOWN_S
from hub.store.observations.locations import differs
from hub.store.observations.observations import Observations, Place

WRITES_S = 120.0
"""No write is still under way so long after it began."""
SETTLE_S = KNOWN_S + WRITES_S
TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Step:
    """``documents`` more were looked at; or ``waiting`` for writes under way; or rows removed."""

    documents: int = 0
    waiting: bool = False
    locations_removed: int = 0
    facets_removed: int = 0


class Rebuilding:
    """Args: ``settle_s``, how long a row that seems unused is kept for writes under way."""

    def __init__(
        self,
        datasets: Datasets,
        observations: Observations,
        places: Places,
        holdings: Holdings,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._datasets = datasets
        self._observations = observations
        self._places = places
        self._locations = holdings.locations
        self._facets = holdings.facets
        self._settle_s = settle_s

    def rebuild(self, dataset: str) -> Iterator[Step]:
        """Write what is missing, mend what is wrong, remove what nothing refers to.

        Stopping midway is harmless: the next call begins again.

        Raises:
            NotFound: there is no such dataset.
            Invalid: it is none of observations.
        """
        if self._datasets.get(dataset).kind != "observations":
            raise Invalid("only a dataset of observations has locations", dataset=dataset)
        mark = secrets.token_hex(8)
        for place in self._observations.places(dataset):
            self._mend(dataset, place, mark)
            yield Step(documents=place.documents)
        yield from self._mark_empty(dataset, mark)
        if self._nothing_marked(dataset, mark):
            return
        until = time.monotonic() + self._settle_s
        while time.monotonic() < until:
            yield Step(waiting=True)
            time.sleep(TICK_S)
        yield self._removed(dataset, mark)

    def _mend(self, dataset: str, place: Place, mark: str) -> None:
        """Put one location and its facets right; mark the facets that seem unused."""
        wanted = derive(self._observations.one(place)).location
        name = wanted["ID"]
        row = self._locations.found(dataset, [name]).get(name)
        if row is None:
            self._places.add(dataset, {place.location: wanted})
            row = self._locations.found(dataset, [name])[name]
        location = int(row["_id"])
        if location != place.location:
            self._observations.move(dataset, place.location, location)
        if differs(row, wanted) or self._places.strays(row):
            self._places.change({location: (row, wanted)})
        facets = {facet._replace(LocationId=location) for facet in place.facets}
        self._facets.ensure(facets, anew=True)
        extra = self._facets.of(location) - {facet.digest for facet in facets}
        self._facets.mark_unused(sorted(extra), mark)

    def _mark_empty(self, dataset: str, mark: str) -> Iterator[Step]:
        """Mark locations and facets of locations that have no observation."""
        for rows in self._locations.of(dataset):
            self._locations.mark_unused(self._empty([int(row["_id"]) for row in rows]), mark)
            yield Step()
        for ids in self._facets.locations(dataset):
            for id_ in self._empty(ids):
                self._facets.mark_unused(sorted(self._facets.of(id_)), mark)
            yield Step()

    def _empty(self, locations: list[int]) -> list[int]:
        return [id_ for id_ in locations if not self._observations.any_at(id_)]

    def _nothing_marked(self, dataset: str, mark: str) -> bool:
        facet = next(self._facets.marked(dataset, mark), None)
        return facet is None and next(self._locations.marked(dataset, mark), None) is None

    def _removed(self, dataset: str, mark: str) -> Step:
        facets = sum(
            self._facets.remove_unused(row, mark)
            for row, facet in self._facets.marked(dataset, mark)
            if not self._observations.any_of(facet)
        )
        locations = sum(
            self._locations.remove_unused(id_, mark)
            for ids in self._locations.marked(dataset, mark)
            for id_ in self._empty(ids)
        )
        return Step(locations_removed=locations, facets_removed=facets)
