"""What the documents of a dataset of observations say about themselves, taken together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from bson import Int64

from hub.store.client import Doc, Mongo, translated
from hub.store.observations.facets import Facet
from hub.values import Document

FIELDS = {
    "LocationId": "$_observation.LocationId",
    "MonitoringLocationType": "$MonitoringLocationType",
    "ActivityMediaName": "$ActivityMediaName",
    "ActivityGroupType": "$_observation.ActivityGroupType",
    "CharacteristicName": "$CharacteristicName",
    "ActivityStartYear": "$_observation.ActivityStartYear",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A location as the documents have it: ``latest`` is the greatest ``Id`` there."""

    location: int
    facets: frozenset[Facet]
    latest: int
    documents: int


class Observations:
    def __init__(self, mongo: Mongo) -> None:
        self._documents = mongo.db["documents"]

    def places(self, dataset: str) -> Iterator[Place]:
        """Every location that a dataset's documents refer to, ascending. Reads all of them."""
        stages: list[Doc] = [
            {"$match": {"_datasetid": dataset, "_observation.Id": {"$gt": 0}}},
            {"$group": {"_id": FIELDS, "latest": {"$max": "$_observation.Id"}, "n": {"$sum": 1}}},
            {"$sort": {"_id.LocationId": 1}},
        ]
        with translated():
            rows = self._documents.aggregate(stages, allowDiskUse=True)
            for location, group in groupby(rows, lambda row: int(row["_id"]["LocationId"])):
                found = list(group)
                yield Place(
                    location,
                    frozenset(_facet(dataset, row["_id"]) for row in found),
                    max(row["latest"] for row in found),
                    sum(row["n"] for row in found),
                )

    def one(self, place: Place) -> Document:
        """The latest document of a place."""
        with translated():
            found = self._documents.find_one(
                {"_observation.LocationId": place.location, "_observation.Id": place.latest}
            )
        return found or {}

    def any_at(self, location: int) -> bool:
        """Whether a document refers to a location."""
        condition = {"_observation.LocationId": location, "_observation.Id": {"$gt": 0}}
        with translated():
            return self._documents.find_one(condition, {"_id": 1}) is not None

    def any_of(self, facet: Facet) -> bool:
        """Whether there is a document that a facet stands for."""
        condition: Doc = {path[1:]: getattr(facet, name, None) for name, path in FIELDS.items()}
        condition |= {"_observation.Id": {"$gt": 0}, "_datasetid": facet.dataset}
        with translated():
            return self._documents.find_one(condition, {"_id": 1}) is not None

    def move(self, dataset: str, location: int, to: int) -> None:
        """Let a dataset's documents of one location refer to another."""
        with translated():
            self._documents.update_many(
                {
                    "_datasetid": dataset,
                    "_observation.LocationId": location,
                    "_observation.Id": {"$gt": 0},
                },
                {"$set": {"_observation.LocationId": Int64(to)}},
            )


def _facet(dataset: str, row: Doc) -> Facet:
    return Facet._make([dataset, *(row.get(name) for name in FIELDS)])
