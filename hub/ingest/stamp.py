"""The hub's own fields of a document: its ``_id`` and its time of arrival.

``_id`` is 12 bytes, an ObjectId to everybody else: 4 bytes of UTC seconds, 20 bits of
microseconds, 24 bits of the process, 20 bits of place in the request. So documents of one
second stand in the order of arrival whichever process took them, and a batch in its own order
(docs/decisions/001-document-ids.md).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time_ns

from bson import ObjectId

from hub.values import Document

PLACES = 1 << 20
"""How many documents one request may hold."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and as what one request came in. ``at`` is aware UTC, to the microsecond."""

    at: datetime
    first_id: bytes

    def ids(self, count: int) -> Iterator[ObjectId]:
        """The ids of the request's documents, ascending; ``count`` at most ``PLACES``."""
        head, tail = self.first_id[:9], int.from_bytes(self.first_id[9:], "big")
        return (ObjectId(head + (tail + place).to_bytes(3, "big")) for place in range(count))

    def annotations(self, dataset: str) -> Document:
        """The fields beginning with ``_`` that every document of the request gets (UTC)."""
        at = self.at
        return {
            "_datasetid": dataset,
            "_timestamp": int(at.timestamp()),
            "_timestamp_year": at.year,
            "_timestamp_month": at.month,
            "_timestamp_day": at.day,
            "_timestamp_hour": at.hour,
            "_timestamp_minute": at.minute,
            "_timestamp_second": at.second,
        }


@dataclass(slots=True)
class Clock:
    """Gives arrivals, no two of one process at the same microsecond."""

    _process: int = field(default_factory=lambda: secrets.randbits(24))
    _last_us: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrival(self) -> Arrival:
        with self._lock:
            now_us = max(time_ns() // 1000, self._last_us + 1)
            self._last_us = now_us
        seconds, micros = divmod(now_us, 1_000_000)
        number = (seconds << 64) | (micros << 44) | (self._process << 20)
        at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
        return Arrival(at, number.to_bytes(12, "big"))


def stamped(documents: Sequence[Document], dataset: str, arrival: Arrival) -> list[Document]:
    """The documents as they are stored: ``_id`` first, then their own fields, then the hub's."""
    own = arrival.annotations(dataset)
    ids = arrival.ids(len(documents))
    return [{"_id": id_, **document, **own} for id_, document in zip(ids, documents, strict=True)]
