"""Regions: areas by which locations are told apart. Rows: ``_id``, ``name``, ``geometry``."""

from __future__ import annotations

from typing import Any

from pymongo.errors import DocumentTooLarge

from hub.errors import Invalid, NotFound
from hub.store.client import Doc, Mongo, translated
from hub.store.counters import Counters

VERSION = "regions"
"""The counter that goes up with every change of a region."""


class Regions:
    def __init__(self, mongo: Mongo) -> None:
        self._regions = mongo.db["regions"]
        self._counters = Counters(mongo)

    def version(self) -> int:
        """Another number whenever a region was changed."""
        return self._counters.at(VERSION)

    def bump(self) -> None:
        """Make known that regions were changed."""
        self._counters.block(VERSION, 1)

    def put(self, region: str, name: str, geometry: Doc) -> None:
        """Add a region, or replace the one of that id.

        Raises:
            Invalid: it has more positions than one row of the database holds.
        """
        row = {"_id": region, "name": name, "geometry": geometry}
        with translated():
            try:
                self._regions.replace_one({"_id": region}, row, upsert=True)
            except DocumentTooLarge as exc:
                message = "the region has too many positions; simplify it"
                raise Invalid(message, region=region) from exc

    def all(self) -> list[Doc]:
        """Every region, by id."""
        with translated():
            return list(self._regions.find().sort("_id", 1))

    def names(self) -> list[tuple[str, str]]:
        """The id and the name of every region, by id."""
        with translated():
            return [(r["_id"], r["name"]) for r in self._regions.find({}, {"name": 1}).sort("_id")]

    def remove(self, region: str) -> None:
        """Raises NotFound."""
        with translated():
            gone: Any = self._regions.delete_one({"_id": region})
        if not gone.deleted_count:
            raise NotFound("no such region", region=region)
