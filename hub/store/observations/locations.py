"""Where something was observed: one row a dataset and ``MonitoringLocationID``.

Fields of a row of ``locations``: ``_id`` (the ``LocationId``, a 64-bit integer), ``dataset``,
``RegionId`` (ids of the regions it lies in), ``unused`` (only while ``rebuild`` believes that
nothing refers to it), and the attributes that ``hub.observations`` derives from a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from hub.errors import Unavailable
from hub.store.client import DUPLICATE, Doc, Mongo, translated

STEP = 5_000
"""Rows in one command, at most."""
OWN = ("_id", "dataset", "RegionId", "unused")
"""Fields that no observation states."""


@dataclass(frozen=True, slots=True)
class Site:
    """A location's point on WGS84, in degrees, and the regions it is in."""

    id: int
    longitude: float
    latitude: float
    regions: frozenset[str]


class Locations:
    def __init__(self, mongo: Mongo) -> None:
        self._locations = mongo.db["locations"]

    def found(self, dataset: str, names: Sequence[str]) -> dict[str, Doc]:
        """Those of a dataset's locations that are there, by ``ID``."""
        rows: dict[str, Doc] = {}
        for start in range(0, len(names), STEP):
            some = list(names[start : start + STEP])
            with translated():
                found = self._locations.find({"dataset": dataset, "ID": {"$in": some}})
                rows.update((row["ID"], row) for row in found)
        return rows

    def add(self, rows: Sequence[Doc]) -> None:
        """Add rows; one whose ``_id``, or whose ``dataset`` and ``ID`` are there, is left out."""
        fresh = [{**row, "_id": Int64(row["_id"])} for row in rows]
        for start in range(0, len(fresh), STEP):
            with translated():
                try:
                    self._locations.insert_many(fresh[start : start + STEP], ordered=False)
                except BulkWriteError as exc:
                    only_duplicates(exc.details)

    def change(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        """Give locations other attributes, all of them named; the rest of a row stays."""
        updates = [_change(location, fields) for location, fields in changes.items()]
        if updates:
            with translated():
                self._locations.bulk_write(updates, ordered=False)

    def count(self, region: str | None = None) -> int:
        """How many there are, in one region or at all."""
        with translated():
            return self._locations.count_documents({} if region is None else {"RegionId": region})

    def sites(self) -> Iterator[list[Site]]:
        """Every location, in bounded steps."""
        after = 0
        while rows := self._some({"_id": {"$gt": after}}):
            after = rows[-1]["_id"]
            yield [_site(row) for row in rows]

    def of(self, dataset: str) -> Iterator[list[Doc]]:
        """Every row of a dataset, in bounded steps."""
        after = 0
        while rows := self._some({"dataset": dataset, "_id": {"$gt": after}}):
            after = rows[-1]["_id"]
            yield rows

    def _some(self, condition: Doc) -> list[Doc]:
        with translated():
            return list(self._locations.find(condition).sort("_id", 1).limit(STEP))

    def assign(
        self, site: Site, *, enter: Collection[str] = (), leave: Collection[str] = ()
    ) -> None:
        """Put a location into regions and out of others, unless it was moved meanwhile."""
        here = {
            "_id": site.id,
            "LongitudeNormalized": site.longitude,
            "LatitudeNormalized": site.latitude,
        }
        with translated():
            if enter:
                added = {"$addToSet": {"RegionId": {"$each": sorted(enter)}}}
                self._locations.update_one(here, added)
            if leave:
                self._locations.update_one(here, {"$pull": {"RegionId": {"$in": sorted(leave)}}})

    def leave(self, region: str) -> int:
        """Take every location out of a region; how many were in it."""
        with translated():
            left = self._locations.update_many(
                {"RegionId": region}, {"$pull": {"RegionId": region}}
            )
        return int(left.modified_count)

    def mark_unused(self, ids: Sequence[int], mark: str) -> None:
        with translated():
            self._locations.update_many({"_id": {"$in": list(ids)}}, {"$set": {"unused": mark}})

    def remove_unused(self, location: int, mark: str) -> bool:
        """Remove a location, if it still carries the mark."""
        with translated():
            gone = self._locations.delete_one({"_id": location, "unused": mark})
        return gone.deleted_count > 0

    def marked(self, dataset: str, mark: str) -> Iterator[list[int]]:
        """The ids of those that carry the mark, in bounded steps."""
        after = 0
        while rows := self._some({"dataset": dataset, "_id": {"$gt": after}, "unused": mark}):
            after = rows[-1]["_id"]
            yield [int(row["_id"]) for row in rows]

    def remove_some(self, dataset: str) -> int:
        """Remove a bounded number of a dataset's locations; how many, 0 when none is left."""
        return remove_some(self._locations, dataset)


def remove_some(collection: Any, dataset: str) -> int:
    """Remove a bounded number of a dataset's rows; how many, 0 when none is left."""
    with translated():
        ids = [row["_id"] for row in collection.find({"dataset": dataset}, {"_id": 1}).limit(STEP)]
        if ids:
            collection.delete_many({"_id": {"$in": ids}})
    return len(ids)


def only_duplicates(details: Any) -> None:
    """Raises Unavailable, where an insert failed for more than rows that were there already."""
    if details.get("writeConcernErrors"):
        raise Unavailable("the database did not confirm the write in time")
    other = [error["code"] for error in details["writeErrors"] if error["code"] != DUPLICATE]
    if other:
        raise Unavailable("the database refused it", reason=other[0])


def differs(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a stored row says something else than the attributes that are wanted."""
    stated = {name: value for name, value in row.items() if name not in OWN}
    return "unused" in row or stated != dict(wanted)


def _change(location: int, fields: Mapping[str, Any]) -> UpdateOne:
    """An update to these attributes; a None means that the row shall not have it."""
    kept = {name: value for name, value in fields.items() if value is not None}
    gone = {name: "" for name, value in fields.items() if value is None}
    return UpdateOne({"_id": location}, {"$set": kept, "$unset": {**gone, "unused": ""}})


def _site(row: Mapping[str, Any]) -> Site:
    return Site(
        int(row["_id"]),
        row["LongitudeNormalized"],
        row["LatitudeNormalized"],
        frozenset(row.get("RegionId", ())),
    )
