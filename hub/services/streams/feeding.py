"""Streams that a dataset's field feeds: what was PUT before, and what is PUT from then on.

Each document is looked at twice. Soon after it came in, so that its datapoint is there within
seconds; and again ``HORIZON_S`` later, for a document can become visible after one that came
after it. The second look begins with the dataset's first document, which is the backfill. A
datapoint's name follows from its document's id, so no document ever makes two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic, time
from typing import Any

import numpy as np
from bson import ObjectId

from hub.errors import BadDatapoint
from hub.query import Limits, arranged, guard_fields, guard_filter, page, within
from hub.query.page import Cut, Order
from hub.series import buckets
from hub.series.incoming import time_ms
from hub.series.levels import SECOND_MS
from hub.store.documents import Documents
from hub.store.points import Change, PointStore
from hub.store.progress import Progress
from hub.store.streams import Streams
from hub.values import Document, Feed, Stream

HORIZON_S = 120
"""No document becomes visible so long after its arrival: writes are given up long before."""
STRIDE = timedelta(minutes=10)
"""In a dataset that is silent, the second look is noted this often."""
BATCH = 5_000
BUDGET_MS = 30_000
ARRIVAL = Order()


@dataclass(frozen=True, slots=True)
class Fed:
    """One document's datapoint: its time (ms), its place among those of its instant, its value."""

    at: int
    sequence: int
    value: float | None


class Feeding:
    def __init__(
        self,
        streams: Streams,
        documents: Documents,
        points: PointStore,
        progress: Progress,
        limits: Limits,
    ) -> None:
        self._streams = streams
        self._documents = documents
        self._points = points
        self._progress = progress
        self._limits = limits

    def run(self, seconds: float, stopping: Event) -> int:
        """Feed every stream that a dataset feeds; how many documents were looked at.

        Breaks off after so many seconds, to be gone on with at the next call.
        """
        ends, seen = monotonic() + seconds, 0
        for stream in self._streams.fed():
            for count in self._feed(stream):
                seen += count
                if stopping.is_set() or monotonic() > ends:
                    return seen
        return seen

    def _feed(self, stream: Stream) -> Iterator[int]:
        """Feed one stream in bounded steps; yields how many documents each one took."""
        assert stream.feed is not None
        noted = self._progress.of(stream.id)
        if not noted:
            total = self._documents.count(stream.feed.dataset, budget_ms=BUDGET_MS)
            noted = {"fed": first_id(time() - HORIZON_S), "settled": first_id(0), "total": total}
            noted |= {"documents": 0, "skipped": 0}
            self._progress.note(stream.id, **noted)
        yield from self._newest(stream, noted["fed"])
        yield from self._settled(stream, noted)

    def _newest(self, stream: Stream, after: ObjectId) -> Iterator[int]:
        """The first look: whatever came after what was fed before."""
        rows = self._rows(stream, after)
        while rows:
            self._points.write(self._changes(stream, _points(stream, rows)))
            after = rows[-1]["_id"]
            self._progress.note(stream.id, fed=after)
            yield len(rows)
            rows = self._rows(stream, after) if len(rows) == BATCH else []

    def _settled(self, stream: Stream, noted: Document) -> Iterator[int]:
        """The second look: what is older than the horizon, for what the first one missed."""
        horizon = first_id(time() - HORIZON_S)
        after, documents, skipped = noted["settled"], noted["documents"], noted["skipped"]
        more = True
        while more:
            rows = self._rows(stream, after)
            old = [row for row in rows if row["_id"] < horizon]
            more = len(rows) == BATCH == len(old)
            if old:
                found = _points(stream, old)
                self._points.write(self._missing(stream, self._changes(stream, found)))
                after, documents = old[-1]["_id"], documents + len(old)
                skipped += len(old) - len(found)
            if not more and horizon.generation_time - after.generation_time > STRIDE:
                after = horizon
            if after != noted["settled"]:
                self._progress.note(stream.id, settled=after, documents=documents, skipped=skipped)
            yield len(old)

    def _rows(self, stream: Stream, after: ObjectId) -> list[Document]:
        feed = stream.feed
        assert feed is not None
        names = [feed.field, *([feed.time_field] if feed.time_field else [])]
        fields = guard_fields(",".join(names), self._limits)
        checked = guard_filter(feed.filter or {}, limits=self._limits, analyst=True)
        second = int(after.generation_time.timestamp())
        cut = Cut(after=(second, after), limit=BATCH)
        stages = page.stages(ARRIVAL, cut, fields, keys=True)
        query = arranged(within(feed.dataset, checked), stages)
        batches = self._documents.batches(query, budget_ms=BUDGET_MS, size=BATCH)
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
            held, _ = self._points.names_in(change.bucket)
            values = {name: v for name, v in change.values.items() if name not in held}
            if values:
                left.append(Change(change.bucket, values, change.lo, change.hi))
        return left


def first_id(seconds: float) -> ObjectId:
    """The least id of a document that arrives in a second since 1970."""
    return ObjectId(int(seconds).to_bytes(4, "big") + bytes(8))


def _points(stream: Stream, rows: Sequence[Document]) -> list[Fed]:
    feed = stream.feed
    assert feed is not None
    found = (_point(feed, row, single=stream.late == "replace") for row in rows)
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
