"""Groups: a row has the fields of ``Group``; the streams know theirs.

A row has ``moving`` while somebody moves streams into the group or out of it: until when he may
be busy without another sign; and ``mover``, who he is: where he is known to be gone, nobody waits
for him. Streams are moved some at a time and not in a transaction, whose
changes would have to fit into the server's cache together. ``revision`` is counted up before
and after, so that whoever saw the half of it changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from hub.store.client import Doc, Mongo, translated
from hub.store.counters import Counters
from hub.store.named import Named, own_name, row_of
from hub.store.plant.movers import Movers
from hub.values import Group

TOGETHER = 500
BUSY = timedelta(seconds=30)
"""So long at most may it take to move so many streams."""


class Groups(Named[Group]):
    noun = "group"
    kind = Group

    def __init__(self, mongo: Mongo, counters: Counters) -> None:
        super().__init__(mongo, counters)
        self._streams = mongo.db["streams"]
        self._movers = Movers()

    def add_with(self, group: Group, joining: Collection[int]) -> None:
        """Add a group, and let streams go into it. Raises Conflict: the name is taken."""
        with self._movers.one() as mover:
            held = {"used": 0, "moving": _until(), "mover": mover}
            with translated(), own_name(self.noun, group.name):
                self._rows.insert_one(row_of(group) | held)
            self._move(group.id, group.revision, joining, ())

    def replace_with(
        self, old: Group, new: Group, *, joining: Collection[int], leaving: Collection[int]
    ) -> bool:
        """Replace a group, and let streams go into it and out of it.

        Returns:
            False if somebody else is moving streams, or has changed or removed it: before, and
            nothing was done then; or because this one was silent for too long on the way.

        Raises:
            Conflict: the name is taken.
        """
        free = [{"moving": None}, {"moving": {"$lt": datetime.now(UTC)}}, *self._left(old.id)]
        same: Doc = {"_id": old.id, "revision": old.revision, "$or": free}
        with self._movers.one() as mover:
            held = {"moving": _until(), "mover": mover, "revision": old.revision + 1}
            with translated(), own_name(self.noun, new.name):
                if not self._rows.update_one(same, {"$set": row_of(new) | held}).matched_count:
                    return False
            return self._move(old.id, old.revision + 1, joining, leaving)

    def _left(self, group: int) -> list[Doc]:
        """The mover of a group, if he is known to be gone: of a process that was killed, or of one
        that lost the database on the way."""
        with translated():
            row = self._rows.find_one({"_id": group, "moving": {"$ne": None}}, {"mover": 1}) or {}
        mover = row.get("mover")
        return [{"mover": mover}] if mover and self._movers.gone(mover) else []

    def _move(
        self, group: int, revision: int, joining: Collection[int], leaving: Collection[int]
    ) -> bool:
        """Move streams under a row that is held; let go of it. False if it was lost."""
        held: Doc = {"_id": group, "revision": revision}
        with translated():
            for ids in _parts(leaving):
                self._take_out(group, ids)
                if not self._still(held):
                    return False
            for ids in _parts(joining):
                into = {"$set": {"group": group}}
                self._streams.update_many({"_id": {"$in": ids}, "deleted": None}, into)
                if not self._still(held):
                    self._take_out(group, ids)
                    return False
            done: Doc = {"$unset": {"moving": "", "mover": ""}, "$inc": {"revision": 1}}
            return bool(self._rows.update_one(held, done).matched_count)

    def _still(self, held: Doc) -> bool:
        """Give another sign; it counts as ``attach``, too."""
        sign: Doc = {"$set": {"moving": _until()}, "$inc": {"used": 1}}
        return bool(self._rows.update_one(held, sign).matched_count)

    def _take_out(self, group: int, ids: list[int]) -> None:
        out = {"$set": {"group": None}}
        self._streams.update_many({"_id": {"$in": ids}, "group": group}, out)


def _until() -> datetime:
    return datetime.now(UTC) + BUSY


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), TOGETHER):
        yield ordered[start : start + TOGETHER]
