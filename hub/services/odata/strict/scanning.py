"""The datapoints of a span of a stream, one after another, in the shape of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from hub.query.odata.flat import TIME, Span
from hub.series.levels import SECOND_MS, highest_of
from hub.series.selection import LIMIT_MAX, Selection
from hub.services.odata.deadline import Deadline
from hub.services.streams.reading.readings import Readings
from hub.values import Document, Stream

FIRST_S: Final = -62_135_596_800
LAST_S: Final = 253_402_300_799
"""The first and the last second of the calendar: the years 1 to 9999."""
VALUE: Final = "Value"
PLACE: Final = "_place"
"""The field of a row with its time and how many rows at that time were passed, it included."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a stream. ``reader`` is the id of the key that asks."""

    readings: Readings
    stream: Stream
    reader: str
    span: Span
    reverse: bool
    deadline: Deadline

    def total(self) -> int:
        """How many datapoints there are in the span, whatever its test says."""
        if self.span.empty:
            return 0
        return self._read(limit=0, offset=0)[0] - self._before()

    def rows(self, skip: int, passed: tuple[str, int] = ("", 0)) -> Iterator[list[Document]]:
        """The rows of the span that pass its test.

        Args:
            skip: datapoints to pass over without a look at them.
            passed: the time at which the scan begins, and how many of it ``skip`` passes.
        """
        before = 0 if self.span.empty else self._before()
        offset = skip if self.reverse else skip + before
        left = None if not before else max(0, self.total() - skip)
        while not self.span.empty and left != 0:
            self.deadline.left_ms  # noqa: B018 - raises when the time is over
            points = self._read(limit=LIMIT_MAX, offset=offset)[1]
            taken = points if left is None else points[:left]
            left = None if left is None else left - len(taken)
            offset += len(points)
            found, passed = self._shaped(taken, passed)
            yield found
            if len(points) < LIMIT_MAX:
                return

    def _shaped(
        self, points: list[dict[str, Any]], passed: tuple[str, int]
    ) -> tuple[list[Document], tuple[str, int]]:
        test = self.span.test
        texts = self.stream.value_type != "numeric"
        found: list[Document] = []
        for point in points:
            at = point["t"]
            passed = (at, passed[1] + 1) if at == passed[0] else (at, 1)
            value = _text(point["v"]) if texts else point["v"]
            row = {TIME: at, VALUE: value, PLACE: passed}
            if test is None or test(row):
                found.append(row)
        return found, passed

    def _before(self) -> int:
        """Datapoints before the span that a reading from its start has too: it begins with a
        whole bucket of the stream's highest granularity."""
        first = self.span.first
        if first is None or highest_of(self.stream).width_ms == SECOND_MS:
            return 0
        if first * SECOND_MS % highest_of(self.stream).width_ms == 0:
            return 0
        early = replace(self.span, last=first - 1)
        return self._read(limit=0, offset=0, span=early)[0]

    def _read(
        self, *, limit: int, offset: int, span: Span | None = None
    ) -> tuple[int, list[dict[str, Any]]]:
        span = span or self.span
        asked = Selection(
            start=_clipped(span.first),
            end=_clipped(span.last),
            reverse=self.reverse,
            limit=limit,
            offset=offset,
        )
        reading = self.readings.read(self.stream, asked, reader=self.reader)
        return reading.total, reading.points


def _clipped(second: int | None) -> int | None:
    return None if second is None else max(FIRST_S, min(LAST_S, second))


def _text(value: Any) -> str | None:
    """A value of a stream without numbers as text: itself, or its JSON."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
