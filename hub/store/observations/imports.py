"""How far a source of rows was taken into a dataset, so that no row of it is stored twice.

Rows of ``imports``: ``_id`` (a digest of dataset and source), ``dataset``, ``source``, ``row``
and ``offset`` (what is done), ``facts`` (the owner's own), ``finished``, ``pending`` (the batch
that is being stored: how many rows, and the arrival that their ids come from).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from bson import Binary
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict
from hub.ingest.stamp import Arrival
from hub.store.client import Doc, Mongo, translated


@dataclass(frozen=True, slots=True)
class Pending:
    """A batch that was begun: stored with the same arrival again, it is stored once."""

    size: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Import:
    """The source is done up to a row and the byte after it; ``facts`` tell of what was done."""

    id: str
    dataset: str
    source: str
    row: int = 0
    offset: int = 0
    facts: Doc = field(default_factory=dict)
    finished: bool = False
    pending: Pending | None = None

    @property
    def begun(self) -> bool:
        return self.row > 0 or self.pending is not None


class Imports:
    def __init__(self, mongo: Mongo) -> None:
        self._imports: Collection[Doc] = mongo.db["imports"]

    def at(self, dataset: str, source: str) -> Import:
        """Where an import stands; at its beginning, unnoted, if there was none."""
        id_ = hashlib.blake2b(f"{dataset}\n{source}".encode(), digest_size=16).hexdigest()
        with translated():
            row = self._imports.find_one({"_id": id_})
        return _import(row) if row else Import(id_, dataset, source)

    def claim(self, at: Import, pending: Pending) -> Import:
        """Note durably which batch comes next. Raises Conflict: somebody else went on."""
        begun = {
            "size": pending.size,
            "at": pending.arrival.at,
            "first_id": Binary(pending.arrival.first_id),
        }
        return self._moved(at, {"pending": None}, {"pending": begun})

    def done(self, at: Import, *, row: int, offset: int, facts: Doc) -> Import:
        """Note that the pending batch is stored. Raises Conflict: somebody else went on."""
        change = {"row": row, "offset": offset, "facts": facts, "pending": None}
        return self._moved(at, {}, change)

    def finish(self, at: Import) -> Import:
        """Note that nothing is left of the source. Raises Conflict: somebody else went on."""
        return self._moved(at, {}, {"finished": True})

    def remove(self, dataset: str) -> None:
        """Forget every import of a dataset."""
        with translated():
            self._imports.delete_many({"dataset": dataset})

    def _moved(self, at: Import, also: Doc, change: Doc) -> Import:
        """Change the row while it stands where ``at`` does; at its beginning, make it."""
        here = {"_id": at.id, "row": at.row, "offset": at.offset, **also}
        made = {"dataset": at.dataset, "source": at.source}
        with translated():
            try:
                row = self._imports.find_one_and_update(
                    here,
                    {"$set": change, "$setOnInsert": made},
                    upsert=not at.row,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                row = None
        if row is None:
            raise Conflict("somebody else is importing the same at this moment")
        return _import(row)


def _import(row: Any) -> Import:
    pending = row.get("pending")
    return Import(
        id=row["_id"],
        dataset=row["dataset"],
        source=row["source"],
        row=row["row"],
        offset=row["offset"],
        facts=row.get("facts", {}),
        finished=row.get("finished", False),
        pending=pending
        and Pending(pending["size"], Arrival(pending["at"], bytes(pending["first_id"]))),
    )
