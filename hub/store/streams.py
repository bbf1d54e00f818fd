"""Streams: what each one is. Their datapoints are elsewhere.

Fields of a row of ``streams``:

- ``_id``: the integer id, counted up from 1 and never used again; ``uuid``, ``name``, ``tags``
- ``value_type``, ``highest``, ``value_downsamplers``, ``time_downsamplers``: names
- ``public``, ``late``, ``created``, ``deleted`` (null while in use)
- ``widths``: ``[[from_ms, width_ms], …]``
- ``feed``: null or ``{dataset, field, filter, time_field}``
- ``derivation``: null or ``{op, sources: [{stream, granularity, name}], args, after_ms}``
- ``depended``: how many times a stream was derived from this one
- ``pending``: true while a derived stream has not seen all that its sources hold

The row ``streams`` of ``counters`` holds the ``last`` id that is known to be taken. Whoever
adds a stream takes the id after it, and the unique ``_id`` lets one of two through: so nobody
adds a stream without having seen those that were added before.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cachetools import TTLCache
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict, StreamNotFound
from hub.store.client import Doc, Mongo, translated
from hub.values import Derivation, Document, Feed, Source, Stream

COUNTER = "streams"
RECENT_S = 0.5
"""How old a row may be that ``recent`` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which streams somebody sees: those of ``ids`` (None: all), and the public ones if so."""

    ids: frozenset[int] | None = None
    public: bool = False


class Streams:
    def __init__(self, mongo: Mongo) -> None:
        self._streams = mongo.db["streams"]
        self._counters = mongo.db["counters"]
        self._recent: TTLCache[str, Stream] = TTLCache(maxsize=10_000, ttl=RECENT_S)
        self._lock = threading.Lock()

    def next_id(self) -> int:
        """The id that ``add`` takes as long as nobody else adds a stream."""
        with translated():
            row = self._counters.find_one({"_id": COUNTER})
        return int(row["last"]) + 1 if row else 1

    def add(self, stream: Stream) -> None:
        """Raises Conflict: the id is taken meanwhile, or the UUID."""
        row = _row(stream) | {"depended": 0}
        if stream.derivation:
            row["pending"] = True
        with translated():
            try:
                self._streams.insert_one(row)
            except DuplicateKeyError as exc:
                self._taken(stream.id)
                raise Conflict("another stream was added meanwhile", number=stream.id) from exc
        self._taken(stream.id)

    def get(self, uuid: str) -> Stream:
        """One stream, deleted ones too while they are being removed. Raises StreamNotFound."""
        return self._one({"uuid": uuid}, stream=uuid)

    def recent(self, uuid: str) -> Stream:
        """As ``get``, but what other processes did in the last ``RECENT_S`` may not show."""
        with self._lock:
            known = self._recent.get(uuid)
        if known is None:
            known = self.get(uuid)
            with self._lock:
                self._recent[uuid] = known
        return known

    def by_id(self, stream_id: int) -> Stream:
        """As ``get``, by the integer id."""
        return self._one({"_id": stream_id}, number=stream_id)

    def by_ids(self, ids: Collection[int]) -> list[Stream]:
        """Those that exist, in order of creation, deleted ones too."""
        return self._many({"_id": {"$in": list(ids)}})

    def find(
        self, condition: Document, sight: Sight, *, skip: int = 0, limit: int = 0, budget_ms: int
    ) -> list[Stream]:
        """Streams in use that match and are seen, in order of creation.

        Args:
            condition: a MongoDB query on ``tags``, checked.
            limit: at most so many; 0 is all.
            budget_ms: the server's time.

        Raises:
            OverBudget, RefusedByServer.
        """
        with translated():
            rows = self._streams.find(_seen(condition, sight), max_time_ms=budget_ms)
            return [_stream(row) for row in rows.sort("_id", 1).skip(skip).limit(limit)]

    def count(self, condition: Document, sight: Sight, *, budget_ms: int) -> int:
        """How many ``find`` would give without a limit."""
        with translated():
            return self._streams.count_documents(_seen(condition, sight), maxTimeMS=budget_ms)

    def replace_tags(self, old: Stream, tags: Document, name: str) -> bool:
        """Give a stream in use new tags and a name; False if its tags are not the old ones."""
        now = {"_id": old.id, "deleted": None, "tags": {"$eq": old.tags}}
        with translated():
            result = self._streams.update_one(now, {"$set": {"tags": tags, "name": name}})
        return bool(result.matched_count)

    def set_widths(
        self,
        stream_id: int,
        widths: Iterable[tuple[int, int]],
        before: Iterable[tuple[int, int]] | None = None,
    ) -> bool:
        """Each width with the moment from which it counts, both in ms, ascending.

        Returns:
            False when they are not those of ``before``; nothing was changed then.
        """
        same: Doc = {"_id": stream_id}
        if before is not None:
            same["widths"] = [list(width) for width in before]
        change = {"$set": {"widths": [list(width) for width in widths]}}
        with translated():
            done = bool(self._streams.update_one(same, change).matched_count)
        self._forget()
        return done

    def derived_from(self, *ids: int) -> list[Stream]:
        """The streams in use that are derived from any of these."""
        return self._many({"derivation.sources.stream": {"$in": list(ids)}, "deleted": None})

    def fed(self) -> list[Stream]:
        """The streams in use whose values come from datasets."""
        return self._many({"feed.dataset": {"$type": "string"}, "deleted": None})

    def pending(self) -> list[Stream]:
        """The streams in use that are still to be derived from what their sources hold."""
        return self._many({"pending": True, "deleted": None})

    def settle(self, stream_id: int) -> None:
        """Note that a stream is pending no more."""
        with translated():
            self._streams.update_one({"_id": stream_id}, {"$unset": {"pending": ""}})

    def depend_on(self, stream_id: int) -> bool:
        """Note that a stream was derived from this one; False if this one is deleted."""
        with translated():
            result = self._streams.update_one(
                {"_id": stream_id, "deleted": None}, {"$inc": {"depended": 1}}
            )
        return bool(result.matched_count)

    def depended(self, stream_id: int) -> int:
        """How many times a stream was derived from this one. Raises StreamNotFound."""
        with translated():
            row = self._streams.find_one({"_id": stream_id}, {"depended": 1})
        if row is None:
            raise StreamNotFound("no such stream", number=stream_id)
        return int(row["depended"])

    def mark_deleted(self, stream_id: int, at: datetime, *, depended: int | None = None) -> bool:
        """Close a stream; False if it is closed, or ``depended`` is not what it was."""
        condition: Doc = {"_id": stream_id, "deleted": None}
        if depended is not None:
            condition["depended"] = depended
        with translated():
            result = self._streams.update_one(condition, {"$set": {"deleted": at}})
        self._forget()
        return bool(result.matched_count)

    def deleted(self) -> list[Stream]:
        """The closed streams, whose datapoints are still to be removed."""
        return self._many({"deleted": {"$ne": None}})

    def remove(self, stream_id: int) -> None:
        """Forget a closed stream; its id is not used again."""
        self._taken(stream_id)
        with translated():
            self._streams.delete_one({"_id": stream_id, "deleted": {"$ne": None}})

    def _forget(self) -> None:
        with self._lock:
            self._recent.clear()

    def _taken(self, stream_id: int) -> None:
        with translated():
            self._counters.update_one({"_id": COUNTER}, {"$max": {"last": stream_id}}, upsert=True)

    def _one(self, condition: Doc, **named: Any) -> Stream:
        with translated():
            row = self._streams.find_one(condition)
        if row is None:
            raise StreamNotFound("no such stream", **named)
        return _stream(row)

    def _many(self, condition: Doc) -> list[Stream]:
        with translated():
            return [_stream(row) for row in self._streams.find(condition).sort("_id", 1)]


def _seen(condition: Document, sight: Sight) -> Doc:
    bounds: list[Document] = [{"deleted": None}, condition]
    if sight.ids is not None:
        some: list[Document] = [{"_id": {"$in": sorted(sight.ids)}}]
        bounds.append({"$or": [*some, {"public": True}]} if sight.public else some[0])
    return {"$and": bounds}


def _row(stream: Stream) -> Doc:
    return {
        "_id": stream.id,
        "uuid": stream.uuid,
        "name": stream.name,
        "tags": stream.tags,
        "value_type": stream.value_type,
        "highest": stream.highest,
        "value_downsamplers": list(stream.value_downsamplers),
        "time_downsamplers": list(stream.time_downsamplers),
        "public": stream.public,
        "late": stream.late,
        "created": stream.created,
        "widths": [list(width) for width in stream.widths],
        "feed": stream.feed and _feed_row(stream.feed),
        "derivation": stream.derivation and _derivation_row(stream.derivation),
        "deleted": stream.deleted,
    }


def _feed_row(feed: Feed) -> Doc:
    return {
        "dataset": feed.dataset,
        "field": feed.field,
        "filter": feed.filter,
        "time_field": feed.time_field,
    }


def _derivation_row(derivation: Derivation) -> Doc:
    return {
        "op": derivation.op,
        "sources": [
            {"stream": source.stream, "granularity": source.granularity, "name": source.name}
            for source in derivation.sources
        ],
        "args": derivation.args,
        "after_ms": derivation.after_ms,
    }


def _stream(row: Mapping[str, Any]) -> Stream:
    return Stream(
        id=int(row["_id"]),
        uuid=row["uuid"],
        name=row["name"],
        tags=row["tags"],
        value_type=row["value_type"],
        highest=row["highest"],
        value_downsamplers=tuple(row["value_downsamplers"]),
        time_downsamplers=tuple(row["time_downsamplers"]),
        public=row["public"],
        late=row["late"],
        created=row["created"],
        widths=tuple((int(since), int(width)) for since, width in row["widths"]),
        feed=Feed(**row["feed"]) if row["feed"] else None,
        derivation=_derivation(row["derivation"]) if row["derivation"] else None,
        deleted=row["deleted"],
    )


def _derivation(row: Mapping[str, Any]) -> Derivation:
    sources = tuple(
        Source(int(source["stream"]), source["granularity"], source["name"])
        for source in row["sources"]
    )
    after_ms = row["after_ms"]
    return Derivation(row["op"], sources, row["args"], after_ms and int(after_ms))
