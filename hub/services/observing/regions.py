"""Regions, and which of them a location is in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.services.observing.geojson import Region
from hub.services.observing.outline import Outline
from hub.store.access.audit import Audit
from hub.store.observations.locations import Locations, Site
from hub.store.observations.regions import Regions as RegionStore


@dataclass(frozen=True, slots=True)
class Atlas:
    """All regions as they were at one moment."""

    version: int
    outlines: tuple[tuple[str, Outline], ...]

    def at(self, longitude: float, latitude: float) -> list[str]:
        """The ids of the regions that hold a point (WGS84, degrees), ascending."""
        return [region for region, outline in self.outlines if outline.holds(longitude, latitude)]


class Regions:
    """What is loaded or deleted is known everywhere at once.

    A location that is made or moved meanwhile looks at ``atlas`` again after it was written;
    one that was written before is found by the loader.
    """

    def __init__(self, store: RegionStore, locations: Locations, audit: Audit) -> None:
        self._store = store
        self._locations = locations
        self._audit = audit
        self._atlas: Atlas | None = None
        self._lock = threading.Lock()

    def atlas(self) -> Atlas:
        """The regions as they are now; read anew only after a change."""
        version = self._store.version()
        with self._lock:
            if self._atlas is None or self._atlas.version != version:
                rows = self._store.all()
                outlines = tuple((row["_id"], Outline(row["geometry"])) for row in rows)
                self._atlas = Atlas(version, outlines)
            return self._atlas

    def sizes(self) -> list[tuple[str, str, int]]:
        """The id and the name of every region, by id, and how many locations are in it."""
        names = self._store.names()
        return [(id_, name, self._locations.count(region=id_)) for id_, name in names]

    def locations(self) -> int:
        """How many locations there are."""
        return self._locations.count()

    def load(self, regions: Sequence[Region]) -> Iterator[int]:
        """Add regions, or replace those of the same id, and assign every location anew.

        Stopped midway it leaves locations in or out of these regions wrongly; loading them
        again is the cure.

        Yields:
            How many locations were looked at, in steps.

        Raises:
            Invalid: a region has more positions than the database holds in one row.
        """
        for region in regions:
            self._store.put(region.id, region.name, region.geometry)
        self._store.bump()
        self._audit.note("region.load", regions=[region.id for region in regions])
        outlines = [(region.id, Outline(region.geometry)) for region in regions]
        for sites in self._locations.sites():
            for site in sites:
                self._assign(site, outlines)
            yield len(sites)

    def _assign(self, site: Site, outlines: Sequence[tuple[str, Outline]]) -> None:
        inside = {
            region for region, outline in outlines if outline.holds(site.longitude, site.latitude)
        }
        outside = {region for region, _ in outlines} - inside
        enter, leave = inside - site.regions, outside & site.regions
        if enter or leave:
            self._locations.assign(site, enter=enter, leave=leave)

    def delete(self, region: str) -> int:
        """Remove a region; how many locations were in it. Raises NotFound."""
        self._store.remove(region)
        self._store.bump()
        self._audit.note("region.delete", region=region)
        return self._locations.leave(region)
