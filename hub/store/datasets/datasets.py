"""Datasets by UUID."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict, NotFound
from hub.store.client import Mongo, translated
from hub.values import Dataset, Document


class Datasets:
    def __init__(self, mongo: Mongo) -> None:
        self._datasets = mongo.db["datasets"]

    def add(self, dataset: Dataset) -> None:
        """Raises Conflict: a dataset of that UUID exists."""
        row = {
            "_id": dataset.uuid,
            "name": dataset.name,
            "created": dataset.created,
            "kind": dataset.kind,
            "catalogue": dataset.catalogue,
        }
        with translated():
            try:
                self._datasets.insert_one(row)
            except DuplicateKeyError as exc:
                raise Conflict("a dataset of that UUID exists", dataset=dataset.uuid) from exc

    def get(self, uuid: str) -> Dataset:
        """One dataset, deleted ones too while they are being removed. Raises NotFound."""
        with translated():
            row = self._datasets.find_one({"_id": uuid})
        if row is None:
            raise NotFound("no such dataset", dataset=uuid)
        return _dataset(row)

    def all(self) -> list[Dataset]:
        """Every dataset, oldest first, deleted ones too while they are being removed."""
        with translated():
            return [_dataset(row) for row in self._datasets.find().sort("created")]

    def named(self, name: str) -> list[Dataset]:
        with translated():
            return [_dataset(row) for row in self._datasets.find({"name": name, "deleted": None})]

    def published(self) -> list[Dataset]:
        """The published ones that are in use, the longest published first."""
        with translated():
            rows = self._datasets.find({"published": {"$ne": None}, "deleted": None})
            return [_dataset(row) for row in rows.sort([("published", 1), ("_id", 1)])]

    def describe(
        self, uuid: str, changes: Document, *, name: str | None = None, even_published: bool
    ) -> bool:
        """Set catalogue fields (None removes one), and the name where one is given.

        Args:
            even_published: False changes it only while it is not published.

        Returns:
            Whether it was changed: False for a dataset that is not there, or is published.

        Raises:
            Conflict: another dataset has that DOI.
        """
        kept = {f"catalogue.{field}": v for field, v in changes.items() if v is not None}
        gone = {f"catalogue.{field}": "" for field, v in changes.items() if v is None}
        kept |= {} if name is None else {"name": name}
        update = {op: fields for op, fields in (("$set", kept), ("$unset", gone)) if fields}
        here: dict[str, Any] = {"_id": uuid, "deleted": None}
        if not even_published:
            here["published"] = None
        return self._changed(here, update, changes)

    def publish(self, uuid: str, at: datetime, needed: Collection[str]) -> bool:
        """Put a dataset into the catalogue, if it has every field of the catalogue it needs.

        Returns:
            Whether it is there now; one that was published before keeps its moment.
        """
        here: dict[str, Any] = {"_id": uuid, "deleted": None}
        here |= {f"catalogue.{field}": {"$exists": True} for field in needed}
        update = [{"$set": {"published": {"$ifNull": ["$published", at]}}}]
        return self._changed(here, update, {})

    def unpublish(self, uuid: str) -> None:
        with translated():
            self._datasets.update_one({"_id": uuid}, {"$unset": {"published": ""}})

    def _changed(self, here: dict[str, Any], update: Any, changes: Document) -> bool:
        with translated():
            try:
                return self._datasets.update_one(here, update).matched_count > 0
            except DuplicateKeyError as exc:
                raise Conflict("another dataset has this DOI", DOI=changes.get("DOI")) from exc

    def mark_deleted(self, uuid: str, at: datetime) -> None:
        """Nobody may use it any more; its DOI is free."""
        change = {"$set": {"deleted": at}, "$unset": {"catalogue.DOI": "", "published": ""}}
        with translated():
            self._datasets.update_one({"_id": uuid, "deleted": None}, change)

    def deleted(self) -> list[str]:
        """The UUIDs whose documents are still to be removed."""
        with translated():
            return [row["_id"] for row in self._datasets.find({"deleted": {"$ne": None}})]

    def remove(self, uuid: str) -> None:
        with translated():
            self._datasets.delete_one({"_id": uuid, "deleted": {"$ne": None}})


def _dataset(row: dict[str, Any]) -> Dataset:
    return Dataset(
        uuid=row["_id"],
        name=row["name"],
        created=row["created"],
        deleted=row.get("deleted"),
        kind=row.get("kind", "documents"),
        catalogue=row.get("catalogue", {}),
        published=row.get("published"),
    )
