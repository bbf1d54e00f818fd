"""Which observations there are, in brief: one row for each distinct combination that has any.

A row is written before the first observation that it stands for, so a crash leaves at most a
row too many, never one too few. ``unused`` is there only while ``rebuild`` believes that nothing
refers to a row.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import orjson
from bson import Binary, Int64
from cachetools import TTLCache
from pymongo.errors import BulkWriteError

from hub.store.client import Doc, Mongo, translated
from hub.store.observations.locations import STEP, only_duplicates, remove_some

KNOWN_S = 60.0
"""How long a process takes for granted that a row is there."""
KNOWN_MAX = 100_000


class Facet(NamedTuple):
    """One combination. The names are those of the fields of a row."""

    dataset: str
    LocationId: int
    MonitoringLocationType: str
    ActivityMediaName: str
    ActivityGroupType: str | None
    CharacteristicName: str
    ActivityStartYear: int

    @property
    def digest(self) -> bytes:
        """The row's ``_id``: the same combination has the same one everywhere."""
        return hashlib.blake2b(orjson.dumps(list(self)), digest_size=16).digest()


class Facets:
    def __init__(self, mongo: Mongo) -> None:
        self._facets = mongo.db["facets"]
        self._known: TTLCache[Facet, bool] = TTLCache(maxsize=KNOWN_MAX, ttl=KNOWN_S)
        self._lock = threading.Lock()

    def ensure(self, facets: Collection[Facet], *, anew: bool = False) -> None:
        """Write those that are missing; costs nothing for those that were seen lately.

        ``anew`` looks at all of them.
        """
        with self._lock:
            fresh = [facet for facet in facets if anew or facet not in self._known]
        for start in range(0, len(fresh), STEP):
            some = fresh[start : start + STEP]
            self._write({facet.digest: facet for facet in some})
            with self._lock:
                self._known.update((facet, True) for facet in some)

    def _write(self, facets: dict[bytes, Facet]) -> None:
        with translated():
            found = self._facets.find({"_id": {"$in": [*facets]}}, {"unused": 1})
            there = {bytes(row["_id"]): "unused" in row for row in found}
            doubted = [digest for digest, unused in there.items() if unused]
            if doubted:
                self._facets.update_many({"_id": {"$in": doubted}}, {"$unset": {"unused": ""}})
            rows = [_row(digest, facets[digest]) for digest in facets.keys() - there.keys()]
            if not rows:
                return
            try:
                self._facets.insert_many(rows, ordered=False)
            except BulkWriteError as exc:
                only_duplicates(exc.details)

    def of(self, location: int) -> set[bytes]:
        """The digests of a location's rows."""
        with translated():
            return {bytes(row["_id"]) for row in self._facets.find({"LocationId": location})}

    def locations(self, dataset: str) -> Iterator[list[int]]:
        """The ``LocationId`` of a dataset's rows, each once, ascending, in bounded steps."""
        after = 0
        while found := self._locations_after(dataset, after):
            after = found[-1]
            yield found

    def _locations_after(self, dataset: str, after: int) -> list[int]:
        stages: list[Doc] = [
            {"$match": {"dataset": dataset, "LocationId": {"$gt": after}}},
            {"$sort": {"dataset": 1, "LocationId": 1}},
            {"$group": {"_id": "$LocationId"}},
            {"$sort": {"_id": 1}},
            {"$limit": STEP},
        ]
        with translated():
            return [int(row["_id"]) for row in self._facets.aggregate(stages)]

    def mark_unused(self, digests: Sequence[bytes], mark: str) -> None:
        with translated():
            self._facets.update_many({"_id": {"$in": list(digests)}}, {"$set": {"unused": mark}})

    def marked(self, dataset: str, mark: str) -> Iterator[tuple[bytes, Facet]]:
        """Those that carry the mark, with the ids of their rows."""
        with translated():
            for row in self._facets.find({"dataset": dataset, "unused": mark}):
                yield bytes(row["_id"]), _facet(row)

    def remove_unused(self, row: bytes, mark: str) -> bool:
        """Remove a row, if it still carries the mark."""
        with translated():
            gone = self._facets.delete_one({"_id": Binary(row), "unused": mark})
        return gone.deleted_count > 0

    def remove_some(self, dataset: str) -> int:
        """Remove a bounded number of a dataset's rows; how many, 0 when none is left."""
        return remove_some(self._facets, dataset)


def _row(digest: bytes, facet: Facet) -> Doc:
    row = {name: value for name, value in facet._asdict().items() if value is not None}
    return {"_id": Binary(digest), **row, "LocationId": Int64(facet.LocationId)}


def _facet(row: Doc) -> Facet:
    return Facet._make(row.get(name) for name in Facet._fields)
