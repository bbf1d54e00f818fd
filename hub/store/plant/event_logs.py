"""Event logs: what happened in the plant, when, and at which device.

Fields of a row of ``event_logs``: ``_id``, counted up from 1 and never used again; ``device``
(null where it is of none), ``kind``, ``timestamp``, ``message``, ``url`` (or null), ``data``,
``created``, ``updated``; ``revision``, how many times it was changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from pymongo import ReturnDocument

from hub.errors import NotFound
from hub.store.client import Doc, Mongo, translated
from hub.store.counters import Counters
from hub.values import Batch, Document

NAME = "event_logs"
TOGETHER = 1_000
"""How many are removed, or parted from their device, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """``timestamp`` is when it happened, ``created`` when it was told; aware UTC."""

    id: int
    device: int | None
    kind: str
    timestamp: datetime
    message: str
    url: str | None
    data: Document
    created: datetime
    updated: datetime
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which ones: of any of these devices, of a kind, from ``start`` to ``end``, both inclusive.

    ``devices`` None are all, and those of none.
    """

    devices: Collection[int] | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class EventLogStore:
    def __init__(self, mongo: Mongo, counters: Counters) -> None:
        self._rows = mongo.db[NAME]
        self._counters = counters

    def next_id(self) -> int:
        """An id for a new one."""
        return self._counters.block(NAME, 1)[0]

    def add(self, log: EventLog) -> None:
        with translated():
            self._rows.insert_one(_row(log))

    def get(self, log_id: int) -> EventLog:
        """Raises NotFound."""
        with translated():
            row = self._rows.find_one({"_id": log_id})
        if row is None:
            raise NotFound("no such event log", event_log=log_id)
        return _log(row)

    def replace(self, old: EventLog, new: EventLog) -> EventLog | None:
        """What is there after a change; None if somebody else has changed or removed it."""
        own = {name: value for name, value in _row(new).items() if name not in ("_id", "revision")}
        with translated():
            row = self._rows.find_one_and_update(
                {"_id": old.id, "revision": old.revision},
                {"$set": own, "$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
            )
        return _log(row) if row else None

    def remove(self, old: EventLog) -> bool:
        """Remove it; False if somebody else has changed or removed it."""
        with translated():
            done = self._rows.delete_one({"_id": old.id, "revision": old.revision})
        return bool(done.deleted_count)

    def batches(
        self,
        chosen: Chosen,
        *,
        after: tuple[datetime, int] | None,
        budget_ms: int,
        size: int,
        newest_first: bool = False,
    ) -> Iterator[Batch]:
        """Rows in order of time, of one moment in order of their ids; ``_id`` is in them.

        Args:
            after: the time and the id of the one behind which to begin.
            budget_ms: the server's time for all of them.
            size: rows in a batch, at most.
            newest_first: in the order from the last to the first.

        Raises:
            OverBudget, Unavailable: now, or while iterating.
        """
        way, than = (-1, "$lt") if newest_first else (1, "$gt")
        condition = _condition(chosen)
        if after is not None:
            at, last = after
            behind: Doc = {
                "$or": [{"timestamp": {than: at}}, {"timestamp": at, "_id": {than: last}}]
            }
            condition = {"$and": [condition, {"timestamp": {f"{than}e": at}}, behind]}
        with translated():
            cursor = self._rows.find(condition, {"revision": 0}, max_time_ms=budget_ms)
            cursor = cursor.sort([("timestamp", way), ("_id", way)]).batch_size(size)
        with cursor:
            while True:
                with translated():
                    rows = cursor.to_list(size)
                if not rows:
                    return
                yield Batch(rows)

    def part_from(self, device: int) -> None:
        """Let the event logs of a device be of none."""
        while ids := self._some_of(device):
            with translated():
                self._rows.update_many(
                    {"_id": {"$in": ids}, "device": device},
                    {"$set": {"device": None}, "$inc": {"revision": 1}},
                )

    def remove_of(self, device: int) -> None:
        """Remove the event logs of a device."""
        while ids := self._some_of(device):
            with translated():
                self._rows.delete_many({"_id": {"$in": ids}, "device": device})

    def any_of(self, device: int) -> bool:
        """Whether a device has event logs."""
        with translated():
            return self._rows.find_one({"device": device}, {"_id": 1}) is not None

    def _some_of(self, device: int) -> list[int]:
        with translated():
            rows = self._rows.find({"device": device}, {"_id": 1}).limit(TOGETHER)
            return [row["_id"] for row in rows]


def _condition(chosen: Chosen) -> Doc:
    condition: Doc = {}
    if chosen.devices is not None:
        ids = sorted(chosen.devices)
        condition["device"] = ids[0] if len(ids) == 1 else {"$in": ids}
    if chosen.kind is not None:
        condition["kind"] = chosen.kind
    bounds = {"$gte": chosen.start, "$lte": chosen.end}
    if within := {name: at for name, at in bounds.items() if at is not None}:
        condition["timestamp"] = within
    return condition


def _row(log: EventLog) -> Doc:
    row = asdict(log)
    row["_id"] = row.pop("id")
    return row


def _log(row: Doc) -> EventLog:
    own = {name: value for name, value in row.items() if name != "_id"}
    return EventLog(id=int(row["_id"]), **own)
