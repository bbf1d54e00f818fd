"""A field of a dataset's documents as a time series, computed from the documents themselves.

What a stream answers from its rollups, this answers by one pipeline over the range that the
page covers: for fields that nobody declared as a stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from hub.query import Limits, guard_filter, series, within
from hub.query.series import Span
from hub.series import shape
from hub.series.grid import Even, Grid, asked_for, finer, grid_of, raw_range
from hub.series.levels import SECOND_MS, SECONDS, level_of
from hub.series.names import STORED_TIMES, STORED_VALUES
from hub.series.parts import IntArray, Parts, grouped
from hub.series.selection import Selection
from hub.services import scopes
from hub.services.field_rows import FieldRows
from hub.services.permits import Permits
from hub.services.queries import Budgets
from hub.services.raw_columns import RawColumns
from hub.services.streams.reading.readings import Reading
from hub.store.datasets.documents import Documents
from hub.values import Principal, Stream

WHOLE_MS = 2**53
"""Wider than any bucket: documents have no finer level by whose buckets times could be told."""
AS_STREAM = Stream(
    id=0,
    uuid="",
    name="",
    tags={},
    value_type="numeric",
    highest=SECONDS.name,
    value_downsamplers=STORED_VALUES,
    time_downsamplers=STORED_TIMES,
    public=False,
    late="keep",
    created=datetime(1970, 1, 1, tzinfo=UTC),
    widths=(),
)
"""What every field has in common with a stream: type, highest granularity, downsamplers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Datapoints of a field, as they are asked for.

    ``field`` is the query string's own text, ``filter`` parsed JSON. ``points`` and ``draw`` of
    the selection are not looked at.
    """

    dataset: str
    field: str
    filter: Any
    selection: Selection


@dataclass(frozen=True, slots=True)
class FieldReading:
    """A page, and the times of the field's earliest and latest datapoint, ms; None without any."""

    page: Reading
    earliest: int | None
    latest: int | None


class Series:
    def __init__(
        self,
        documents: Documents,
        permits: Permits,
        limits: Limits,
        budgets: Budgets,
        raw_points_max: int,
    ) -> None:
        self._documents = documents
        self._permits = permits
        self._limits = limits
        self._budgets = budgets
        self._raw_points_max = raw_points_max

    def read(self, principal: Principal, asked: Asked) -> FieldReading:
        """One page of datapoints.

        Raises:
            BadParameter: the field is no path; or a downsampler would need more documents than
                one request may read.
            BadQuery, Forbidden: the filter holds what is not allowed (or not to this key).
            OverBudget, TooMany, Unavailable: as a query says.
        """
        field = series.guard_field(asked.field, self._limits)
        analyst = scopes.ANALYZE in principal.scopes
        checked = guard_filter(asked.filter, limits=self._limits, analyst=analyst)
        scoped = within(asked.dataset, checked)
        release = self._permits.take(principal.key_id, heavy=True)
        try:
            rows = FieldRows(self._documents, scoped, field, self._budgets)
            return _Reader(rows, asked.selection, self._raw_points_max).reading()
        finally:
            release()


class _Reader:
    """One request."""

    def __init__(self, rows: FieldRows, asked: Selection, raw_points_max: int) -> None:
        self._rows = rows
        self._asked = asked
        self._raw_points_max = raw_points_max

    def reading(self) -> FieldReading:
        name = self._asked.granularity or SECONDS.name
        earliest, latest = self._rows.end(1), self._rows.end(-1)
        if earliest is None or latest is None:
            return FieldReading(Reading(0, self._asked.limit, name), None, None)
        read = self._raw if level_of(name) is SECONDS else self._downsampled
        return FieldReading(read(name, earliest, latest), earliest, latest)

    def _raw(self, name: str, earliest: int, latest: int) -> Reading:
        asked = self._asked
        lo, hi = raw_range(SECONDS, asked)
        span = Span(max(lo, earliest), min(hi, latest + SECOND_MS))
        found: list[shape.Datapoint] = []
        if span.lo < span.hi and asked.limit:
            direction = -1 if asked.reverse else 1
            points = self._rows.page(
                span, skip=asked.offset, limit=asked.limit, direction=direction
            )
            found = shape.raw(points)
        return Reading(self._total(span, len(found)), asked.limit, name, found)

    def _total(self, span: Span, found: int) -> int:
        """How many datapoints a span has; a page that is not full tells it by itself."""
        asked = self._asked
        if span.lo >= span.hi:
            return 0
        if found < asked.limit and (found or not asked.offset):
            return asked.offset + found
        return self._rows.count(span)

    def _downsampled(self, name: str, earliest: int, latest: int) -> Reading:
        asked = self._asked
        run = asked_for(grid_of(name, asked.tz), asked, earliest, latest)
        page = run.page(asked.offset, asked.limit, reverse=asked.reverse)
        if not len(page):
            return Reading(len(run), asked.limit, name)
        edges = page.edges()
        span = Span(int(edges[0]), int(edges[-1]))
        parts = self._parts(page.grid, edges, span)
        raw = RawColumns(lambda: self._rows.points(span), edges, parts, self._raw_points_max)
        found = shape.downsampled(
            parts,
            shape.Frame(edges[:-1], edges[1:], WHOLE_MS, earliest, latest),
            asked.value_downsamplers or STORED_VALUES,
            asked.time_downsamplers or STORED_TIMES,
            raw.column,
        )
        return Reading(len(run), asked.limit, name, found[::-1] if asked.reverse else found)

    def _parts(self, grid: Grid, edges: IntArray, span: Span) -> Parts:
        if isinstance(grid, Even):
            return self._rows.parts(span, grid.level.width_ms)
        fine = self._rows.parts(span, finer(edges).width_ms)
        starts = edges[np.searchsorted(edges, fine.at, side="right") - 1]
        return grouped(fine, starts, cut=False)[0]
