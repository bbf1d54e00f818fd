"""Locations kept in step with the observations: made, changed, and put into their regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from hub.errors import Unavailable
from hub.services.observing.regions import Atlas, Regions
from hub.store.counters import Counters
from hub.store.observations.locations import OWN, Locations, differs
from hub.values import Document

COUNTER = "locations"

Key = tuple[str, str]
"""A dataset and a ``MonitoringLocationID``."""


class Places:
    def __init__(self, locations: Locations, regions: Regions, counters: Counters) -> None:
        self._locations = locations
        self._regions = regions
        self._counters = counters

    def ensure(self, wanted: Mapping[Key, Document]) -> dict[Key, int]:
        """The ``LocationId`` of each, whose row is there and has these attributes on return.

        Of several processes at once one makes a location and the others find it; attributes
        are those of whoever wrote last.

        Raises:
            Unavailable: not confirmed, or the counter of locations was behind their ids.
        """
        by_dataset: dict[str, dict[str, Document]] = defaultdict(dict)
        for (dataset, name), attributes in wanted.items():
            by_dataset[dataset][name] = attributes
        return {
            (dataset, name): location
            for dataset, named in by_dataset.items()
            for name, location in self._of(dataset, named).items()
        }

    def _of(self, dataset: str, wanted: dict[str, Document]) -> dict[str, int]:
        found = self._locations.found(dataset, list(wanted))
        if missing := [name for name in wanted if name not in found]:
            numbers = self._counters.block(COUNTER, len(missing))
            fresh = {name: wanted[name] for name in missing}
            self.add(dataset, dict(zip(numbers, fresh.values(), strict=True)))
            found |= self._locations.found(dataset, missing)
            if lost := next((name for name in missing if name not in found), None):
                raise Unavailable("the location could not be numbered; send it again", ID=lost)
        changed = {
            int(row["_id"]): (row, wanted[name])
            for name, row in found.items()
            if differs(row, wanted[name])
        }
        if changed:
            self.change(changed)
        return {name: int(row["_id"]) for name, row in found.items()}

    def add(self, dataset: str, rows: Mapping[int, Document]) -> None:
        """Add locations by ``LocationId``; one that is there already is left as it is."""
        atlas = self._regions.atlas()
        self._locations.add(
            [
                {
                    "_id": number,
                    "dataset": dataset,
                    **attributes,
                    "RegionId": _in(atlas, attributes),
                }
                for number, attributes in rows.items()
            ]
        )
        self._settle(atlas, rows)

    def change(self, rows: Mapping[int, tuple[Document, Document]]) -> None:
        """Give locations other attributes: the row as it stands, and what it shall say."""
        atlas = self._regions.atlas()
        changes = {}
        for number, (row, wanted) in rows.items():
            absent = dict.fromkeys(row.keys() - wanted.keys() - set(OWN))
            changes[number] = {**absent, **wanted, "RegionId": _in(atlas, wanted)}
        self._locations.change(changes)
        self._settle(atlas, {number: wanted for number, (_, wanted) in rows.items()})

    def strays(self, row: Document) -> bool:
        """Whether a location's row names other regions than those it is in."""
        return set(row.get("RegionId", ())) != set(_in(self._regions.atlas(), row))

    def _settle(self, atlas: Atlas, rows: Mapping[int, Document]) -> None:
        """Assign once more what was assigned while regions were being changed."""
        while rows and (now := self._regions.atlas()).version != atlas.version:
            atlas = now
            self._locations.change(
                {
                    number: {"RegionId": _in(atlas, attributes)}
                    for number, attributes in rows.items()
                }
            )


def _in(atlas: Atlas, attributes: Document) -> list[str]:
    return atlas.at(attributes["LongitudeNormalized"], attributes["LatitudeNormalized"])
