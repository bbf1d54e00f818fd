"""Streams that a dataset's field feeds: what was PUT before, and what is PUT from then on.

Each document is looked at twice. Soon after it came in, so that its datapoint is there within
seconds; and again ``HORIZON_S`` later, for a document can become visible after one that came
after it. The second look begins with the dataset's first document, which is the backfill. A
datapoint's name follows from its document's id, so no document ever makes two.

Where documents may say a time again and the last one holds (``replace`` with a ``time_field``),
names follow from that time. Then the second look overwrites while it goes through the history,
and the first look begins only after it: of any two documents the later one is written later.

All streams have their turns, one step at a time, so that a long history keeps no other waiting,
nor does a dataset that cannot be read.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic, time
from typing import Any

import numpy as np
from bson import ObjectId

from hub.errors import BadDatapoint, HubError, OverBudget, Unavailable
from hub.query import Limits, arranged, guard_fields, guard_filter, page, within
from hub.query.page import Cut, Order
from hub.series import buckets
from hub.series.incoming import time_ms
from hub.series.levels import SECOND_MS
from hub.store.datasets.datasets import Datasets
from hub.store.datasets.documents import Documents
from hub.store.streams.point_documents import Change
from hub.store.streams.points import PointStore
from hub.store.streams.progress import Progress
from hub.store.streams.streams import Streams
from hub.values import Document, Feed, Stream

log = logging.getLogger(__name__)

HORIZON_S = 120
"""No document becomes visible so long after its arrival: writes are given up long before."""
STRIDE = timedelta(minutes=10)
"""In a dataset that is silent, the second look is noted this often."""
BATCH = 5_000
BUDGET_MS = 5_000
"""The database server's time for one page of a dataset, and for counting it."""
ARRIVAL = Order()


@dataclass(frozen=True, slots=True)
class Fed:
    """One document's datapoint: its time (ms), its place among those of its instant, its value."""

    at: int
    sequence: int
    value: float | None


