"""Event logs: told, listed, changed, removed; each of a device that is there, or of none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.errors import Forbidden, NotFound, Unavailable
from hub.services.permits import Permits
from hub.services.plant.belonging import NO_DEVICE
from hub.services.plant.facts import told
from hub.services.plant.fields import refused
from hub.services.queries import Budgets
from hub.services.rows import Position, Rows, resumed
from hub.services.streams.registry.making import ATTEMPTS_MAX, now
from hub.store.access.audit import Audit
from hub.store.plant.devices import Devices
from hub.store.plant.event_logs import Chosen, EventLog, EventLogStore
from hub.values import Batch, Document, Principal, Reach

TIMES = ("timestamp", "created", "updated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which event logs are wanted. ``start`` and ``end`` are inclusive, aware UTC."""

    device: int | None = None
    kind: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class EventLogs:
    store: EventLogStore
    devices: Devices
    audit: Audit
    permits: Permits
    budgets: Budgets

    def newest(self, wish: Wish, principal: Principal) -> Rows:
        """At most ``limit`` of those that the key opens, newest first. Raises as ``in_order``.

        Those that come in one batch take no place among the queries.
        """
        few = wish.limit is not None and wish.limit <= self.budgets.batch_rows
        return self._rows(wish, principal, newest_first=True, few=few)

    def in_order(self, wish: Wish, principal: Principal) -> Rows:
        """Those that the key opens in order of time, as many as there are.

        Raises:
            OverBudget, TooMany, Unavailable: before the first row; later while iterating.
        """
        return self._rows(wish, principal, newest_first=False, few=False)

    def _rows(self, wish: Wish, principal: Principal, *, newest_first: bool, few: bool) -> Rows:
        chosen = _chosen(wish, principal.reach)
        if chosen is None:
            return Rows(lambda: iter(()), lambda: None)
        release = _nothing if few else self.permits.take(principal.key_id, heavy=False)
        return Rows(lambda: self._batches(chosen, wish.limit, newest_first), release)

    def get(self, log_id: int, principal: Principal) -> EventLog:
        """Raises NotFound: there is none, or the key is for other devices."""
        log = self.store.get(log_id)
        if not _opens(principal.reach, log.device):
            raise NotFound("no such event log", event_log=log_id)
        return log

    def create(self, fields: dict[str, Any], principal: Principal) -> EventLog:
        """Keep an event log; ``fields`` are those of ``EventLog`` that are told, all of them.
        ``timestamp`` None is now.

        Raises:
            BadField: no such device.
            Forbidden: the key is for some devices, and this is of none.
        """
        self._check(fields["device"], principal.reach)
        at = now()
        given = fields | {"timestamp": fields["timestamp"] or at}
        log = EventLog(id=self.store.next_id(), **given, created=at, updated=at)
        self.store.add(log)
        self._bind(None, log)
        return log

    def change(self, log_id: int, fields: dict[str, Any], principal: Principal) -> EventLog:
        """Give an event log the fields that are told; ``timestamp`` None is when it was made.

        Raises:
            NotFound: there is none, or the key is for other devices.
            BadField: no such device.
            Forbidden: the key is for some devices, and this would be of none.
        """
        for _ in range(ATTEMPTS_MAX):
            old = self.get(log_id, principal)
            given = dict(fields)
            if given.get("timestamp", old.timestamp) is None:
                given["timestamp"] = old.created
            new = replace(old, **given)
            if new == old:
                return old
            if new.device != old.device:
                self._check(new.device, principal.reach)
            if changed := self.store.replace(old, replace(new, updated=now())):
                self._bind(old.device, changed)
                self.audit.note("event_log.change", event_log=log_id)
                return changed
        raise Unavailable("the event log is being changed all the time")

    def delete(self, log_id: int, principal: Principal) -> None:
        """Raises NotFound: there is none, or the key is for other devices."""
        for _ in range(ATTEMPTS_MAX):
            if self.store.remove(self.get(log_id, principal)):
                self.audit.note("event_log.delete", event_log=log_id)
                return
        raise Unavailable("the event log is being changed all the time")

    def _check(self, device: int | None, reach: Reach) -> None:
        """Look whether an event log may come to be of this device, or of none."""
        if device is None:
            if reach.devices is not None:
                raise Forbidden("this key is for event logs of its devices only")
            return
        try:
            there = reach.opens_device(device) and bool(self.devices.get(device))
        except NotFound:
            there = False
        if not there:
            raise refused("device", NO_DEVICE)

    def _bind(self, old: int | None, log: EventLog) -> None:
        """Tell the device of a stored event log, if it is new to it.

        Raises:
            BadField: it was removed meanwhile. A new event log is gone then, another is of none.
        """
        if log.device in (None, old) or self.devices.attach(log.device or 0):
            return
        if log.revision == 0:
            self.store.remove(log)
        else:
            self.store.replace(log, replace(log, device=None))
        raise refused("device", NO_DEVICE)

    def _batches(self, chosen: Chosen, limit: int | None, newest_first: bool) -> Iterator[Batch]:
        rows_max = self.budgets.batch_rows

        def open_after(last: Position | None) -> Iterator[Batch]:
            after = None if last is None else (last[0], last[1])
            return self.store.batches(
                chosen,
                after=after,
                budget_ms=self.budgets.find_ms,
                size=min(limit or rows_max, rows_max),
                newest_first=newest_first,
            )

        rows = resumed(
            open_after,
            lambda row: (row["timestamp"], row["_id"]),
            time_max_s=self.budgets.stream_s,
        )
        for batch in rows if limit is None else _first(limit, rows):
            yield Batch([_told(row) for row in batch.rows])


def _nothing() -> None:
    """What there is to let go of where no place was taken."""


def shown(log: EventLog) -> Document:
    """What is told of an event log, ready for JSON."""
    return {
        "id": log.id,
        "device": log.device,
        "kind": log.kind,
        "timestamp": told(log.timestamp),
        "message": log.message,
        "url": log.url,
        "data": log.data,
        "created": told(log.created),
        "updated": told(log.updated),
    }


def _told(row: Document) -> Document:
    """As ``shown``, of a stored row, whose fields are in that order."""
    times = {name: told(row[name]) for name in TIMES}
    return {"id": row.pop("_id")} | row | times


def _first(limit: int, batches: Iterator[Batch]) -> Iterator[Batch]:
    left = limit
    for batch in batches:
        yield Batch(batch.rows[:left])
        left -= len(batch.rows)
        if left <= 0:
            return


def _opens(reach: Reach, device: int | None) -> bool:
    """Event logs of no device are for keys that are for all devices."""
    return reach.devices is None or (device is not None and reach.opens_device(device))


def _chosen(wish: Wish, reach: Reach) -> Chosen | None:
    """What is wanted and opened; None where that is nothing."""
    devices = reach.devices
    if wish.device is not None:
        devices = frozenset({wish.device}) if reach.opens_device(wish.device) else frozenset()
    if devices is not None and not devices:
        return None
    return Chosen(devices=devices, kind=wish.kind, start=wish.start, end=wish.end)
