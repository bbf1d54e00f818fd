"""Datapoints into made-up streams: what is due, in batches, each stored exactly once."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from hub.cli.dummy.kinds import Kind
from hub.cli.dummy.span import Span, after, moments, next_tick
from hub.cli.dummy.stop import Stop
from hub.errors import HubError, StreamNotFound, Unavailable
from hub.jobs.schedule import once, timetable
from hub.services import Services
from hub.services.streams.writing.appending import Arriving
from hub.values import Stream

log = logging.getLogger(__name__)

BATCH = 5_000
"""Datapoints appended together."""
PAUSE_S = 0.5
"""Between two attempts while the database cannot be reached."""
SLEEP_S_MAX = 1.0
"""The clock is looked at so often, for it may be set."""


@dataclass(slots=True)
class Fed:
    """A stream that is being filled; ``due`` is the time in ms of its next datapoint."""

    stream: Stream
    kind: Kind
    number: int
    due: int = 0
    appended: int = 0


class Feeder:
    """Appends to streams at one interval."""

    def __init__(self, services: Services, stop: Stop, interval_ms: int) -> None:
        self._services = services
        self._stop = stop
        self._interval_ms = interval_ms

    def fill(self, all_fed: Sequence[Fed], span: Span) -> None:
        """Append what a span has after each stream's latest datapoint, and downsample it.

        Raises:
            ValueError: the span begins before 1970.
            Stopped: a signal came.
        """
        now = now_ms()
        times = moments(span, self._interval_ms, now)
        filled = now if isinstance(span, tuple) else times[-1]
        ends = self._services.readings.ends([fed.stream for fed in all_fed])
        for fed in all_fed:
            latest = ends[fed.stream.id][1]
            self._append(fed, after(times, latest))
            fed.due = next_tick(max(filled, latest or 0), self._interval_ms)
        self._downsample()

    def go_on(self, all_fed: Sequence[Fed]) -> None:
        """Append one datapoint a stream every interval, until no stream is left.

        What became due while the database or this process could not work is caught up with.

        Raises:
            Stopped: a signal came.
        """
        left = list(all_fed)
        while left:
            now = now_ms()
            if min(fed.due for fed in left) <= now:
                left = [fed for fed in left if not self._is_gone(fed.stream)]
                for fed in left:
                    self._append(fed, range(fed.due, now + 1, self._interval_ms))
                self._downsample()
                continue
            wait_s = (min(fed.due for fed in left) - now) / 1000
            self._stop.pause(min(wait_s, SLEEP_S_MAX))

    def _append(self, fed: Fed, times: range) -> None:
        for first in range(0, len(times), BATCH):
            some = times[first : first + BATCH]
            self._put(fed.stream, _body(fed, some))
            fed.appended += len(some)
            fed.due = some[-1] + self._interval_ms

    def _put(self, stream: Stream, body: bytes) -> None:
        """Store datapoints; while the database cannot be reached, try the same again."""
        arriving = Arriving(
            stream=stream,
            body=body,
            shape="array",
            idempotency_key=hashlib.blake2b(body, digest_size=16).hexdigest(),
        )
        lost = False
        while True:
            self._stop.check()
            try:
                verdicts = self._services.appending.put(arriving).verdicts
                break
            except Unavailable as exc:
                if not lost:
                    log.warning("%s; trying again", exc.message)
                lost = True
            self._stop.pause(PAUSE_S)
        if lost:
            log.warning("the database is back")
        if refused := next((v for v in verdicts if isinstance(v, HubError)), None):
            raise refused

    def _is_gone(self, stream: Stream) -> bool:
        try:
            self._services.streams.of(stream.id)
        except StreamNotFound:
            log.warning("%s was deleted", stream.name)
            return True
        except Unavailable:
            return False
        return False

    def _downsample(self) -> None:
        """Do what the worker does, unless one is at it."""
        done: object = False
        while done is False:
            self._stop.check()
            with self._stop.deferred() as stopping, suppress(Unavailable):
                jobs = {job.id: job for job in timetable(self._services, stopping)}
                done = once(self._services, jobs["downsample"])


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _body(fed: Fed, times: range) -> bytes:
    at = np.arange(times.start, times.stop, times.step, dtype=np.int64)
    seconds: list[Any] = (at / 1000 if (at % 1000).any() else at // 1000).tolist()
    values = fed.kind.values(at, fed.number)
    return orjson.dumps([{"t": t, "v": v} for t, v in zip(seconds, values, strict=True)])
