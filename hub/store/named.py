"""Things with an integer id and a name of their own, which data streams belong to.

Fields of a row beside those of its kind: ``_id``, counted up from 1 and never used again;
``name``, unique; ``revision``, how many times it was changed; ``used``, how many times a data
stream came to belong to it.

Whoever lets a stream belong to a thing, or stand at another place in it, writes that into the
stream first and calls ``attach`` then. Whoever removes the thing, or changes it so that places
may not be there any more, reads ``used`` first, looks for its streams then, and does it only if
``used`` is still the same. So one of the two always sees the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Generic, TypeVar

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict, NotFound
from hub.store.client import Doc, Mongo, translated
from hub.store.counters import Counters
from hub.values import Device, Group

T = TypeVar("T", Device, Group)
OURS = ("_id", "used", "moving", "mover")
"""Fields of rows that are none of the things'."""


class Named(Generic[T]):
    """``noun`` is what people call one; its plural names the collection and the counter."""

    noun: str
    kind: type[T]

    def __init__(self, mongo: Mongo, counters: Counters) -> None:
        self._rows = mongo.db[f"{self.noun}s"]
        self._counters = counters

    def next_id(self) -> int:
        """An id for a new one."""
        return self._counters.block(f"{self.noun}s", 1)[0]

    def add(self, thing: T) -> None:
        """Raises Conflict: the name is taken."""
        with translated(), own_name(self.noun, thing.name):
            self._rows.insert_one(row_of(thing) | {"used": 0})

    def get(self, thing_id: int) -> T:
        """Raises NotFound."""
        with translated():
            row = self._rows.find_one({"_id": thing_id})
        return self._thing(self._there(row, thing_id))

    def page(self, ids: Collection[int] | None, *, after: int, limit: int) -> list[T]:
        """At most ``limit`` in order of their ids, from the one behind ``after`` on.

        Args:
            ids: those that may be given; None for all.
        """
        condition: Doc = {"$gt": after}
        if ids is not None:
            condition["$in"] = sorted(ids)
        with translated():
            rows = self._rows.find({"_id": condition}).sort("_id", 1).limit(limit)
            return [self._thing(row) for row in rows]

    def replace(self, old: T, new: T, used: int | None = None) -> T | None:
        """What is there after a change; None if somebody else has changed or removed it.

        Args:
            used: what it was before its streams were looked at; nothing is changed if it is
                not that any more. None where they do not matter.

        Raises:
            Conflict: the name is taken.
        """
        same: Doc = {"_id": old.id, "revision": old.revision}
        if used is not None:
            same["used"] = used
        own = {name: v for name, v in row_of(new).items() if name not in ("_id", "revision")}
        change: Doc = {"$set": own, "$inc": {"revision": 1}}
        with translated(), own_name(self.noun, new.name):
            row = self._rows.find_one_and_update(same, change, return_document=ReturnDocument.AFTER)
        return self._thing(row) if row else None

    def attach(self, thing_id: int) -> T | None:
        """Note that a stream belongs to it now; the thing, None if it is gone."""
        change: Doc = {"$inc": {"used": 1}}
        with translated():
            row = self._rows.find_one_and_update(
                {"_id": thing_id}, change, return_document=ReturnDocument.AFTER
            )
        return self._thing(row) if row else None

    def used(self, thing_id: int) -> int:
        """How many times a stream came to belong to it. Raises NotFound."""
        with translated():
            row = self._rows.find_one({"_id": thing_id}, {"used": 1})
        return int(self._there(row, thing_id)["used"])

    def remove(self, thing_id: int, used: int) -> bool:
        """Remove it; False if it is gone, or ``used`` is not what it was."""
        with translated():
            result = self._rows.delete_one({"_id": thing_id, "used": used})
        return bool(result.deleted_count)

    def _there(self, row: Doc | None, thing_id: int) -> Doc:
        if row is None:
            raise NotFound(f"no such {self.noun}", **{self.noun: thing_id})
        return row

    def _thing(self, row: Doc) -> T:
        own = {name: value for name, value in row.items() if name not in OURS}
        return self.kind(id=int(row["_id"]), **own)


@contextmanager
def own_name(noun: str, name: str) -> Iterator[None]:
    """Raises Conflict where the name is taken."""
    try:
        yield
    except DuplicateKeyError as exc:
        raise Conflict(f"there is a {noun} of that name", name=name) from exc


def row_of(thing: Device | Group) -> Doc:
    row = asdict(thing)
    row["_id"] = row.pop("id")
    return row
