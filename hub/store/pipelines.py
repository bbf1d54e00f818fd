"""Checked pipelines over any collection; the one place where they are handed to the driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import bson
from pymongo.command_cursor import CommandCursor

from hub.query import BoundedPipeline, ScopedPipeline
from hub.store.client import Mongo, translated
from hub.values import BSON_CODEC, Batch

DOCUMENTS = "documents"
ROWS_AT_ONCE = 100_000
"""More than a page has, so that the server need not be asked whether that was all."""


class Pipelines:
    def __init__(self, mongo: Mongo) -> None:
        self._db = mongo.db

    def batches(
        self,
        query: ScopedPipeline | BoundedPipeline,
        *,
        budget_ms: int,
        size: int,
        hint: Mapping[str, int] | None = None,
    ) -> Iterator[Batch]:
        """Run a query.

        The first batch is fetched before this returns, so that a bad query fails here.

        Args:
            budget_ms: the server's time for the whole cursor, not counting our pauses.
            size: documents in a batch, at most; never more than 16 MiB of them either.
            hint: the keys of the index to use, where the server would choose another.

        Raises:
            OverBudget, RefusedByServer, Unavailable: now, or while iterating.
        """
        name = query.collection if isinstance(query, BoundedPipeline) else DOCUMENTS
        stages = [dict(stage) for stage in query.stages]
        options = _options(budget_ms, size, hint)
        with translated():
            cursor = self._db[name].aggregate_raw_batches(stages, **options)
        return _decoded(cursor)

    def small_batches(
        self, query: BoundedPipeline, *, budget_ms: int, size: int
    ) -> Iterator[Batch]:
        """Run a query whose rows are known to be small: as ``batches``, in less time.

        ``size`` rows are held at once, whatever their bytes, which are not told.
        """
        stages = [dict(stage) for stage in query.stages]
        options = _options(budget_ms, size, None)
        with translated():
            cursor = self._db[query.collection].aggregate(stages, **options)
        return _listed(cursor, size)

    def rows(
        self, query: BoundedPipeline, *, budget_ms: int, hint: Mapping[str, int] | None = None
    ) -> list[dict[str, Any]]:
        """Every row of a small answer; errors as above."""
        with translated(), self._opened(query, budget_ms, hint) as cursor:
            return cursor.to_list()

    def bounded_rows(
        self,
        query: BoundedPipeline,
        *,
        budget_ms: int,
        bytes_max: int,
        hint: Mapping[str, int] | None = None,
    ) -> list[dict[str, Any]] | None:
        """Every row of an answer; None if they are over ``bytes_max`` as BSON.

        What the server gives at once, 16 MiB at most, is not measured. Errors as above.
        """
        with translated(), self._opened(query, budget_ms, hint) as cursor:
            if not cursor.cursor_id:
                return cursor.to_list()
        rows, size = list[dict[str, Any]](), 0
        for batch in self.batches(query, budget_ms=budget_ms, size=ROWS_AT_ONCE, hint=hint):
            rows += batch.rows
            size += batch.size_bytes
            if size > bytes_max:
                return None
        return rows

    def _opened(
        self, query: BoundedPipeline, budget_ms: int, hint: Mapping[str, int] | None
    ) -> CommandCursor[dict[str, Any]]:
        options = _options(budget_ms, ROWS_AT_ONCE, hint)
        stages = [dict(stage) for stage in query.stages]
        return self._db[query.collection].aggregate(stages, **options)


def _options(budget_ms: int, size: int, hint: Mapping[str, int] | None) -> dict[str, Any]:
    index = {} if hint is None else {"hint": dict(hint)}
    return {"maxTimeMS": budget_ms, "allowDiskUse": False, "batchSize": size, **index}


def _decoded(cursor: Any) -> Iterator[Batch]:
    with cursor:
        while True:
            with translated():
                raw = next(cursor, None)
            if raw is None:
                return
            yield Batch(bson.decode_all(raw, BSON_CODEC), len(raw))


def _listed(cursor: CommandCursor[dict[str, Any]], size: int) -> Iterator[Batch]:
    with cursor:
        while True:
            with translated():
                rows = cursor.to_list(size)
            if not rows:
                return
            yield Batch(rows)
