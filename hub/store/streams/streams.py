"""Streams: what each one is. Their datapoints are elsewhere.

Fields of a row of ``streams``:

- ``_id``: the integer id, counted up from 1 and never used again; ``uuid``, ``name``, ``tags``
- ``value_type``, ``highest``, ``value_downsamplers``, ``time_downsamplers``: names
- ``public``, ``late``, ``created``, ``deleted`` (null while in use)
- ``widths``: ``[[from_ms, width_ms], …]``
- ``feed``: null or ``{dataset, field, filter, time_field}``
- ``derivation``: null or ``{op, sources: [{stream, granularity, name}], args, after_ms}``
- ``device``, ``path``, ``type``, ``access_mode``, ``group``, ``unit``, ``enabled``,
  ``poll_interval_s``, ``on_change``, ``deadband``, ``heartbeat_s``, ``metadata``: its place in the
  plant; not there in rows of old, and then what ``Place`` says
- ``depended``: how many times a stream was derived from this one
- ``touched``: when its place, name or tags changed last or it was closed, by the server's clock;
  not there before
- ``pending``: true while a derived stream has not seen all that its sources hold

The row ``streams`` of ``counters`` holds the ``last`` id that is known to be taken. Whoever
adds a stream takes the id after it, and the unique ``_id`` lets one of two through: so nobody
adds a stream without having seen those that were added before.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cachetools import TTLCache
from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict, StreamNotFound
from hub.store.client import Doc, Mongo, translated
from hub.store.streams.stream_rows import PLACE, row_of, stored, stream_of
from hub.values import Document, Reach, Stream

COUNTER = "streams"
RECENT_S = 0.5
TOUCHED = {"$currentDate": {"touched": True}}
"""Part of every change that whoever polls the stream is to see."""
"""How old a row may be that ``recent`` gives."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which streams somebody sees: those that ``reach`` opens, and the public ones if so."""

    reach: Reach
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
        row = row_of(stream) | {"depended": 0}
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
            return [stream_of(row) for row in rows.sort("_id", 1).skip(skip).limit(limit)]

    def ids(self) -> list[int]:
        """Those of all streams in use, in order of creation."""
        with translated():
            rows = self._streams.find({"deleted": None}, {"_id": 1}).sort("_id", 1)
            return [int(row["_id"]) for row in rows]

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

    def change(self, old: Stream, new: Stream) -> bool:
        """Give a stream in use another name, tags and place; False if they are not the old ones."""
        was = row_of(old)
        same: Doc = {name: stored(name, was[name]) for name in ("name", "tags", *PLACE)}
        now = row_of(new)
        change = TOUCHED | {"$set": {name: now[name] for name in ("name", "tags", *PLACE)}}
        with translated():
            result = self._streams.update_one({"_id": old.id, "deleted": None} | same, change)
        self.forget()
        return bool(result.matched_count)

    def of_device(self, device: int) -> list[Stream]:
        """The streams in use that belong to a device."""
        return self._many({"device": device, "deleted": None})

    def members(self, groups: Collection[int], reach: Reach) -> list[tuple[int, int]]:
        """(group, stream) of the streams in use of some groups that are seen, by stream."""
        condition = _seen({"group": {"$in": list(groups)}}, Sight(reach))
        with translated():
            rows = self._streams.find(condition, {"group": 1}).sort("_id", 1)
            return [(int(row["group"]), int(row["_id"])) for row in rows]

    def take_out(self, group: int, ids: Collection[int]) -> None:
        """Let streams belong to no group, if it is this one."""
        with translated():
            self._streams.update_many(
                {"_id": {"$in": list(ids)}, "group": group}, {"$set": {"group": None}}
            )
        self.forget()

    def detach(self, device: int) -> None:
        """Let the streams of a device belong to none."""
        with translated():
            self._streams.update_many({"device": device}, TOUCHED | {"$set": {"device": None}})
        self.forget()

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
        self.forget()
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
            result = self._streams.update_one(condition, TOUCHED | {"$set": {"deleted": at}})
        self.forget()
        return bool(result.matched_count)

    def deleted(self) -> list[Stream]:
        """The closed streams, whose datapoints are still to be removed."""
        return self._many({"deleted": {"$ne": None}})

    def remove(self, stream_id: int) -> None:
        """Forget a closed stream; its id is not used again."""
        self._taken(stream_id)
        with translated():
            self._streams.delete_one({"_id": stream_id, "deleted": {"$ne": None}})

    def forget(self) -> None:
        """Let ``recent`` look anew: others changed streams."""
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
        return stream_of(row)

    def _many(self, condition: Doc) -> list[Stream]:
        with translated():
            return [stream_of(row) for row in self._streams.find(condition).sort("_id", 1)]


def _seen(condition: Document, sight: Sight) -> Doc:
    """The condition within what is seen: ``Reach.opens_stream`` in the words of a query."""
    bounds: list[Document] = [{"deleted": None}, condition]
    reach, some = sight.reach, list[Document]()
    if reach.streams is not None:
        some = [{"_id": {"$in": sorted(reach.streams)}}]
    elif reach.devices:
        some = [{"device": None}]
    if some and reach.devices:
        some.append({"device": {"$in": sorted(reach.devices)}})
    if some and sight.public:
        some.append({"public": True})
    return {"$and": [*bounds, {"$or": some}] if some else bounds}
