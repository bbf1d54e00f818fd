"""Data streams: the streams of the Datastream API, by their numbers and places in the plant."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from hub.errors import Conflict, Forbidden, OutstandingDependencies, StreamNotFound, Unavailable
from hub.series.names import STORED_TIMES, default_for
from hub.series.widths import first_width
from hub.services.plant import data_forms as forms
from hub.services.plant import facts
from hub.services.plant.belonging import Belonging
from hub.services.plant.pages import Pages
from hub.services.streams.registry.making import ATTEMPTS_MAX, BUDGET_MS, now, uuids
from hub.services.streams.registry.streams import Streams
from hub.store.access.audit import Audit
from hub.store.streams.streams import Sight
from hub.values import Document, Place, Principal, Stream

HIGHEST = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which data streams are wanted in a page: those behind an id, of a device, of a group."""

    limit: int
    after: int = 0
    device: int | None = None
    group: int | None = None


class Data:
    """``pages`` are those of its lists."""

    def __init__(self, belonging: Belonging, registry: Streams, pages: Pages, audit: Audit) -> None:
        self._belonging = belonging
        self._store = belonging.streams
        self._registry = registry
        self.pages = pages
        self._audit = audit

    def page(self, wish: Wish, principal: Principal) -> tuple[list[Stream], bool]:
        """Those that the key opens, in order of their ids; whether there are more.

        It holds fewer than the limit where they are large.
        """
        reach = principal.reach
        if wish.device is not None and not reach.opens_device(wish.device):
            return [], False
        place: Document = {
            name: value
            for name, value in (("device", wish.device), ("group", wish.group))
            if value is not None
        }

        def found(after: int, limit: int) -> list[Stream]:
            condition = {"_id": {"$gt": after}, **place}
            return self._store.find(condition, Sight(reach), limit=limit, budget_ms=BUDGET_MS)

        return self.pages.page(found, facts.data_size, after=wish.after, limit=wish.limit)

    def get(self, stream_id: int, principal: Principal) -> Stream:
        """Raises StreamNotFound: there is none, or the key is for others."""
        found = self._registry.of(stream_id)
        if not principal.reach.opens_stream(found.id, found.device):
            raise StreamNotFound("no such stream", number=stream_id)
        return found

    def create(self, body: Any, principal: Principal) -> Stream:
        """Make a numeric stream that keeps one value an instant.

        Raises:
            BadField: with what is wrong; also a device or a group that is not there.
            Forbidden: the key would not open the stream.
        """
        form = forms.new(body)
        self._belonging.check(Place(), form.place, principal.reach)
        stream = self._added(form, principal)
        if refusal := self._belonging.bind(Place(), stream):
            self._store.mark_deleted(stream.id, now())
            raise refusal
        self._audit.note("stream.create", stream=stream.uuid, name=stream.name)
        return stream

    def replace(self, stream_id: int, body: Any, principal: Principal) -> Stream:
        """Give a stream the fields of a body, and defaults where it has none. As ``change``."""
        return self._change(stream_id, body, principal, partial=False)

    def change(self, stream_id: int, body: Any, principal: Principal) -> Stream:
        """Give a stream the fields of a body.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            BadField: with what is wrong; also a device or a group that is not there.
            Forbidden: the key would not open the stream any more, or does not open its device.
        """
        return self._change(stream_id, body, principal, partial=True)

    def delete(self, stream_id: int, principal: Principal, *, cascade: bool = False) -> None:
        """Close a stream at once; its values and statistics are removed later.

        Args:
            cascade: those that are derived from it go with it, and those derived from them.

        Raises:
            StreamNotFound: there is none, or the key is for others.
            OutstandingDependencies: others are derived from it; with ``cascade``, others that
                the key does not open.
        """
        stream = self.get(stream_id, principal)
        for each in self.closing_order([stream], principal, derived=cascade):
            self._registry.delete(each, principal)

    def closing_order(
        self, streams: list[Stream], principal: Principal, *, derived: bool = False
    ) -> list[Stream]:
        """Streams in an order in which they can be closed.

        Args:
            derived: all that is derived from them is closed too.

        Raises:
            OutstandingDependencies: others are derived from them, which are not to be closed or
                are not opened by the key; those that it opens are named.
        """
        found = {stream.id: stream for stream in streams}
        fresh = list(found)
        while fresh:
            more = [each for each in self._store.derived_from(*fresh) if each.id not in found]
            opened = [each for each in more if principal.reach.opens_stream(each.id, each.device)]
            if more and (not derived or len(opened) < len(more)):
                raise OutstandingDependencies(
                    "other streams are derived from it", streams=uuids(opened)
                )
            fresh = [each.id for each in more]
            found |= {each.id: each for each in more}
        return [found[each] for each in sorted(found, reverse=True)]

    def _added(self, form: forms.Form, principal: Principal) -> Stream:
        for _ in range(ATTEMPTS_MAX):
            stream_id = self._store.next_id()
            if not principal.reach.opens_stream(stream_id, form.place.device):
                raise Forbidden("this key makes no data streams but those of its devices")
            stream = _new(stream_id, form)
            try:
                self._store.add(stream)
            except Conflict:
                continue
            return stream
        raise Unavailable("too many streams are being made at once")

    def _change(self, stream_id: int, body: Any, principal: Principal, *, partial: bool) -> Stream:
        for _ in range(ATTEMPTS_MAX):
            old = self.get(stream_id, principal)
            new = forms.changed(old, body, principal.reach, partial=partial)
            if new == old:
                return old
            self._belonging.check(old.place, new.place, principal.reach)
            if not principal.reach.opens_stream(new.id, new.device):
                raise Forbidden("this key would not open the stream any more")
            if self._store.change(old, new):
                if refusal := self._belonging.bind(old.place, new):
                    raise refusal
                self._audit.note("stream.change", stream=new.uuid, name=new.name)
                return new
        raise Unavailable("the stream is being changed all the time")


def _new(stream_id: int, form: forms.Form) -> Stream:
    return Stream(
        id=stream_id,
        uuid=str(uuid.uuid4()),
        name=form.name,
        tags={"title": form.name} | form.tags,
        value_type="numeric",
        highest=HIGHEST,
        value_downsamplers=default_for("numeric"),
        time_downsamplers=STORED_TIMES,
        public=False,
        late="replace",
        created=now(),
        widths=((0, first_width(form.place.poll_interval_s, HIGHEST)),),
        place=form.place,
    )
