"""Groups of data streams: names for some of them, each of which is in one group at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import sleep
from typing import Any

from hub.errors import InUse, Unavailable
from hub.services.plant import forms
from hub.services.plant.fields import checked, refused
from hub.services.streams.registry.making import ATTEMPTS_MAX, now
from hub.store.access.audit import Audit
from hub.store.plant.groups import Groups as GroupStore
from hub.store.streams.streams import Streams
from hub.values import EVERYTHING, Group, Principal

PAUSE_S = 0.05
"""Between attempts to change what somebody else is changing."""
Members = tuple[int, ...]
"""The ids of a group's data streams, ascending: those that a key opens."""


class Groups:
    def __init__(self, store: GroupStore, streams: Streams, audit: Audit) -> None:
        self._store = store
        self._streams = streams
        self._audit = audit

    def page(
        self, principal: Principal, *, after: int, limit: int
    ) -> tuple[list[tuple[Group, Members]], bool]:
        """Groups in order of their ids, with their members; whether there are more."""
        found = self._store.page(None, after=after, limit=limit + 1)
        members = self._members(found[:limit], principal)
        return list(zip(found[:limit], members, strict=True)), len(found) > limit

    def get(self, group_id: int, principal: Principal) -> tuple[Group, Members]:
        """Raises NotFound."""
        group = self._store.get(group_id)
        return group, self._members([group], principal)[0]

    def create(self, body: Any, principal: Principal) -> tuple[Group, Members]:
        """Make a group and let data streams belong to it, and to no other any more.

        Raises:
            BadField: with what is wrong; also a data stream that is not there for the key.
            Conflict: the name is taken.
        """
        fields = checked(body, forms.GROUP)
        wanted = self._checked(fields.pop("data"), principal)
        at = now()
        group = Group(id=self._store.next_id(), **fields, created=at, updated=at)
        self._store.add_with(group, wanted)
        self._streams.forget()
        self._audit.note("group.create", group=group.id, name=group.name)
        return self.get(group.id, principal)

    def replace(self, group_id: int, body: Any, principal: Principal) -> tuple[Group, Members]:
        """Give a group the fields of a body, and defaults where it has none. As ``change``."""
        return self._change(group_id, body, principal, partial=False)

    def change(self, group_id: int, body: Any, principal: Principal) -> tuple[Group, Members]:
        """Give a group the fields of a body. Members that the key does not open stay.

        Raises:
            NotFound: there is none.
            BadField: with what is wrong; also a data stream that is not there for the key.
            Conflict: the name is taken.
        """
        return self._change(group_id, body, principal, partial=True)

    def delete(self, group_id: int, principal: Principal) -> None:
        """Remove a group; its data streams stay, and are in none then.

        Raises:
            NotFound: there is none.
            InUse: the key does not open all of its data streams.
        """
        for _ in range(ATTEMPTS_MAX):
            used = self._store.used(group_id)
            every = self._streams.members([group_id], EVERYTHING)
            seen = self._streams.members([group_id], principal.reach)
            if len(seen) < len(every):
                raise InUse("the group has other data streams", group=group_id)
            self._streams.take_out(group_id, [stream for _, stream in every])
            if self._store.remove(group_id, used):
                self._audit.note("group.delete", group=group_id)
                return
        raise Unavailable("data streams are being added to the group all the time")

    def _change(
        self, group_id: int, body: Any, principal: Principal, *, partial: bool
    ) -> tuple[Group, Members]:
        for _ in range(ATTEMPTS_MAX):
            old, members = self.get(group_id, principal)
            told = {"id": old.id, "created": None, "updated": None}
            fields = checked(body, forms.GROUP, partial=partial, told=told)
            data = fields.pop("data", None)
            wanted = members if data is None else self._checked(data, principal)
            new = replace(old, **fields)
            if new == old and wanted == members:
                return old, members
            joining, leaving = set(wanted) - set(members), set(members) - set(wanted)
            new = replace(new, updated=now())
            if self._store.replace_with(old, new, joining=joining, leaving=leaving):
                self._streams.forget()
                self._audit.note("group.change", group=group_id, name=new.name)
                return self.get(group_id, principal)
            sleep(PAUSE_S)
        raise Unavailable("the group is being changed all the time")

    def _members(self, groups: Sequence[Group], principal: Principal) -> list[Members]:
        ids = [group.id for group in groups]
        members: dict[int, list[int]] = {each: [] for each in ids}
        for group, stream in self._streams.members(ids, principal.reach):
            members[group].append(stream)
        return [tuple(found) for found in members.values()]

    def _checked(self, data: Sequence[int], principal: Principal) -> Members:
        """The streams that are to be members, if all are there for the key."""
        wanted = sorted(set(data))
        there = {
            each.id
            for each in self._streams.by_ids(wanted)
            if each.deleted is None and principal.reach.opens_stream(each.id, each.device)
        }
        if missing := [each for each in wanted if each not in there]:
            raise refused("data", f"No such data stream: {missing[0]}.")
        return tuple(wanted)
