"""The rows that the pipelines of ``hub.query.series`` give, as times, counts, points and parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.query import ScopedFilter, arranged, series
from hub.query.page import Arrangement
from hub.query.series import Field, Span
from hub.series import rows
from hub.series.levels import SECOND_MS
from hub.series.parts import IntArray, Parts
from hub.series.points import Points
from hub.services.queries import Budgets
from hub.store.datasets.documents import Documents
from hub.values import Document


class FieldRows:
    """One field of the documents that one request sees."""

    def __init__(
        self, documents: Documents, scoped: ScopedFilter, field: Field, budgets: Budgets
    ) -> None:
        self._documents = documents
        self._scoped = scoped
        self._field = field
        self._budgets = budgets

    def end(self, direction: int) -> int | None:
        """The time of the first datapoint, or (-1) the last, ms; None where there is none."""
        found = self._rows(series.end(self._field, direction), self._budgets.find_ms)
        return int(found[0]["at"]) * SECOND_MS if found else None

    def count(self, span: Span) -> int:
        found = self._rows(series.counted(self._field, span), self._budgets.report_ms)
        return int(found[0]["count"]) if found else 0

    def page(self, span: Span, *, skip: int, limit: int, direction: int) -> Points:
        """Some of a span's datapoints, descending if ``direction`` is -1."""
        arrangement = series.listed(self._field, span, skip=skip, limit=limit, direction=direction)
        return _points(self._rows(arrangement, self._budgets.report_ms))

    def points(self, span: Span) -> Points:
        """All of a span's datapoints."""
        return _points(self._rows(series.listed(self._field, span), self._budgets.report_ms))

    def parts(self, span: Span, width_ms: int) -> Parts:
        """The buckets of a width that hold any datapoint of a span."""
        arrangement = series.grouped(self._field, span, width_ms)
        found = self._rows(arrangement, self._budgets.report_ms)
        return rows.parts([row["_id"] * SECOND_MS for row in found], map(_part, found))

    def _rows(self, arrangement: Arrangement, budget_ms: int) -> list[Document]:
        batches = self._documents.batches(
            arranged(self._scoped, arrangement),
            budget_ms=budget_ms,
            size=self._budgets.batch_rows,
        )
        return [row for batch in batches for row in batch.rows]


def _points(found: Sequence[Document]) -> Points:
    at: IntArray = np.array([row["at"] for row in found], np.int64) * SECOND_MS
    return Points(at, [row["v"] for row in found])


def _part(row: Document) -> rows.Row:
    """A group as a row of ``hub.series.rows``."""
    start, count, total, squares = row["_id"], row["count"], row["total"], row["squares"]
    first, last = ((row[name] - start) * SECOND_MS for name in ("first", "last"))
    times = [row["points"], count, row["seconds"], first, last]
    if not count:
        return times
    spread = row["deviation"] * row["deviation"] * count
    whole = isinstance(total, int) and isinstance(squares, int)
    return [*times, total, spread, squares if whole else None, row["low"], row["high"]]
