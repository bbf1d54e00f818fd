"""Groups: a row has the fields of ``Group``; the streams know theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from pymongo.client_session import ClientSession

from hub.store.client import DURABLE, Mongo, translated
from hub.store.counters import Counters
from hub.store.named import Named, own_name
from hub.values import Group

T = TypeVar("T")


class Groups(Named[Group]):
    """What changes a group and its members does both at once.

    On a server without transactions others may see the half of it, and of two changes at once
    each may move streams.
    """

    noun = "group"
    kind = Group

    def __init__(self, mongo: Mongo, counters: Counters) -> None:
        super().__init__(mongo, counters)
        self._mongo = mongo
        self._streams = mongo.db["streams"]

    def add_with(self, group: Group, joining: Collection[int]) -> None:
        """Add a group to which streams belong from now on. Raises Conflict: the name is taken."""

        def add(session: ClientSession | None) -> None:
            self._added(group, session)
            self._move(group.id, joining, (), session)

        with translated(), own_name(self.noun, group.name):
            self._at_once(add)

    def replace_with(
        self, old: Group, new: Group, *, joining: Collection[int], leaving: Collection[int]
    ) -> bool:
        """Replace a group, and let streams go into it and out of it.

        Returns:
            False if somebody else has changed or removed it; nothing was done then.

        Raises:
            Conflict: the name is taken.
        """

        def change(session: ClientSession | None) -> bool:
            if self._replaced(old, new, session) is None:
                return False
            return self._move(old.id, joining, leaving, session)

        with translated(), own_name(self.noun, new.name):
            return self._at_once(change)

    def _move(
        self,
        group: int,
        joining: Collection[int],
        leaving: Collection[int],
        session: ClientSession | None,
    ) -> bool:
        """False if the group was removed meanwhile; then nothing belongs to it."""
        self._take_out(group, leaving, session)
        if not joining:
            return True
        self._streams.update_many(
            {"_id": {"$in": list(joining)}, "deleted": None},
            {"$set": {"group": group}},
            session=session,
        )
        there = self._attached(group, session) is not None
        if not there:
            self._take_out(group, joining, session)
        return there

    def _take_out(self, group: int, ids: Collection[int], session: ClientSession | None) -> None:
        if ids:
            self._streams.update_many(
                {"_id": {"$in": list(ids)}, "group": group},
                {"$set": {"group": None}},
                session=session,
            )

    def _at_once(self, work: Callable[[ClientSession | None], T]) -> T:
        """Do it in a transaction, where there are some; that may run it several times."""
        if not self._mongo.transactions:
            return work(None)
        with self._mongo.client.start_session() as session:
            return session.with_transaction(work, write_concern=DURABLE)