@dataclass(frozen=True, slots=True)
class _Page:
    """Documents looked at, by id, in the order of arrival; the rows that the filter leaves."""

    ids: list[ObjectId]
    rows: list[Document]

    def before(self, end: ObjectId) -> _Page:
        ids = [each for each in self.ids if each < end]
        return _Page(ids, [row for row in self.rows if row["_id"] < end])


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the documents are that feed streams."""

    datasets: Datasets
    documents: Documents


class Feeding:
    def __init__(
        self,
        streams: Streams,
        archive: Archive,
        points: PointStore,
        progress: Progress,
        limits: Limits,
    ) -> None:
        self._streams = streams
        self._datasets = archive.datasets
        self._documents = archive.documents
        self._points = points
        self._progress = progress
        self._limits = limits
        self._first = 0

    def run(self, seconds: float, stopping: Event) -> int:
        """Feed every stream that a dataset feeds; how many documents were looked at.

        Breaks off after so many seconds; the next call goes on with the stream whose turn it is.

        Raises:
            Unavailable: the database is away. What ails one dataset is logged.
        """
        ends, seen = monotonic() + seconds, 0
        gone = set(self._datasets.deleted())
        fed = [each for each in self._streams.fed() if each.feed and each.feed.dataset not in gone]
        streams = sorted(fed, key=lambda each: (each.id < self._first, each.id))
        turns = deque((stream, self._feed(stream)) for stream in streams)
        while turns:
            stream, steps = turns.popleft()
            count = _step(stream, steps)
            if count is not None:
                seen += count
                turns.append((stream, steps))
            if stopping.is_set() or monotonic() > ends:
                break
        self._first = turns[0][0].id if turns else 0
        return seen

    def _feed(self, stream: Stream) -> Iterator[int]:
        """Feed one stream in bounded steps; yields how many documents each one took."""
        noted = self._progress.of(stream.id) or self._begun(stream)
        if _single(stream) and noted["settled"] < noted["since"]:
            yield from self._settled(stream, noted, noted["since"], overwriting=True)
            if noted["settled"] < noted["since"]:
                return
        yield from self._newest(stream, noted["fed"])
        if not noted.get("current"):
            self._progress.note(stream.id, current=True)
        yield from self._settled(stream, noted, first_id(time() - HORIZON_S))

    def _begun(self, stream: Stream) -> Document:
        """The notes of a stream that was not fed before."""
        assert stream.feed is not None
        total: int | None = None
        with suppress(OverBudget):
            total = self._documents.count(stream.feed.dataset, budget_ms=BUDGET_MS)
        since = first_id(time() - HORIZON_S)
        noted = {"since": since, "fed": since, "settled": first_id(0), "total": total}
        noted |= {"documents": 0, "skipped": 0, "current": False}
        self._progress.note(stream.id, **noted)
        return noted

    def _newest(self, stream: Stream, after: ObjectId) -> Iterator[int]:
        """The first look: whatever came after what was fed before."""
        more = True
        while more:
            seen = self._page(stream, after)
            more = len(seen.ids) == BATCH
            if seen.ids:
                self._points.write(self._changes(stream, _points(stream, seen.rows)))
                after = seen.ids[-1]
                self._progress.note(stream.id, fed=after)
                yield len(seen.ids)

    def _settled(
        self, stream: Stream, noted: Document, until: ObjectId, *, overwriting: bool = False
    ) -> Iterator[int]:
        """The second look: what came before ``until``, for what the first one missed.

        How far it has come is noted, and written into ``noted``.
        """
        more = True
        while more:
            old = self._page(stream, noted["settled"]).before(until)
            more = len(old.ids) == BATCH
            found = _points(stream, old.rows)
            changes = self._changes(stream, found)
            self._points.write(changes if overwriting else self._missing(stream, changes))
            reached = old.ids[-1] if old.ids else noted["settled"]
            if not more and (
                overwriting or until.generation_time - reached.generation_time > STRIDE
            ):
                reached = until
            if reached != noted["settled"]:
                noted["settled"] = reached
                noted["documents"] += len(old.ids)
                noted["skipped"] += len(old.rows) - len(found)
                told = {name: noted[name] for name in ("settled", "documents", "skipped")}
                self._progress.note(stream.id, **told)
            yield len(old.ids)

    def _page(self, stream: Stream, after: ObjectId) -> _Page:
        """The next ``BATCH`` documents: however few the filter leaves, a step is bounded."""
        feed = stream.feed
        assert feed is not None
        names = [feed.field, *([feed.time_field] if feed.time_field else [])]
        if feed.filter is None:
            rows = self._read(feed.dataset, {}, ",".join(names), after)
            return _Page([row["_id"] for row in rows], rows)
        ids = [row["_id"] for row in self._read(feed.dataset, {}, "_id", after)]
        if not ids:
            return _Page([], [])
        last = {"_timestamp": {"$lte": _second(ids[-1])}}
        rows = self._read(feed.dataset, {"$and": [last, feed.filter]}, ",".join(names), after)
        return _Page(ids, [row for row in rows if row["_id"] <= ids[-1]])

    def _read(self, dataset: str, query: Document, fields: str, after: ObjectId) -> list[Document]:
        checked = guard_filter(query, limits=self._limits, analyst=True)
        cut = Cut(after=(_second(after), after), limit=BATCH)
        stages = page.stages(ARRIVAL, cut, guard_fields(fields, self._limits), keys=True)
        asked = arranged(within(dataset, checked), stages)
        batches = self._documents.batches(asked, budget_ms=BUDGET_MS, size=BATCH)
        return [row for batch in batches for row in batch.rows]

    def _changes(self, stream: Stream, found: Sequence[Fed]) -> list[Change]:
        ordered = sorted(found, key=lambda point: (point.at, point.sequence))
        at = np.array([point.at for point in ordered], np.int64)
        made = []
        for bucket, chosen in buckets.split(stream.id, stream.widths, at):
            values = {
                buckets.name(point.at - bucket.start, point.sequence): point.value
                for point in ordered[chosen]
            }
            lo, hi = int(at[chosen.start]), int(at[chosen.stop - 1])
            made.append(Change(bucket, values, lo, hi))
        return made

    def _missing(self, stream: Stream, changes: Sequence[Change]) -> list[Change]:
        """The changes without the datapoints that are there."""
        left = []
        for change in changes:
            held, _ = self._points.document(change.bucket)
            values = {name: v for name, v in change.values.items() if name not in held}
            if values:
                left.append(Change(change.bucket, values, change.lo, change.hi))
        return left


def _step(stream: Stream, steps: Iterator[int]) -> int | None:
    """The next step of a stream; None where it is through, or its dataset cannot be read."""
    try:
        return next(steps, None)
    except Unavailable:
        raise
    except HubError as exc:
        log.warning("stream %s is not fed: %s", stream.uuid, exc.message)
        return None


def _single(stream: Stream) -> bool:
    """Whether a document may take the place of another one's datapoint."""
    return stream.late == "replace" and stream.feed is not None and bool(stream.feed.time_field)


def _second(document_id: ObjectId) -> int:
    return int(document_id.generation_time.timestamp())


def first_id(seconds: float) -> ObjectId:
    """The least id of a document that arrives in a second since 1970."""
    return ObjectId(int(seconds).to_bytes(4, "big") + bytes(8))


def _points(stream: Stream, rows: Sequence[Document]) -> list[Fed]:
    feed = stream.feed
    assert feed is not None
    found = (_point(feed, row, single=_single(stream)) for row in rows)
    return [point for point in found if point is not None]


def _point(feed: Feed, row: Document, *, single: bool) -> Fed | None:
    """A document's datapoint; None where the field is no number, or the time no time."""
    there, value = _at(row, feed.field)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not there or not (value is None or (number and math.isfinite(value))):
        return None
    value = int(value) if isinstance(value, int) else value
    arrived, order = arrival(row["_id"])
    if feed.time_field is None:
        return Fed(arrived, order, value)
    try:
        at = time_ms(_plain(_at(row, feed.time_field)[1]))
    except BadDatapoint:
        return None
    return Fed(at, 0 if single else int.from_bytes(row["_id"].binary, "big"), value)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def arrival(document_id: ObjectId) -> tuple[int, int]:
    """When a document arrived, ms since 1970, and its place among those of that millisecond.

    Its id holds 32 bits of seconds, 20 of microseconds, 44 of process and place in the request.
    """
    number = int.from_bytes(document_id.binary, "big")
    micros = (number >> 44) & 0xFFFFF
    finer = (micros % 1000) << 44 | number & (2**44 - 1)
    return (number >> 64) * SECOND_MS + micros // 1000, finer


def _at(row: Document, path: str) -> tuple[bool, Any]:
    """Whether anything stands at a dotted path, and what; not within arrays."""
    value: Any = row
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return False, None
        value = value[step]
    return True, value
